"""Agreement against its slow twins."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.reference import consensus as slow

from histoloop.annotations.agreement import accuracy, cohen, dice, disagreement, tally
from histoloop.annotations.consensus import METHODS
from histoloop.annotations.consensus_votes import UNSAID, Votes
from histoloop.annotations.simulated_crowd import ADVERSARIAL, CARELESS, CROWD, crowd

NAMES = ("a", "b", "c", "d")
SHAPE = (4, 5)
crowds = arrays.arrays(
    np.uint8, (4, *SHAPE), elements=st.sampled_from([0, 1, 2, 3, 1, 2, 255])
).filter(lambda masks: not np.isin(masks, UNSAID).all())


def tallied(masks, method="majority"):
    votes = Votes.of(zip(NAMES, masks, strict=False))
    return tally(votes, 3, method, [1.0] * len(masks))


def figures(counts):
    return [cohen(counts), accuracy(counts), *(dice(counts, index) for index in range(3))]


def slow_figures(one, other):
    known = ~np.isin(one, UNSAID) & ~np.isin(other, UNSAID)
    same = float((one == other)[known].mean()) if known.any() else math.nan
    return [slow.cohen(one, other), same, *(slow.dice(one, other, code) for code in (1, 2, 3))]


@given(crowds)
def test_pairs_and_all_together_are_their_slow_twins(masks):
    found = tallied(masks)
    for (one, other), (a, b) in zip(combinations(NAMES, 2), combinations(range(4), 2), strict=True):
        expected = slow_figures(masks[a], masks[b])
        assert figures(found.pairs[one, other]) == pytest.approx(expected, nan_ok=True)
    pixels = slow.by_pixel(masks)
    assert found.unison.kappa == pytest.approx(slow.fleiss(pixels), nan_ok=True)
    for code, one in enumerate(found.by_class, start=1):
        binary = [[s if s in UNSAID else 1 + (s == code) for s in said] for said in pixels]
        assert one.kappa == pytest.approx(slow.fleiss(binary), nan_ok=True)


@given(crowds)
def test_each_is_held_against_what_the_others_say(masks):
    found = tallied(masks)
    for at, name in enumerate(NAMES):
        rest = [mask for other, mask in enumerate(masks) if other != at]
        truth = np.zeros(SHAPE, np.uint8)
        for place, said in zip(np.ndindex(SHAPE), slow.by_pixel(rest), strict=True):
            shares = slow.majority(said) if any(s not in UNSAID for s in said) else {0: 1.0}
            best = [code for code, share in shares.items() if share == max(shares.values())]
            truth[place] = best[0] if len(best) == 1 else 255
        expected = slow_figures(truth, masks[at])
        assert figures(found.against[name]) == pytest.approx(expected, nan_ok=True)


@given(crowds, crowds)
def test_regions_add_up(one, other):
    both = tallied(np.concatenate([one, other], axis=1))
    added = tallied(one) + tallied(other)
    for pair, counts in both.pairs.items():
        assert (added.pairs[pair] == counts).all()
    for name, counts in both.against.items():
        assert (added.against[name] == counts).all()
    assert added.unison.kappa == pytest.approx(both.unison.kappa, nan_ok=True)


def test_regions_of_different_people_add_up_too():
    mask = np.array([[1, 2, 3]], np.uint8)
    one = tally(Votes.of([("a", mask), ("b", mask)]), 3, "majority", [1, 1])
    other = tally(Votes.of([("b", mask), ("c", mask)]), 3, "majority", [1, 1])
    total = one + other
    assert set(total.pairs) == {("a", "b"), ("b", "c")}
    assert total.against["b"].sum() == 6
    assert total.against["a"].sum() == 3
    assert total.unison.kappa == 1


def test_known_values_of_kappa():
    """Worked out by hand."""
    a = np.array([[1] * 45 + [2] * 15 + [1] * 25 + [2] * 15], np.uint8)
    b = np.array([[1] * 45 + [2] * 15 + [2] * 25 + [1] * 15], np.uint8)
    found = tallied([a, b])
    # Agreement .60; chance .70 × .60 + .30 × .40 = .54.
    assert cohen(found.pairs["a", "b"]) == pytest.approx((0.60 - 0.54) / (1 - 0.54))
    # The same with the shares of both together: .65² + .35² = .545.
    assert found.unison.kappa == pytest.approx((0.60 - 0.545) / (1 - 0.545))


@given(crowds)
def test_disagreement_is_the_share_that_is_not_of_the_commonest_view(masks):
    shown = disagreement(Votes.of(zip(NAMES, masks, strict=True)))
    for place, said in zip(np.ndindex(SHAPE), slow.by_pixel(masks), strict=True):
        votes = [one for one in said if one not in UNSAID]
        expected = 1 - max(slow.majority(votes).values()) if len(votes) > 1 else 0
        assert shown[place] == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_the_bad_ones_agree_least_with_the_rest(method):
    truth = np.repeat(np.repeat(np.array([[1, 2, 1], [3, 1, 2]], np.uint8), 60, 0), 60, 1)
    votes = Votes.of(crowd(truth, 0))
    found = tally(votes, 3, method, [3, 2, 1, 1, 1, 1, 1])
    figures = {name: accuracy(counts) for name, counts in found.against.items()}
    assert set(sorted(figures, key=figures.__getitem__)[:2]) == {CARELESS, ADVERSARIAL}
    assert len(figures) == len(CROWD)
