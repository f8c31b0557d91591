"""Every metric against its slow twin, and what must not count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.reference import metrics as slow

from histoloop.training.augmentation import IGNORED
from histoloop.training.bootstrap import (
    FEWEST,
    ROUGH,
    Interval,
    dice_interval,
    difference_interval,
    verdict,
)
from histoloop.training.boundary import match_boundaries
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.scoring import score

SHAPE = (7, 9)
codes = arrays.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2, IGNORED]))
answers = arrays.arrays(np.uint8, SHAPE, elements=st.integers(0, 2))
greys = arrays.arrays(np.uint8, (2, *SHAPE), elements=st.integers(0, 255))
tolerances = st.sampled_from([0.0, 1.0, math.sqrt(2), 2.0, 2.5, 5.0])


@given(greys, answers, codes, tolerances)
def test_every_metric_is_its_slow_twin(probabilities, predicted, truth, tolerance):
    found, known = score(probabilities, predicted, truth, tolerance), truth != IGNORED
    for index, one in enumerate(found.classes, start=1):
        mine, true = predicted == index, truth == index
        grey = probabilities[index - 1]
        expected = slow.figures(mine, true, known) | {
            "boundary_f1": slow.boundary_f1(mine, true, known, tolerance),
            "ece": slow.ece(grey, true, known),
            "cross_entropy": slow.cross_entropy(grey, true, known),
        }
        assert one.figures() == pytest.approx(expected, nan_ok=True, abs=1e-9)
    for true in range(3):
        for mine in range(3):
            count = np.count_nonzero((truth == true) & (predicted == mine))
            assert found.confusion[true, mine] == count


@given(greys, answers, codes)
def test_what_is_predicted_where_nobody_knows_counts_nowhere(probabilities, predicted, truth):
    unknown = truth == IGNORED
    other = score(
        np.where(unknown, 255 - probabilities, probabilities),
        np.where(unknown, 2 - predicted, predicted).astype(np.uint8),
        truth,
        2.0,
    )
    mine = score(probabilities, predicted, truth, 2.0)
    for one, two in zip(mine.classes, other.classes, strict=True):
        assert one.figures() == pytest.approx(two.figures(), nan_ok=True, abs=0)
    assert np.array_equal(mine.confusion, other.confusion)


@given(greys, answers, codes, codes)
def test_pictures_pool_as_if_they_were_one(probabilities, predicted, truth, other):
    """Apart by a strip that nobody knows: their boundaries do not touch."""
    strip = np.full((SHAPE[0], 5), IGNORED, np.uint8)
    nothing = np.zeros((SHAPE[0], 5), np.uint8)
    whole = score(
        np.concatenate([probabilities, np.stack([nothing] * 2), probabilities], axis=2),
        np.concatenate([predicted, nothing, predicted], axis=1),
        np.concatenate([truth, strip, other], axis=1),
        3.0,
    )
    pooled = score(probabilities, predicted, truth, 3.0)
    pooled += score(probabilities, predicted, other, 3.0)
    for one, two in zip(pooled.classes, whole.classes, strict=True):
        assert one.figures() == pytest.approx(two.figures(), nan_ok=True, abs=1e-12)
    assert np.array_equal(pooled.confusion, whole.confusion)


def test_overlaps_count_known_pixels_only():
    predicted = np.array([True, True, False, True])
    true = np.array([True, False, True, True])
    known = np.array([True, True, True, False])
    one = overlap(predicted, true, known)
    assert one == Overlap(1, 2, 2, 3)
    assert (one.dice, one.sensitivity, one.specificity) == (0.5, 0.5, 0.0)
    assert (one.iou, one.accuracy) == pytest.approx((1 / 3, 1 / 3))
    empty = Overlap(0, 0, 0, 4)
    assert empty.dice == empty.iou == empty.accuracy == empty.specificity == 1.0
    assert math.isnan(empty.sensitivity)
    assert empty.absent
    assert one + one == Overlap(2, 4, 4, 6)


def test_a_boundary_that_is_shifted_matches_within_the_tolerance_only():
    true = np.zeros((40, 40), bool)
    true[10:30, 10:30] = True
    shifted, known = np.roll(true, 3, axis=1), np.ones_like(true)
    assert match_boundaries(shifted, true, known, 3.0).f1 == 1.0
    assert match_boundaries(shifted, true, known, 2.9).f1 < 0.7
    assert match_boundaries(np.zeros_like(true), true, known, 99.0).f1 == 0.0
    assert match_boundaries(known, known, known, 0.0).f1 == 1.0


def patients(count, seed=0):
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        shared = int(random.integers(10, 100))
        more = random.integers(1, 60, 2)
        made.append(Overlap(shared, shared + int(more[0]), shared + int(more[1]), 1000))
    return made


@given(st.integers(FEWEST, 14), st.integers(0, 99))
def test_an_interval_is_the_middle_of_the_slow_twin_s_draws(count, seed):
    found = dice_interval(patients(count, seed), seed)
    draws = sorted(slow.dice_draws(patients(count, seed), seed))
    assert found.low == pytest.approx(float(np.percentile(draws, 2.5)))
    assert found.high == pytest.approx(float(np.percentile(draws, 97.5)))
    assert found == dice_interval(patients(count, seed), seed)
    assert ("rough" in found.words) == (count < ROUGH)


def test_an_interval_covers_the_true_dice_about_as_often_as_it_says():
    """40 patients drawn from a population of which the pooled Dice is known."""
    people = patients(4000, seed=1)
    truth = sum(people[1:], people[0]).dice
    random = np.random.default_rng(2)
    hits = 0
    for _ in range(100):
        found = dice_interval([people[i] for i in random.integers(len(people), size=40)])
        hits += found.low <= truth <= found.high
    assert 86 <= hits <= 100


def test_few_patients_get_no_interval_but_words():
    few = dice_interval(patients(FEWEST - 1))
    assert math.isnan(few.low)
    assert "4 patients, too few" in few.words
    assert "1 patient, too few" in dice_interval(patients(1)).words


def test_a_model_is_not_distinguishable_from_itself_and_is_from_a_worse_one():
    mine = patients(12)
    worse = [Overlap(one.shared // 2, one.predicted, one.true, one.known) for one in mine]
    same = difference_interval(mine, mine)
    assert (same.low, same.high) == (0.0, 0.0)
    assert verdict(0.0, same, 30).startswith("not distinguishable on 30 slides of 12 patients")
    apart = difference_interval(mine, worse)
    assert apart.low > 0.1
    assert verdict(0.2, apart, 30).startswith("better on 30 slides of 12 patients (Dice +0.200")
    assert verdict(-0.2, Interval(-0.3, -0.1, 12), 30).startswith("worse on")
    two = difference_interval(mine[:2], worse[:2])
    assert verdict(0.2, two, 2) == (
        "not distinguishable on 2 slides of 2 patients: too few patients (Dice +0.200)"
    )
