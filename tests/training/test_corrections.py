"""A model's layer, what people have made of it, and how the difference is trained on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, drawn, rectangle, write_case

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.errors import DatasetError
from histoloop.geometry import Box
from histoloop.training.augmentation import UNCHANGED
from histoloop.training.patches import CORRECTED, PatchSource
from histoloop.training.samples import Sample, load_split
from histoloop.training.snapshot import corrections_of, read_snapshot, verify
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import SplitPlan

STEM = "TCGA-A2-A0D2-01Z-00-DX1"
BELIEVED = Box(100, 50, 60, 60)
"""What the model takes for tumour: too far right."""


def layer(*boxes, name="mostly_tumor", **more):
    attributes = {"software": "HistoLoop 0", "run": "r1", "model": "m@1", "class": name, **more}
    elements = [rectangle(box, name) for box in boxes]
    return {"annotation": {"name": "layer", "attributes": attributes, "elements": elements}}


@pytest.fixture
def build(tmp_path):
    def run(*layers, out="snapshot"):
        (tmp_path / "codes.csv").write_text(GTCODES)
        codes = read_gtcodes(tmp_path / "codes.csv")
        slides = tmp_path / "slides"
        if not slides.is_dir():
            write_case(slides, STEM)
        (slides / f"{STEM}.json").write_text(json.dumps([*drawn(), *layers]))
        split = SplitPlan(valid=0, test=0)
        request = Request(codes, classes_of(codes, "tumor=1;stroma=2"), split=split)
        source = folder_source(slides)
        return build_snapshot(source, request, tmp_path / out, lambda line: None).snapshot

    return run


def test_what_differs_from_a_models_layer_is_kept(build, tmp_path):
    (roi,) = build(layer(BELIEVED)).rois
    path = tmp_path / "snapshot" / corrections_of(roi)
    expected = np.zeros((ROI.height, ROI.width), bool)
    for box in (TUMOR, BELIEVED):
        expected[box.within(ROI)] ^= True
    assert ((np.asarray(Image.open(path)) == 255) == expected).all()
    assert roi.corrected == expected.sum()
    assert len(roi.predictions) == 1
    mask = np.asarray(Image.open(tmp_path / "snapshot/train/masks" / f"{roi.name}.png"))
    assert (mask == 1).sum() == TUMOR.area


def test_an_empty_layer_says_nowhere_and_one_of_an_unknown_class_says_nothing(build):
    (roi,) = build(layer()).rois
    assert roi.corrected == TUMOR.area
    (roi,) = build(layer(BELIEVED, name="strange"), out="strange").rois
    assert (roi.corrected, roi.corrections_digest) == (0, "")
    (roi,) = build(layer(BELIEVED, annotator="dora"), out="persons").rois
    assert roi.corrections_digest == ""


def test_another_layer_is_another_snapshot_and_a_changed_correction_is_found_out(build, tmp_path):
    one, other = build(layer(BELIEVED)), build(layer(TUMOR), out="other")
    assert one.digest != other.digest
    assert other.rois[0].corrected == 0
    folder = tmp_path / "snapshot"
    path = folder / corrections_of(one.rois[0])
    path.chmod(0o644)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match="is not what the snapshot"):
        verify(folder, read_snapshot(folder))


def test_corrected_pixels_weigh_more_and_ignored_ones_nothing(build, tmp_path):
    build(layer(BELIEVED))
    (sample,) = load_split(tmp_path / "snapshot", "train", 0.5)
    assert sample.corrected.shape == sample.truth.shape
    truth = np.ones((64, 64), np.uint8)
    truth[:10] = 255
    fixed = np.zeros((64, 64), np.uint8)
    fixed[5:20] = 255
    picture = np.zeros((64, 64, 3), np.uint8)
    one = Sample("a", "a", picture, truth, "", corrected=fixed)
    _, _, weight = PatchSource([one], 1, 64, 1, 0, UNCHANGED).batch_at(0)
    rows = weight[0, :, :, 0]
    assert (rows[:10] == 0).all()
    assert (rows[10:20] == CORRECTED).all()
    assert (rows[20:] == 1).all()
