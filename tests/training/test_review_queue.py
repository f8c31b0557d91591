"""What a review queue asks for, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from histoloop.geometry import Box
from histoloop.training.review_queue import observe, rank

BOX = Box(0, 0, 8, 8)


def region(slide="s", *, answers, grey=128, seed=0):
    """A region of noise around a grey, with one answer for all pixels from each member."""
    noise = np.random.default_rng(seed).integers(-20, 21, (8, 8, 3))
    image = (grey + noise).astype(np.uint8)
    members = np.stack([np.broadcast_to(np.float32(one), (8, 8, len(one))) for one in answers])
    return observe(slide, BOX, image, members)


def names(asked):
    return [one.region.slide for one in asked]


def test_bits_are_those_of_the_answers():
    split = region(answers=[[0.0], [1.0]])
    assert split.uncertainty == pytest.approx(1, abs=1e-3)
    assert split.disagreement == pytest.approx(1, abs=1e-3)
    tossed = region(answers=[[0.5], [0.5]])
    assert tossed.uncertainty == pytest.approx(1)
    assert tossed.disagreement == pytest.approx(0)
    assert region(answers=[[0.0], [0.0]]).uncertainty == pytest.approx(0, abs=1e-3)


def test_shares_are_of_the_classes_and_of_none():
    found = region(answers=[[0.2, 0.1], [0.4, 0.3]])
    assert found.shares == pytest.approx([0.3, 0.2, 0.5])


def test_what_the_answers_differ_about_comes_before_what_they_share():
    pool = [
        region("sure", answers=[[0.01], [0.01]], grey=60),
        region("torn", answers=[[0.1], [0.9]], grey=120),
        region("tossed", answers=[[0.5], [0.5]], grey=200),
    ]
    first, *others = rank(pool, 3)
    assert first.region.slide == "torn"
    assert first.novelty == 1
    assert first.score > max(one.score for one in others)


def test_a_rare_class_comes_before_a_frequent_one():
    frequent = [region(f"f{n}", answers=[[0.4, 0.0], [0.6, 0.0]], seed=n) for n in range(9)]
    rare = region("rare", answers=[[0.0, 0.4], [0.0, 0.6]], seed=9)
    found = rank([*frequent, rare], 1)
    assert names(found) == ["rare"]
    assert found[0].rarity > 1


def test_of_twins_one_comes_before_something_else():
    twins = [region(f"twin{n}", answers=[[0.1], [0.9]], grey=90) for n in range(5)]
    other = region("other", answers=[[0.2], [0.8]], grey=180)
    found = rank([*twins, other], 6)
    assert names(found)[:2] == ["twin0", "other"]
    assert len(found) == 6
    assert found[-1].novelty == pytest.approx(0)


def test_a_queue_is_as_long_as_asked_and_no_longer_than_the_pool():
    pool = [region(str(n), answers=[[0.3], [0.6]], seed=n) for n in range(4)]
    assert len(rank(pool, 2)) == 2
    assert sorted(names(rank(pool, 9))) == ["0", "1", "2", "3"]
    assert rank([], 3) == []
