"""Thousands of damaged files of every kind that people hand over: read, or one clear error each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.support.annotated import GTCODES
from tests.support.experiment import write_config

EACH = 150
SLOWEST_S = 10
COMMAND = Path(sys.executable).with_name("histoloop")

NESTED = "[" * 9000 + "\x1b[2J"


def test_a_damaged_file_is_read_or_said_to_be_and_runs_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzzed_files", str(EACH), "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (lines[-1:], done.stderr[-500:])
    found = [line for line in lines if "said" in line]
    odd = ("unexpected", "unnamed", "unclear", "no way out")
    assert not [one for one in found if one["said"].startswith(odd)], done.stderr[-1500:]
    assert not [one for one in found if one["heard"]], "a file has had something run"
    assert max(one["seconds"] for one in found) < SLOWEST_S
    kinds = defaultdict(list)
    for one in found:
        kinds[one["file"]].append(bool(one["said"]))
    assert len(kinds) >= 19
    for kind, refused in kinds.items():
        assert len(refused) == EACH
        assert 0 < sum(refused) < EACH, f"{kind}: either all or none would prove nothing"


@pytest.mark.parametrize(
    ("name", "content", "arguments"),
    [
        ("train_eval_infer.config", f"[model]\nmodel = {NESTED}\n", ["train", "--config"]),
        ("codes.csv", GTCODES.replace("1,0", NESTED), ["annotations", "rasterize", "--gtcodes"]),
        ("drawn.json", '[{"annotation": ' + NESTED, ["annotations", "convert"]),
    ],
)
def test_the_command_says_so_in_one_line(
    tmp_path: Path, name: str, content: str, arguments: Sequence[str]
) -> None:
    path = tmp_path / name
    path.write_text(content)
    drawn = tmp_path / "fine.json"
    drawn.write_text("[]")
    rest = {
        "train_eval_infer.config": ["--explain"],
        "codes.csv": [drawn, "--out", tmp_path / "mask.png"],
        "drawn.json": [tmp_path / "out.geojson"],
    }[name]
    command = [COMMAND, *arguments, path, *rest]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode in (1, 2), done.stderr
    assert name in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.strip().isprintable()
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 1500


def test_the_command_takes_no_more_of_the_environment_than_makes_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTOLOOP_PORT", "__import__('os').system('touch ran')")
    command = [str(COMMAND), "models", "list", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 2
    assert "HISTOLOOP_PORT" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "ran").exists()


def test_what_an_experiment_says_of_its_network_is_said_to_be_the_file_s(tmp_path: Path) -> None:
    from histoloop.errors import UsageError
    from histoloop.training.experiment_config import read_experiment

    path = write_config(tmp_path, model__activation='"sofa"')
    with pytest.raises(UsageError, match=r"train_eval_infer\.config: .*activation"):
        read_experiment(path, {})
