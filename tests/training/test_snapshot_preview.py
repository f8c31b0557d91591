"""What people are shown of what a trainer sees."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case
from tests.support.pictures import PINK, PURPLE

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.geometry import Box
from histoloop.training import snapshot_preview
from histoloop.training.snapshot import preview_of
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_consensus import ConsensusPlan
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_preview import CONFLICT
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import SplitPlan

STEM = "TCGA-A2-A0D2-01Z-00-DX1"
ALONE = Box(150, 60, 40, 40)
"""What one annotator takes for tumour and two do not."""

DRAWN = Box(90, 130, 60, 40)
STROMA = (255, 125, 0)
"""The colour of the class that is the background, too."""


@pytest.fixture
def shown(tmp_path):
    """Builds a snapshot of three annotators; gives the picture's two panels."""

    def build(roi, *extra):
        (tmp_path / "codes.csv").write_text(GTCODES)
        codes = read_gtcodes(tmp_path / "codes.csv")
        write_case(tmp_path / "slides", STEM)
        drawn = [
            document(roi, rectangle(TUMOR, "mostly_tumor"), *extra, *more, who=who)
            for who, more in {
                "anna": [],
                "bert": [],
                "carl": [rectangle(ALONE, "mostly_tumor")],
            }.items()
        ]
        (tmp_path / "slides" / f"{STEM}.json").write_text(json.dumps(drawn))
        request = Request(
            codes,
            classes_of(codes, "tumor=1;stroma=2"),
            consensus=ConsensusPlan("majority"),
            split=SplitPlan(valid=0, test=0),
        )
        out = tmp_path / "snapshot"
        built = build_snapshot(folder_source(tmp_path / "slides"), request, out, lambda line: None)
        (one,) = built.snapshot.rois
        pixels = np.asarray(Image.open(out / preview_of(one)))
        half = (pixels.shape[1] - 8) // 2
        return pixels[:, :half], pixels[:, half + 8 :]

    return build


def inner(box, by=6):
    return Box(box.x + by, box.y + by, box.width - 2 * by, box.height - 2 * by).within(ROI)


def test_picture_classes_and_conflicts_are_shown_where_they_are(shown):
    picture, taught = shown(rectangle(ROI, "roi"))
    assert picture.shape[:2] == (ROI.height, ROI.width)
    assert (picture[inner(TUMOR)] == PURPLE).all()
    red = taught[inner(TUMOR)].astype(int) - picture[inner(TUMOR)]
    assert (red[..., 0] > 0).all()
    assert (red[..., 2] <= 0).all()
    stripes = (taught == CONFLICT).all(axis=-1)
    assert 0.1 < stripes[inner(ALONE)].mean() < 0.3
    stripes[ALONE.within(ROI)] = False
    assert not stripes.any()


def test_where_nobody_drew_there_are_dots_in_the_background_s_colour(shown):
    picture, taught = shown(rectangle(ROI, "roi"), rectangle(DRAWN, "mostly_stroma"))
    by_rule = Box(ROI.x + 6, ROI.bottom - 40, 60, 30).within(ROI)
    dots = (taught[by_rule] == STROMA).all(axis=-1)
    assert 0.03 < dots.mean() < 0.12
    assert (taught[by_rule][~dots] == picture[by_rule][~dots]).all(), "and no tint"
    assert (taught[inner(DRAWN)] != picture[inner(DRAWN)]).any(axis=-1).all(), "tinted all over"


def test_outside_a_turned_roi_everything_is_pale(shown):
    turned = rectangle(Box(60, 60, 120, 80), "roi", rotation=0.5)
    picture, taught = shown(turned)
    assert (picture[0, 0] == PINK).all()
    assert (taught[0, 0] > 220).all()
    assert (taught[-1, -1] > 220).all()


def test_a_large_mask_is_shown_by_every_second_pixel(shown, monkeypatch):
    monkeypatch.setattr(snapshot_preview, "LONGEST", 120)
    picture, taught = shown(rectangle(ROI, "roi"))
    assert picture.shape == taught.shape == (ROI.height // 2, ROI.width // 2, 3)
