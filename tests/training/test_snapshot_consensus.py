"""Several annotators of one ROI: whose word counts in a snapshot, and what stays of the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case

from histoloop.annotations.annotators import Annotator, Role, Roster
from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.annotations.simulated_crowd import ADVERSARIAL, CARELESS, CROWD, document_of, draw_as
from histoloop.errors import DatasetError, UsageError
from histoloop.geometry import Box
from histoloop.training.augmentation import IGNORED
from histoloop.training.samples import load_split
from histoloop.training.snapshot import rater_masks_of
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_consensus import ConsensusPlan
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import SplitPlan

STEM = "TCGA-A2-A0D2-01Z-00-DX1"
EXCLUDE = Box(100, 100, 30, 20)


@pytest.fixture
def codes(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text(GTCODES)
    return read_gtcodes(path)


@pytest.fixture
def build(tmp_path, codes):
    """Builds from documents; gives the snapshot, its mask and each annotator's own."""

    def run(documents, out="snapshot", **how):
        slides = tmp_path / "slides"
        if not slides.is_dir():
            write_case(slides, STEM)
        (slides / f"{STEM}.json").write_text(json.dumps(documents))
        request = Request(
            codes,
            classes_of(codes, "tumor=1;stroma=2"),
            consensus=ConsensusPlan(**how),
            split=SplitPlan(valid=0, test=0),
        )
        folder = tmp_path / out
        snapshot = build_snapshot(
            folder_source(slides), request, folder, lambda line: None
        ).snapshot
        (roi,) = snapshot.rois
        mask = read(folder / "train/masks" / f"{roi.name}.png")
        own = {
            rater.annotator: read(folder / rater_masks_of(roi) / f"{number:02d}.png")
            for number, rater in enumerate(roi.raters)
        }
        return snapshot, mask, own

    return run


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def painted(*areas: tuple[Box, int], fill: int = 2) -> np.ndarray:
    """Over the ROI's box."""
    mask = np.full((ROI.height, ROI.width), fill, np.uint8)
    for box, code in areas:
        mask[box.within(ROI)] = code
    return mask


def by(who: str, *elements, **more):
    return document(rectangle(ROI, "roi"), *elements, who=who, **more)


THREE = [
    by("anna", rectangle(TUMOR, "mostly_tumor")),
    by("bert", rectangle(Box(70, 50, 80, 60), "mostly_tumor")),
    by("carl", rectangle(EXCLUDE, "exclude")),
]


def test_a_majority_decides_and_everybodys_mask_is_kept(build):
    snapshot, mask, own = build(THREE, method="majority")
    both = TUMOR.intersect(Box(70, 50, 80, 60))
    assert (mask == painted((both, 1))).sum() >= mask.size - EXCLUDE.area
    assert (own["anna"] == painted((TUMOR, 1))).all()
    assert (own["carl"] == painted((EXCLUDE, 7))).all()
    (roi,) = snapshot.rois
    assert roi.consensus == "majority"
    assert not snapshot.complaints
    assert [one.annotator for one in roi.raters] == ["anna", "bert", "carl"]
    assert all(one.everything for one in roi.raters)
    assert roi.raters[0].accuracy > roi.raters[2].accuracy
    said = snapshot.settings["consensus"]
    assert said == {
        "method": "majority",
        "version": 1,
        "parameters": {"fewest": 3, "sure": 0.0},
        "otherwise": "reviewed",
    }


def test_a_conflict_is_ignored_by_the_trainer(build, tmp_path):
    four = [*THREE, by("dora", rectangle(EXCLUDE, "exclude"))]
    _, mask, _ = build(four, method="majority")
    tied = mask == IGNORED
    assert tied.sum() > 0
    (sample,) = load_split(tmp_path / "snapshot", "train", 0.5)
    assert (sample.truth == IGNORED).mean() == pytest.approx(tied.mean(), abs=0.01)
    _, unsure, _ = build(four, "unsure", method="majority", sure=0.6)
    assert (unsure == IGNORED).sum() > tied.sum()


def test_a_senior_outweighs_two_students_in_a_weighted_vote(build):
    roster = Roster({"carl": Annotator("carl", Role.SENIOR, 3.0)})
    snapshot, mask, _ = build(THREE, method="weighted", roster=roster)
    assert (mask == painted((EXCLUDE, 7))).all()
    raters = snapshot.rois[0].raters
    assert [one.role for one in raters] == ["unknown", "unknown", "senior"]
    assert [one.weight for one in raters] == [1, 1, 3]


