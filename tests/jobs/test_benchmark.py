"""What segmenting costs beside the bare model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_model import save_tiny_model
from tests.support.typed import run

from histoloop.errors import RegionError
from histoloop.geometry import Mpp, Size
from histoloop.jobs.report import STAGES
from histoloop.slides.pyramid import write_pyramid


def test_rounds_take_turns_and_are_told(plain_slide: Path, tmp_path: Path, home: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    before = set(tmp_path.iterdir())
    how = ("--model", tmp_path / "tiny", "--home", home, "--rounds", 2)
    said = run("benchmark", plain_slide, *how, "--out", tmp_path / "found.json")
    assert set(tmp_path.iterdir()) == before | {tmp_path / "found.json"}, "no run is left behind"
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["tiles"] == found["report"]["tiles"]["run"] > 0
    assert len(found["bare"]) == len(found["whole"]) == 2
    ratios = sorted(
        whole["wall"] / bare["wall"]
        for whole, bare in zip(found["whole"], found["bare"], strict=True)
    )
    assert found["overhead"]["wall"] == pytest.approx(ratios)
    assert set(found["seconds"]) == {*STAGES, "total"}
    assert "round 2 of 2" in said.stderr
    assert f"{found['tiles']} tiles of 96 px at 2 µm/px" in said.stdout


def test_without_tissue_there_is_nothing_to_measure(tmp_path: Path, home: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    glass = np.full((600, 800, 3), 245, np.uint8)
    write_pyramid(tmp_path / "glass.tiff", Size(800, 600), Mpp.square(0.5), [glass])
    with pytest.raises(RegionError, match="no tissue"):
        run("benchmark", tmp_path / "glass.tiff", "--model", tmp_path / "tiny", "--home", home)
