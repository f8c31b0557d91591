"""`dataset agreement` as it is typed, on slides that a made-up crowd has annotated."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import (
    GTCODES,
    ROI,
    TUMOR,
    document,
    drawn,
    rectangle,
    write_case,
)
from tests.support.typed import run

from histoloop.annotations.files import read_documents
from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.annotations.roi_mask import paint, read_drawing
from histoloop.annotations.simulated_crowd import ADVERSARIAL, CARELESS, CROWD, document_of, draw_as
from histoloop.errors import HistoloopError
from histoloop.geometry import Box

TRUTH = np.full((ROI.height, ROI.width), 2, np.uint8)
TRUTH[TUMOR.within(ROI)] = 1


@pytest.fixture
def report(tmp_path, gtcodes):
    """Writes slides' documents and the report; gives the run's result and the report."""
    slides, out = tmp_path / "slides", tmp_path / "agreement"

    def make(cases, *words):
        for stem, documents in cases.items():
            write_case(slides, stem, documents, seed=len(stem))
        said = run(
            "dataset", "agreement", "--source", slides, "--gtcodes", gtcodes, "--out", out, *words
        )
        return said, json.loads((out / "report.json").read_text()), out

    return make


def crowd_of(gtcodes, seed):
    codes = read_gtcodes(gtcodes)
    return [document_of(one, draw_as(one, TRUTH, seed), codes, ROI) for one in CROWD]


def test_a_crowd_over_two_slides(report, gtcodes, tmp_path):
    cases = {"one": crowd_of(gtcodes, 1), "second": crowd_of(gtcodes, 2), "alone": drawn()}
    said, found, out = report(cases, "--consensus", "staple")
    assert len(found["rois"]) == 2
    assert found["alone"] == 1
    assert len(found["pairs"]) == 21
    assert all(one["pixels"] == 2 * ROI.area for one in found["pairs"])
    ranked = [one["name"] for one in found["annotators"]]
    assert set(ranked[-2:]) == {CARELESS, ADVERSARIAL}
    assert found["annotators"][0]["rois"] == 2
    assert {one["role"] for one in found["annotators"]} == {"senior", "junior", "student"}
    ceiling = found["ceiling"]["mostly_tumor"]
    assert ceiling["people"] == 7
    assert ceiling["lowest"] < ceiling["dice"] < ceiling["highest"]
    assert found["ceiling"]["exclude"]["dice"] is None
    assert f"mostly_tumor: people reach Dice {ceiling['dice']:.3f}" in said.stdout

    with (out / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 21 * 3
    assert {row["roi"] for row in rows} == {"all", *(roi["name"] for roi in found["rois"])}
    with (out / "annotators.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 7 * 3

    page = (out / "index.html").read_text()
    assert "Human ceiling" in page
    for roi in found["rois"]:
        assert f"rois/{roi['name']}.png" in page
        shown = np.asarray(Image.open(out / "rois" / f"{roi['name']}.png"))
        assert shown.shape == (ROI.height, 2 * ROI.width + 8, 3)


def test_the_disputed_places_are_a_layer_that_can_be_pushed_and_is_never_truth(
    report, gtcodes, tmp_path
):
    """Of three annotators one has missed the tumour: there, and only there, they differ."""
    roi = rectangle(ROI, "roi")
    three = [
        document(roi, rectangle(TUMOR, "mostly_tumor"), who="anna"),
        document(roi, rectangle(TUMOR, "mostly_tumor"), who="bert"),
        document(roi, who="carl"),
    ]
    _, found, out = report({"one": three})
    (layer,) = read_documents(out / "disagreement" / "one.json")
    assert layer["attributes"]["annotators"] == ["anna", "bert", "carl"]
    codes = tmp_path / "other.csv"
    codes.write_text(GTCODES.replace("exclude", "disagreement"))
    drawing = read_drawing([*drawn(), layer], read_gtcodes(codes))
    (place,) = (one for one in drawing.areas if one.group == "disagreement")
    mask = paint(drawing.rois[0], [place], 0, ROI)
    assert (mask > 0).sum() == pytest.approx(TUMOR.area, rel=0.05)
    assert (mask > 0)[TUMOR.within(ROI)].mean() > 0.95
    assert found["rois"][0]["disputed"] == pytest.approx(TUMOR.area / ROI.area)
    shown = np.asarray(Image.open(next((out / "rois").iterdir()))).astype(int)
    changed = np.abs(shown[:, : ROI.width] - shown[:, -ROI.width :]).sum(axis=2) > 0
    assert changed[TUMOR.within(ROI)].all()
    assert changed.sum() == TUMOR.area

    slides = tmp_path / "slides"
    (slides / "one.json").write_text(json.dumps([*three, layer]))
    _, again, _ = report({})
    assert again == found


def test_classes_roles_and_models(report, tmp_path):
    table = tmp_path / "annotators.csv"
    table.write_text("annotator,role\nanna,senior\nunet,model\n")
    roi = rectangle(ROI, "roi")
    half = Box(TUMOR.x, TUMOR.y, TUMOR.width // 2, TUMOR.height)
    documents = [
        document(roi, rectangle(TUMOR, "mostly_tumor"), who="anna"),
        document(roi, rectangle(TUMOR, "mostly_tumor"), who="bert"),
        document(roi, rectangle(half, "mostly_tumor"), who="unet"),
    ]
    words = ("--annotators", table, "--classes", "tumor=1")
    _, found, _ = report({"one": documents}, *words)
    assert [one["name"] for one in found["classes"]] == ["tumor", "none of these"]
    roles = {one["name"]: one["role"] for one in found["annotators"]}
    assert roles == {"anna": "senior", "bert": "unknown", "unet": "model"}
    pairs = {(one["one"], one["other"]): one for one in found["pairs"]}
    assert pairs["anna", "bert"]["dice"]["tumor"] == 1
    assert pairs["anna", "bert"]["cohen_kappa"] == 1
    assert pairs["anna", "unet"]["dice"]["tumor"] == pytest.approx(2 / 3)
    # A person's others are one person and the model: where they differ, nothing is said.
    assert found["ceiling"]["tumor"]["people"] == 2


def test_names_are_only_ever_text(report):
    roi = rectangle(ROI, "roi")
    bad = "<script>alert(1)</script>"
    _, found, out = report({"one": [document(roi, who=bad), document(roi, who="bert")]})
    assert bad in {one["name"] for one in found["annotators"]}
    assert "<script" not in (out / "index.html").read_text()


def test_what_cannot_be_compared_is_said(report):
    with pytest.raises(HistoloopError, match=r"no ROI has two annotators.*annotator"):
        report({"one": drawn()})
    with pytest.raises(HistoloopError, match=r"'newest' is no vote.*majority"):
        report({"one": drawn()}, "--consensus", "newest")
