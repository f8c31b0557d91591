"""Who has labelled what of a snapshot, as pictures of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED
from histoloop.training.crowd_data import labelled_pixels, load_crowd
from histoloop.training.patches import PatchSource, annotators_of
from histoloop.training.samples import load_split
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import SplitPlan

ROI_SHAPE = rectangle(ROI, "roi")
TUMOR_SHAPE = rectangle(TUMOR, "mostly_tumor")


def snapshot(folder: Path, **slides) -> Path:
    """Of slides with documents, all of them to train on."""
    table = folder / "codes.csv"
    table.write_text(GTCODES)
    for seed, (name, documents) in enumerate(slides.items()):
        write_case(folder / "slides", name, documents, seed)
    codes = read_gtcodes(table)
    plan = SplitPlan(valid=0, test=0)
    request = Request(codes, classes_of(codes, "tumor=1"), split=plan, slide_mpp=0.5)
    build_snapshot(folder_source(folder / "slides"), request, folder / "out", lambda line: None)
    return folder / "out"


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """Anna sees a tumour on both slides, bert none on the first, carl has corrected the second."""
    corrected = document(rectangle(TUMOR, "mostly_stroma"), who="carl")
    return snapshot(
        tmp_path_factory.mktemp("two"),
        one=[document(ROI_SHAPE, TUMOR_SHAPE), document(ROI_SHAPE, who="bert")],
        two=[document(ROI_SHAPE, TUMOR_SHAPE), corrected],
    )


def test_a_picture_comes_once_for_each_who_has_labelled_it(two):
    among = load_split(two, "train", 0.5)
    said: list[str] = []
    crowd = load_crowd(two, among, 0.5, say=said.append)
    seen = [(one.name.split("_")[0], one.annotator) for one in crowd]
    assert seen == [("one", "anna"), ("one", "bert"), ("two", "anna"), ("two", "carl")]
    anna, bert, _, carl = crowd
    assert (anna.truth == 1).sum() == TUMOR.area
    assert not bert.truth.any()
    assert (carl.truth == 0).sum() == TUMOR.area
    assert (carl.truth == IGNORED).sum() == ROI.area - TUMOR.area
    assert bert.image is anna.image is among[0].image
    assert anna.digest != bert.digest
    assert labelled_pixels(crowd) == {"anna": 2 * ROI.area, "bert": ROI.area, "carl": TUMOR.area}
    assert labelled_pixels(among) == {}
    assert said == ["3 annotators have labelled 2 pictures, 2.0 of them each"]


def test_only_the_pictures_that_are_trained_on_are_looked_at(two):
    (first, _) = load_split(two, "train", 0.5)
    assert annotators_of(load_crowd(two, [first], 0.5)) == ("anna", "bert")


def test_a_batch_says_who_has_labelled_each_patch(two):
    crowd = load_crowd(two, load_split(two, "train", 0.5), 0.5)
    source = PatchSource(crowd, 1, 32, 50, seed=0)
    assert source.annotators == ("anna", "bert", "carl")
    _, truth, weight, who = source.batch_at(3)
    assert set(who.tolist()) == {0, 1, 2}
    assert not (truth * weight)[who == 1].any()
    assert (truth * weight)[who == 0].any()
    assert np.array_equal(source.batch_at(3)[3], who)
    assert len(PatchSource(load_split(two, "train", 0.5), 1, 32, 2, seed=0).batch_at(0)) == 3


def test_what_is_no_snapshot_does_not_say_who_has_labelled_what(two):
    with pytest.raises(DatasetError, match=r"does not say who has labelled what.*--crowd"):
        load_crowd(two.parent / "slides", [], 0.5)


def test_there_must_be_somebody_to_tell_apart(tmp_path):
    folder = snapshot(tmp_path, one=[document(ROI_SHAPE, TUMOR_SHAPE)])
    with pytest.raises(DatasetError, match="anna alone has labelled what is trained on"):
        load_crowd(folder, load_split(folder, "train", 0.5), 0.5)


def test_a_mask_of_an_annotator_that_is_gone_is_named(tmp_path):
    folder = snapshot(
        tmp_path, one=[document(ROI_SHAPE, TUMOR_SHAPE), document(ROI_SHAPE, who="bert")]
    )
    among = load_split(folder, "train", 0.5)
    (gone,) = folder.glob("train/raters/*/01.png")
    gone.unlink()
    with pytest.raises(DatasetError, match=r"raters/.*/01\.png: no such mask"):
        load_crowd(folder, among, 0.5)
