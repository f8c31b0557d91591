"""Nearly all that a model pushes is known to be valid at a glance; that is why bulk is fast."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.plugin.test_bulk import DOCUMENTS, layer, polygon
from tests.support.dsa.provision import Archive

PLUGIN = Path(__file__).parents[2] / "plugin"
SCRIPT = """
import json, sys
from girder_histoloop.screening import certainly_valid
print(json.dumps([certainly_valid(one) for one in json.load(sys.stdin)]))
"""


def screen(archive: Archive, documents: list[object]) -> list[bool]:
    """What the plugin's screening says, in Girder's own Python."""
    python = archive.stack.folder / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", SCRIPT],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PLUGIN), "HOME": str(archive.stack.folder)},
    )
    told: list[bool] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_what_histoloop_pushes_passes(dsa: Archive) -> None:
    names = ["polygons", "holes", "two classes", "no group", "own ids", "user data", "empty"]
    names += ["display", "a long outline"]
    assert screen(dsa, [DOCUMENTS[name] for name in names]) == [True] * len(names)


@pytest.mark.parametrize(
    "document",
    [
        layer(polygon(1, 2, points=[[1, 2, True], [3, 4, 0]])),
        layer(polygon(1, 2, points=[[1, 2], [3, 4]])),
        layer(polygon(1, 2, points=[[1, 2, 0]])),
        layer(polygon(1, 2, holes=[[[1, 2, 0], [3, 4, 0]]])),
        layer(polygon(1, 2, holes={})),
        layer(polygon(1, 2, holes="")),
        layer(polygon(1, 2, points={"0": [1, 2, 3], "1": [4, 5, 6]})),
        layer(polygon(1, 2), polygon(1, 2, fillColor="red")),
        layer(polygon(1, 2, closed=True), polygon(1, 2, closed=1)),
        layer(polygon(1, 2, id="0" * 24), polygon(1, 2, id="0" * 24)),
        layer(polygon(1, 2), unknown=1),
        layer(polygon(1, 2, _private=1)),
        layer(polygon(2**53, 2)),
        layer({"type": "arrow", "points": [[0, 0, 0], [1, 1, 0]]}),
        {"name": "no elements"},
        [],
        None,
    ],
)
def test_what_the_host_must_judge_does_not_pass(dsa: Archive, document: object) -> None:
    assert screen(dsa, [document]) == [False]