def test_with_too_few_for_a_vote_the_newest_reviewed_drawing_counts(build):
    older = by("anna", rectangle(TUMOR, "mostly_tumor"), updated="2020-01-01")
    older["annotation"]["attributes"]["reviewed_by"] = "senior"
    newer = by("bert", rectangle(TUMOR, "exclude"), updated="2021-01-01")
    snapshot, mask, own = build([older, newer], method="staple")
    assert (mask == painted((TUMOR, 1))).all()
    assert set(own) == {"anna", "bert"}
    assert snapshot.rois[0].consensus == "reviewed"
    assert snapshot.rois[0].raters[0].accuracy is None
    assert any("labelled by 2, too few for staple: reviewed" in one for one in snapshot.complaints)
    _, mask, _ = build([older, newer], "newest")
    assert (mask == painted((TUMOR, 7))).all()


def test_what_a_senior_draws_lies_over_what_a_student_drew_later(build):
    senior = by("anna", rectangle(TUMOR, "mostly_tumor"), updated="2020-01-01")
    senior["annotation"]["attributes"]["role"] = "Senior"
    student = by("bert", rectangle(TUMOR, "exclude"), updated="2021-01-01")
    _, mask, _ = build([senior, student], method="reviewed")
    assert (mask == painted((TUMOR, 1))).all()


def test_in_an_roi_that_was_outlined_for_all_everybody_has_labelled_everything(build):
    roi = document(rectangle(ROI, "roi"), who="organiser")
    drawn = [
        document(rectangle(TUMOR, "mostly_tumor"), who=who) for who in ("anna", "bert", "carl")
    ]
    snapshot, mask, own = build([roi, *drawn], method="majority")
    assert (mask == painted((TUMOR, 1))).all()
    assert set(own) == {"anna", "bert", "carl"}
    assert snapshot.annotators == ("anna", "bert", "carl", "organiser")


def test_a_correction_in_somebody_elses_roi_says_nothing_of_the_rest(build):
    small = Box(70, 60, 10, 10)
    correction = document(rectangle(small, "mostly_stroma"), who="zoe")
    snapshot, _, own = build([*THREE, correction], method="majority")
    assert (own["zoe"] == painted((small, 2), fill=0)).all()
    assert [one.everything for one in snapshot.rois[0].raters] == [True, True, True, False]


def test_outlines_of_several_people_limit_what_each_has_labelled(build):
    smaller = Box(ROI.x, ROI.y, ROI.width - 40, ROI.height)
    own_roi = document(rectangle(smaller, "roi"), who="dora")
    _, _, own = build([*THREE, own_roi], method="majority")
    assert (own["dora"] == painted((Box(smaller.right, ROI.y, 40, ROI.height), 0))).all()


@pytest.mark.parametrize("method", ["dawid-skene", "staple"])
def test_the_careless_and_the_adversarial_are_known_in_the_manifest(build, codes, method):
    truth = painted((TUMOR, 1), (EXCLUDE, 7))
    documents = [document_of(one, draw_as(one, truth, 3), codes, ROI) for one in CROWD]
    documents = [{"annotation": one} for one in documents]
    snapshot, mask, own = build(documents, method=method)
    assert len(own) == 7
    ranked = sorted(snapshot.rois[0].raters, key=lambda one: one.balanced)
    assert {one.annotator for one in ranked[:2]} == {CARELESS, ADVERSARIAL}
    median = np.median([(one == truth).mean() for one in own.values()])
    assert (mask == truth).mean() > median
    assert {one.role for one in ranked} == {"senior", "junior", "student"}


def test_an_annotators_mask_that_somebody_changed_is_found_out(build, tmp_path):
    build(THREE, method="majority")
    path = next((tmp_path / "snapshot/train/raters").glob("*/01.png"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(DatasetError, match=r"01.png.*is not what"):
        build(THREE, method="majority")


def test_another_certainty_method_or_weight_is_another_snapshot(build):
    roster = Roster({"carl": Annotator("carl", Role.SENIOR, 2.5)})
    ways = [
        {"method": "majority"},
        {"method": "majority", "sure": 0.5},
        {"method": "weighted"},
        {"method": "weighted", "roster": roster},
        {"method": "staple"},
    ]
    digests = {build(THREE, str(at), **way)[0].inputs for at, way in enumerate(ways)}
    assert len(digests) == len(ways)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(
        UsageError, match=r"'best' is not known.*newest, reviewed, majority.*staple"
    ):
        ConsensusPlan("best")
    with pytest.raises(UsageError, match="certainty of 1"):
        ConsensusPlan("majority", sure=1.0)
