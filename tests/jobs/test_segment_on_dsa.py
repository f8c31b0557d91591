"""`histoloop segment` on slides of a real Digital Slide Archive, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tifffile

COMMAND = Path(sys.executable).with_name("histoloop")
NAME = "TCGA-A2-A0D2-DX1"


def histoloop(*arguments: str | Path, key: str = "") -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if key:
        named = next(str(one) for one in arguments if str(one).startswith("http"))
        environment |= {"HISTOLOOP_DSA_KEY": key, "HISTOLOOP_DSA": named}
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=300, env=environment
    )


@pytest.fixture(scope="module")
def key(dsa):
    return dsa.api_key("annotator")


@pytest.fixture(scope="module")
def address(dsa, dsa_slides):
    """As a browser shows it."""
    return f"{dsa.stack.histomics_url}#?image={dsa_slides[NAME]}"


@pytest.fixture(scope="module")
def runs(dsa, dsa_slides, bcss, home, key, address, tmp_path_factory):
    """Result folders of the item, pushed, and of the file that was uploaded to it."""
    out = tmp_path_factory.mktemp("runs")
    remote = histoloop("segment", address, "--out", out / "dsa", "--home", home, "--push", key=key)
    assert remote.returncode == 0, remote.stderr
    local = histoloop("segment", bcss[NAME], "--out", out / "file", "--home", home)
    assert local.returncode == 0, local.stderr
    assert key not in remote.stdout + remote.stderr
    return out / "dsa" / NAME, out / "file" / NAME


def pushed(dsa, item, run):
    """The documents of a run as the server gives them, with their elements."""
    client = dsa.client("reader")
    found = client.get("annotation", {"itemId": item, "limit": 0})
    ids = [one["_id"] for one in found if one["annotation"].get("attributes", {}).get("run") == run]
    return [client.get(f"annotation/{id}")["annotation"] for id in ids]


def test_the_item_gives_the_prediction_of_its_file(runs):
    remote, local = (tifffile.imread(folder / "mask.tiff") for folder in runs)
    assert remote.shape == local.shape
    assert (remote == local).mean() >= 0.999
    said, known = (json.loads((folder / "report.json").read_bytes()) for folder in runs)
    for fact in ("fingerprint", "width", "height", "mpp_x", "mpp_y", "mpp_source"):
        assert said["slide"][fact] == known["slide"][fact]
    assert said["classes"] == known["classes"]


def outlines(documents):
    """Rings of all elements, whatever ids and runs surround them."""
    return sorted(
        (element["group"], element["points"], element.get("holes") or [])
        for document in documents
        for element in document["elements"]
        if element["type"] == "polyline"
    )


def test_the_server_has_the_documents_that_the_file_gives_and_they_are_valid(
    dsa, dsa_slides, data, runs
):
    remote, local = (json.loads((folder / "annotation.json").read_bytes()) for folder in runs)
    run = remote[0]["attributes"]["run"]
    stored = pushed(dsa, dsa_slides[NAME], run)
    assert outlines(stored) == outlines(remote) == outlines(local)
    assert any(element.get("holes") for one in stored for element in one["elements"])
    schema = json.loads((data / "annotations/schema/annotation_schema.json").read_text())
    for document in stored:
        jsonschema.validate(document, schema)
        said = document["attributes"]
        assert said["model"].startswith("tumor@")
        assert {"run", "digest", "mpp", "threshold", "software"} <= set(said)


def test_its_mask_is_drawn_from_afar_as_a_pixelmap(dsa, dsa_slides, runs):
    run = json.loads((runs[0] / "report.json").read_bytes())["run"]
    maps = [
        element
        for document in pushed(dsa, dsa_slides[NAME], run)
        for element in document["elements"]
        if element["type"] == "pixelmap"
    ]
    assert len(maps) == 1
    raster = dsa.client("reader").get(f"item/{maps[0]['girderId']}/tiles")
    frame = tifffile.imread(runs[0] / "mask.tiff").shape
    assert (raster["sizeY"], raster["sizeX"]) == frame
    matrix = np.array(maps[0]["transform"]["matrix"])
    assert np.linalg.det(matrix) > 1  # a mask pixel covers several base pixels


def test_a_second_run_stands_beside_the_first_and_replaces_it_only_when_asked(
    dsa, dsa_slides, home, key, address, runs, tmp_path
):
    def runs_there():
        found = dsa.client("reader").get("annotation", {"itemId": dsa_slides[NAME], "limit": 0})
        return {one["annotation"].get("attributes", {}).get("run") for one in found} - {None}

    first = json.loads((runs[0] / "report.json").read_bytes())["run"]
    others = runs_there() - {first}
    drawn = {"name": "mine", "elements": [{"type": "point", "center": [9, 9, 0]}]}
    human = dsa.client("annotator").post(
        "annotation", parameters={"itemId": dsa_slides[NAME]}, json=drawn
    )
    before = dsa.client("admin").get(f"annotation/{human['_id']}")
    options = ("--out", tmp_path, "--home", home, "--roi", "0,0,1500,1200")
    assert histoloop("segment", address, *options, "--push", key=key).returncode == 0
    beside = runs_there() - others
    assert first in beside
    assert len(beside) == 2
    assert histoloop("segment", address, *options, "--replace", key=key).returncode == 0
    instead = runs_there() - others
    assert len(instead) == 1
    assert instead.isdisjoint(beside)
    assert dsa.client("admin").get(f"annotation/{human['_id']}") == before


@pytest.mark.parametrize(
    ("role", "says"),
    [("reader", "no right to annotate"), ("stranger", "access"), (None, "nobody is signed in")],
)
def test_who_may_not_is_told_in_one_line(dsa, dsa_slides, home, address, tmp_path, role, says):
    secret = dsa.api_key(role) if role else ""
    options = ("--out", tmp_path, "--home", home, "--roi", "0,0,900,900", "--push")
    ended = histoloop("segment", address, *options, key=secret)
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if line.startswith("histoloop: ")]
    assert len(lines) == 1
    assert says in lines[0].lower() or says in lines[0]
    assert "(" in lines[0], "and what to do"


def test_pushing_a_file_is_refused_before_anything_is_computed(bcss, tmp_path):
    ended = histoloop("segment", bcss[NAME], "--out", tmp_path / "out", "--push")
    assert ended.returncode == 2
    assert "no archive to push to" in ended.stderr
    assert not (tmp_path / "out").exists()
