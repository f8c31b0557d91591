"""Several masks to one: against slow twins, other people's programs, and a crowd that is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.reference import consensus as slow

from histoloop.annotations.consensus import (
    CONFLICT,
    METHODS,
    by_dawid_skene,
    by_staple,
    consensus_of,
    majority,
    weighted,
)
from histoloop.annotations.consensus_em import dawid_skene, staple
from histoloop.annotations.consensus_votes import UNSAID, Votes
from histoloop.errors import AnnotationError, UsageError

NAMES = ("a", "b", "c", "d")
SHAPE = (5, 6)
crowds = arrays.arrays(
    np.uint8, (4, *SHAPE), elements=st.sampled_from([0, 1, 2, 4, 1, 2, 4, 255])
).filter(lambda masks: not np.isin(masks, UNSAID).all())


def votes_of(masks) -> Votes:
    return Votes.of(zip(NAMES, masks, strict=False))


def table() -> dict[str, np.ndarray]:
    """Four annotators of falling skill, some silent here and there; what crowd-kit was given."""
    random = np.random.default_rng(11)
    truth = random.choice(np.array([1, 2, 4], np.uint8), (12, 20), p=[0.5, 0.3, 0.2])
    masks = {}
    for name, wrong, silent in (("a", 0.1, 0.0), ("b", 0.2, 0.1), ("c", 0.35, 0.2), ("d", 0.5, 0)):
        other = random.choice(np.array([1, 2, 4], np.uint8), truth.shape)
        mask = np.where(random.random(truth.shape) < wrong, other, truth)
        masks[name] = np.where(random.random(truth.shape) < silent, 0, mask).astype(np.uint8)
    return masks


@given(crowds)
def test_votes_hold_every_answer_of_every_pixel(masks):
    votes = votes_of(masks)
    codes = np.array([*votes.codes, 0], np.uint8)
    for rater, mask in enumerate(masks):
        said = codes[votes.answers[:, rater]][votes.where]
        assert (said == np.where(np.isin(mask, UNSAID), 0, mask)).all()
    assert votes.pixels.sum() == masks[0].size
    assert votes.counts.sum() == votes.said.sum()


@given(crowds)
def test_a_majority_is_its_slow_twin_and_a_tie_is_a_conflict(masks):
    found = majority(votes_of(masks))
    hard, soft, weight = found.hard.ravel(), found.soft.reshape(len(found.votes.codes), -1), None
    weight = found.weight.ravel()
    for at, said in enumerate(slow.by_pixel(masks)):
        if all(one in UNSAID for one in said):
            assert hard[at] == 0
            assert not soft[:, at].any()
            assert weight[at] == 0
            continue
        shares = slow.majority(said)
        expected = [shares.get(code, 0.0) for code in found.votes.codes]
        assert soft[:, at] == pytest.approx(expected, abs=1e-6)
        ordered = [0.0, *sorted(expected)]
        assert weight[at] == pytest.approx(ordered[-1] - ordered[-2], abs=1e-6)
        best = [code for code, share in shares.items() if share == max(shares.values())]
        assert hard[at] == (best[0] if len(best) == 1 else CONFLICT)


@given(crowds)
def test_dawid_skene_and_staple_are_their_slow_twins(masks):
    votes = votes_of(masks)
    if len(votes.codes) < 2:
        return
    pixels = slow.by_pixel(masks)
    spoken = (votes.said > 0)[votes.where].ravel()
    for fast, twin in ((dawid_skene, slow.dawid_skene), (staple, slow.staple)):
        found = fast(votes, 5)
        belief, confusion = twin(pixels, list(votes.codes), found.rounds)
        mine = found.posterior[votes.where].reshape(-1, len(votes.codes))[spoken]
        assert mine == pytest.approx(np.array(belief), abs=1e-6)
        assert found.confusion == pytest.approx(np.array(confusion), abs=1e-6)


def test_dawid_skene_says_what_crowd_kit_says():
    """crowd-kit 1.4.2, ``DawidSkene(n_iter=200, tol=0)``, on the same table: columns are truths."""
    found = by_dawid_skene(Votes.of(table().items()), 200)
    answer = {
        "a": [
            [0.922421, 0, 0.048999],
            [0.002475, 0.972660, 0.035058],
            [0.075104, 0.02734, 0.91594],
        ],
        "b": [
            [0.865832, 0.064768, 0],
            [0.082444, 0.809011, 0.025237],
            [0.051725, 0.12622, 0.97476],
        ],
        "c": [
            [0.735423, 0.07238, 0.1832],
            [0.145789, 0.84416, 0.06571],
            [0.118788, 0.08347, 0.7511],
        ],
        "d": [
            [0.68916, 0.17382, 0.07883],
            [0.163512, 0.75011, 0.167],
            [0.147326, 0.07606, 0.75417],
        ],
    }
    for one in found.quality:
        theirs = np.array(answer[one.name])
        assert pytest.approx(theirs, abs=2e-5) == one.confusion.T
    soft = found.soft.reshape(3, -1)
    assert soft[:, 8] == pytest.approx([0.11848, 0.01377, 0.86775], abs=2e-5)
    assert soft[:, 99] == pytest.approx([0.00018, 0.99948, 0.00034], abs=2e-5)
    assert soft[:, 17] == pytest.approx([0.00002, 0.99997, 0.00001], abs=2e-5)


def test_staple_says_what_simpleitk_says():
    import SimpleITK

    random = np.random.default_rng(3)
    truth = random.random((20, 30)) < 0.3
    masks = [
        (np.where(random.random(truth.shape) < wrong, ~truth, truth) + 1).astype(np.uint8)
        for wrong in (0.05, 0.1, 0.2, 0.3)
    ]
    itk = SimpleITK.STAPLEImageFilter()
    itk.SetForegroundValue(2)
    itk.SetMaximumIterations(200)
    theirs = SimpleITK.GetArrayFromImage(
        itk.Execute([SimpleITK.GetImageFromArray(m) for m in masks])
    )
    found = by_staple(votes_of(masks))
    assert found.parameters["settled"]
    assert found.soft[1] == pytest.approx(theirs, abs=1e-4)
    matrices = [one.confusion for one in found.quality]
    assert [m[1, 1] for m in matrices] == pytest.approx(itk.GetSensitivity(), abs=1e-4)
    assert [m[0, 0] for m in matrices] == pytest.approx(itk.GetSpecificity(), abs=1e-4)


def test_staple_of_several_classes_says_what_simpleitk_says():
    import SimpleITK

    random = np.random.default_rng(5)
    truth = random.choice(np.array([1, 2, 4], np.uint8), (40, 50), p=[0.5, 0.35, 0.15])
    masks = []
    for wrong in (0.05, 0.1, 0.2, 0.3, 0.3):
        other = random.choice(np.array([1, 2, 4], np.uint8), truth.shape)
        masks.append(np.where(random.random(truth.shape) < wrong, other, truth).astype(np.uint8))
    itk = SimpleITK.MultiLabelSTAPLEImageFilter()
    itk.SetMaximumNumberOfIterations(200)
    itk.SetTerminationUpdateThreshold(1e-7)
    images = [SimpleITK.GetImageFromArray(mask) for mask in masks]
    theirs = SimpleITK.GetArrayFromImage(itk.Execute(images))
    found = Votes.of(zip("abcde", masks, strict=True))
    assert (by_staple(found).hard == theirs).mean() > 0.999


def test_a_weighted_vote_lets_a_senior_overrule_two_students():
    masks = [np.full((1, 1), code, np.uint8) for code in (7, 3, 3)]
    votes = votes_of(masks)
    assert majority(votes).hard == 3
    found = weighted(votes, [3, 1, 1])
    assert found.hard == 7
    assert found.soft[:, 0, 0] == pytest.approx([0.4, 0.6])
    assert found.weight == pytest.approx(0.2)
    assert found.parameters == {"weights": {"a": 3.0, "b": 1.0, "c": 1.0}}
    assert weighted(votes, [2, 1, 1]).hard == CONFLICT


@pytest.mark.parametrize("method", METHODS)
def test_who_agrees_in_everything_is_right_and_says_so(method):
    mask = np.array([[1, 1, 2], [0, 2, 255]], np.uint8)
    found = consensus_of(method, votes_of([mask] * 3), [1, 1, 1])
    assert (found.hard == np.where(mask == 255, 0, mask)).all()
    assert (found.weight == (found.hard > 0)).all()
    for one in found.quality:
        assert (one.accuracy, one.balanced) == (1, 1)
    assert found.method == method
    assert found.version == 1


@pytest.mark.parametrize("method", METHODS)
def test_one_class_alone_is_no_trouble(method):
    found = consensus_of(method, votes_of([np.full((2, 2), 5, np.uint8)] * 3), [1, 1, 1])
    assert (found.hard == 5).all()
    assert (found.weight == 1).all()


@given(crowds, st.sampled_from(sorted(METHODS)))
def test_probabilities_are_some_whatever_was_said(masks, method):
    found = consensus_of(method, votes_of(masks), [3, 2, 1, 1])
    total, spoken = found.soft.sum(axis=0), (found.votes.said > 0)[found.votes.where]
    assert total[spoken] == pytest.approx(1, abs=1e-5)
    assert not total[~spoken].any()
    assert ((found.hard == 0) == ~spoken).all()
    assert set(np.unique(found.hard)) <= {0, *found.votes.codes, CONFLICT}
    for one in found.quality:
        rows = one.confusion.sum(axis=1)
        assert (np.isnan(rows) | (np.abs(rows - 1) < 1e-6)).all()


def test_likelihood_never_falls_from_round_to_round():
    """What expectation and maximisation promise; a mistake in either step breaks it."""
    votes = Votes.of(table().items())

    def likelihood(rounds):
        found = dawid_skene(votes, rounds)
        prior = (found.posterior * votes.pixels[:, None]).sum(axis=0) / votes.pixels.sum()
        total = np.repeat(prior[None], len(votes.answers), axis=0)
        for rater, matrix in enumerate(found.confusion):
            answer = votes.answers[:, rater]
            total[answer >= 0] *= matrix[:, answer[answer >= 0]].T
        return float((np.log(total.sum(axis=1)) * votes.pixels).sum())

    values = [likelihood(rounds) for rounds in range(1, 25)]
    assert all(after >= before - 1e-9 for before, after in pairwise(values))
    assert values[-1] > values[0] + 1


def test_a_class_that_one_was_never_asked_about_is_not_judged():
    masks = [np.array([[1, 1, 2, 2]], np.uint8)] * 3
    masks.append(np.array([[1, 1, 0, 0]], np.uint8))
    last = majority(votes_of(masks)).quality[-1]
    assert last.accuracy == last.balanced == 1
    assert np.isnan(last.confusion[1]).all()


def test_what_makes_no_sense_is_refused():
    mask = np.ones((2, 2), np.uint8)
    with pytest.raises(AnnotationError, match="no annotator to agree"):
        Votes.of([])
    with pytest.raises(AnnotationError, match="a stands there twice"):
        Votes.of([("a", mask), ("a", mask)])
    with pytest.raises(AnnotationError, match=r"mask of b is \(3, 2\) px"):
        Votes.of([("a", mask), ("b", np.ones((2, 3), np.uint8))])
    with pytest.raises(AnnotationError, match="labelled a pixel"):
        Votes.of([("a", mask * 0)])
    with pytest.raises(UsageError, match=r"'best' is not known.*majority"):
        consensus_of("best", votes_of([mask] * 3), [1, 1, 1])
    with pytest.raises(UsageError, match=r"needs 3 annotators and there are 2.*newest"):
        consensus_of("staple", votes_of([mask] * 2), [1, 1])


def test_more_different_answers_than_a_table_holds_are_sorted(monkeypatch):
    masks = list(table().values())
    expected = votes_of(masks)
    monkeypatch.setattr("histoloop.annotations.consensus_votes._LARGEST_TABLE", 100)
    found = votes_of(masks)
    assert (found.where == expected.where).all()
    assert (found.answers == expected.answers).all()
