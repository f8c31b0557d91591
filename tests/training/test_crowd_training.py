"""Batches of one annotator at a time, and a network that learns from them whom to believe."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED
from histoloop.training.crowd_loss import Annotators
from histoloop.training.crowd_training import CrowdSource, crowd_step, load_crowd
from histoloop.training.samples import Sample
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import SplitPlan

SIDE = 64


def sample(name: str, truth: np.ndarray) -> Sample:
    """Dark where the truth is 1, whatever the annotator says of it."""
    image = np.where(DARK[..., None], 60, 220).astype(np.uint8).repeat(3, axis=2)
    return Sample(name, name, image, truth.astype(np.uint8), "")


DARK = np.zeros((96, 96), bool)
DARK[20:70, 30:80] = True


def crowd() -> dict[str, list[Sample]]:
    """One who is right, twice as often as one who says the contrary; two know half a picture."""
    half = np.where(np.arange(96)[None, :] < 48, DARK, IGNORED)
    return {
        "right": [sample("a", DARK), sample("b", DARK)],
        "contrary": [sample("c", ~DARK)],
        "half": [sample("d", half)],
    }


def test_a_batch_is_one_annotators_and_each_comes_as_often_as_they_have_labelled():
    source = CrowdSource(crowd(), 1, SIDE, 2, seed=0)
    assert source.annotators == ("contrary", "half", "right")
    seen = [batch[3] for batch in islice(source, 200)]
    shares = np.bincount(seen, minlength=3) / len(seen)
    assert shares == pytest.approx([0.25, 0.25, 0.5], abs=0.1)
    pixels, truth, weight, who = source.batch_at(7)
    again, _, _, same = source.batch_at(7)
    assert who == same
    assert (pixels == again).all()
    assert truth.shape == weight.shape == (2, SIDE, SIDE, 1)


def test_a_network_learns_whom_to_believe():
    import keras

    keras.utils.set_random_seed(0)
    source = CrowdSource(crowd(), 1, SIDE, 2, seed=0)
    network = keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(1, 1, activation="sigmoid")]
    )
    annotators = Annotators(3, 2)
    step = crowd_step(network, annotators, keras.optimizers.Adam(0.05))
    values = [float(step(*batch)) for batch in islice(source, 250)]
    assert np.mean(values[-30:]) < np.mean(values[:30]) / 2
    contrary, half, right = annotators.confusion()
    assert np.diagonal(right).min() > 0.9
    assert np.diagonal(half).min() > 0.9
    assert np.diagonal(contrary).max() < 0.3


def test_a_snapshot_says_who_has_labelled_what(tmp_path):
    slides, table = tmp_path / "slides", tmp_path / "codes.csv"
    table.write_text(GTCODES)
    roi, tumor = rectangle(ROI, "roi"), rectangle(TUMOR, "mostly_tumor")
    write_case(slides, "one", [document(roi, tumor), document(roi, who="bert")])
    write_case(slides, "two", [document(roi, tumor)], seed=1)
    codes = read_gtcodes(table)
    plan = SplitPlan(valid=0, test=0)
    request = Request(codes, classes_of(codes, "tumor=1"), split=plan, slide_mpp=0.5)
    build_snapshot(folder_source(slides), request, tmp_path / "out", lambda line: None)
    crowd = load_crowd(tmp_path / "out", 0.5)
    assert [one.name.split("_")[0] for one in crowd["anna"]] == ["one", "two"]
    (bert,) = crowd["bert"]
    assert not bert.truth.any()
    assert (crowd["anna"][0].truth == 1).sum() == TUMOR.area
    assert bert.image is crowd["anna"][0].image
    with pytest.raises(DatasetError, match="does not say who has labelled what"):
        load_crowd(slides, 0.5)
