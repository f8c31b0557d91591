"""`dataset review` as it is typed: a queue, its rectangles, and what becomes of their labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import (
    ROI,
    document,
    rectangle,
    write_case,
    write_slide,
)
from tests.support.tiny_model import save_tiny_model
from tests.support.typed import run

from histoloop.annotations.files import read_documents
from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.annotations.roi_mask import read_drawing
from histoloop.errors import HistoloopError
from histoloop.geometry import Box
from histoloop.training.snapshot import read_snapshot

ONE, TWO = "TCGA-A2-A0D1-01Z-00-DX1", "TCGA-A2-A0D2-01Z-00-DX1"


@pytest.fixture
def slides(tmp_path) -> Path:
    """Two, on one of which somebody has drawn, and a broken one."""
    folder = tmp_path / "slides"
    write_case(folder, ONE, seed=1)
    write_slide(folder / f"{TWO}.tiff", seed=2)
    (folder / "broken.tiff").write_bytes(b"II*\0")
    return folder


@pytest.fixture
def review(tmp_path, slides, gtcodes):
    save_tiny_model(tmp_path / "model", mpp=1.0)
    words = ("--source", slides, "--gtcodes", gtcodes, "--model", tmp_path / "model", "--tta", 4)

    def ask(*more, out="queue"):
        said = run("dataset", "review", *words, "--out", tmp_path / out, *more)
        return said, tmp_path / out

    return ask


def test_the_queue_names_regions_that_nobody_has_outlined(review, gtcodes):
    said, out = review("--most", 3)
    assert "broken.tiff: left out" in said.stderr
    found = json.loads((out / "queue.json").read_text())
    assert len(found["queue"]) == 3 <= found["regions"]
    for number, one in enumerate(found["queue"], start=1):
        box = Box(*one["box"])
        assert not box.empty
        assert one["slide"] != f"{ONE}.tiff" or box.intersect(ROI).empty
        assert one["score"] == pytest.approx(
            one["uncertainty"] * one["disagreement"] * one["rarity"]
        )
        assert sum(one["expected"].values()) == pytest.approx(1)
        assert Image.open(out / "pictures" / f"{number:03d}.png").height > 8
    assert found["queue"][0]["novelty"] == 1
    assert "pictures/003.png" in (out / "index.html").read_text()


def test_a_rectangle_covers_its_region_and_names_its_place(review, gtcodes):
    _, out = review("--most", 50)
    found = json.loads((out / "queue.json").read_text())["queue"]
    codes = read_gtcodes(gtcodes)
    for path in (out / "rois").iterdir():
        (one,) = read_documents(path)
        places = [place for place in found if Path(place["slide"]).stem == path.stem]
        drawing = read_drawing([one], codes)
        assert not drawing.complaints
        assert [list(roi.box) for roi in drawing.rois] == [place["box"] for place in places]
        numbers = [element["label"]["value"] for element in one["elements"]]
        assert numbers == [f"review {found.index(place) + 1}" for place in places]


def test_a_region_counts_when_somebody_has_drawn_in_it_and_is_not_asked_for_again(
    review, slides, gtcodes, tmp_path
):
    _, out = review("--most", 50)
    (asked,) = read_documents(out / "rois" / f"{TWO}.json")
    words = ("--source", slides, "--gtcodes", gtcodes, "--classes", "tumor=1;stroma=2")
    (slides / f"{TWO}.json").write_text(json.dumps([asked]))
    said = run("dataset", "build", *words, "--out", tmp_path / "before")
    assert f"{len(asked['elements'])} ROI(s) of the review queue wait" in said.stderr
    first = read_drawing([asked], read_gtcodes(gtcodes)).rois[0].box
    inside = Box(first.x + 5, first.y + 5, 20, 20)
    answer = document(rectangle(inside, "mostly_tumor"), who="dora")
    (slides / f"{TWO}.json").write_text(json.dumps([asked, answer]))
    run("dataset", "build", *words, "--out", tmp_path / "after")
    before, after = (read_snapshot(tmp_path / name) for name in ("before", "after"))
    assert len(after.rois) == len(before.rois) + 1
    (new,) = [roi for roi in after.rois if roi.name.startswith(TWO)]
    assert new.box == first
    assert [one.annotator for one in new.raters] == ["dora"]
    mask = np.asarray(Image.open(tmp_path / "after" / new.split / "masks" / f"{new.name}.png"))
    assert (mask == 1).sum() == inside.area
    assert (mask == 2).sum() == mask.size - inside.area
    _, again = review("--most", 50, out="again")
    boxes = [one["box"] for one in json.loads((again / "queue.json").read_text())["queue"]]
    waiting = [roi.box for roi in read_drawing([asked], read_gtcodes(gtcodes)).rois[1:]]
    assert list(first) not in boxes
    assert all(list(one) in boxes for one in waiting if one.intersect(first).empty), (
        "what only waits is asked for again"
    )


def test_what_makes_no_queue_says_why(review):
    with pytest.raises(HistoloopError, match="--push"):
        review("--push")
    with pytest.raises(HistoloopError, match="no regions"):
        review("--most", 0)
    with pytest.raises(HistoloopError, match="tta 1"):
        review("--tta", 1)
