"""Who agrees with whom: counted per region, added up over regions, then put into figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.consensus import FEWEST, METHODS, Consensus, majority
from histoloop.annotations.consensus_votes import Votes

Counts = NDArray[np.float64]
"""``(classes, classes)`` pixels: what one said down, what the other said across."""


@dataclass(frozen=True)
class Unison:
    """What Fleiss' κ is made of.

    Attributes:
        agreeing: sum over pixels of the share of pairs of annotators that agree.
        pixels: with two answers at least; named: ``(classes,)`` answers given to them.
    """

    agreeing: float
    pixels: float
    named: NDArray[np.float64]

    def __add__(self, other: Unison) -> Unison:
        return Unison(
            self.agreeing + other.agreeing, self.pixels + other.pixels, self.named + other.named
        )

    @property
    def kappa(self) -> float:
        """Fleiss' κ (1971), for any number of answers a pixel; NaN where only one class is."""
        if not self.pixels:
            return math.nan
        shares = self.named / self.named.sum()
        return _beyond_chance(self.agreeing / self.pixels, float(np.square(shares).sum()))


@dataclass(frozen=True)
class Tally:
    """Agreement over one region or several.

    Attributes:
        classes: how many; they are counted from 1 in the masks.
        pairs: by two names in order; against: each annotator (across) against what the others
            hold to be true (down).
        unison: of all; by_class: of each class against all others.
    """

    classes: int
    pairs: Mapping[tuple[str, str], Counts]
    against: Mapping[str, Counts]
    unison: Unison
    by_class: tuple[Unison, ...]

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.classes,
            _added(self.pairs, other.pairs),
            _added(self.against, other.against),
            self.unison + other.unison,
            tuple(a + b for a, b in zip(self.by_class, other.by_class, strict=True)),
        )


def tally(votes: Votes, classes: int, method: str, weights: Sequence[float]) -> Tally:
    """Count a region whose masks hold class numbers from 1.

    Args:
        classes: how many there are, named here or not.
        method: of the consensus that each annotator is held against, without their own voice;
            where fewer than three others are left, their majority.
        weights: of the annotators, in the votes' order.
    """
    return Tally(
        classes,
        {
            (votes.raters[a], votes.raters[b]): _crossed(votes, votes.answers[:, a], b, classes)
            for a, b in combinations(range(len(votes.raters)), 2)
        },
        {
            name: _crossed(votes, _others(votes, at, method, weights), at, classes)
            for at, name in enumerate(votes.raters)
        },
        _unison(votes, _spread(votes, classes)),
        tuple(_unison(votes, _one_against_all(votes, number)) for number in range(1, classes + 1)),
    )


def dice(counts: Counts, index: int) -> float:
    """Of the class with this index; NaN where neither has named it."""
    total = counts[index].sum() + counts[:, index].sum()
    return float(2 * counts[index, index] / total) if total else math.nan


def mean_dice(counts: Counts) -> float:
    """Over the classes that either has named."""
    values = [dice(counts, index) for index in range(len(counts))]
    known = [one for one in values if not math.isnan(one)]
    return float(np.mean(known)) if known else math.nan


def cohen(counts: Counts) -> float:
    """Cohen's κ (1960); NaN where nothing was labelled by both, or only one class."""
    total = counts.sum()
    if not total:
        return math.nan
    chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum() / total**2)
    return _beyond_chance(float(np.trace(counts) / total), chance)


def accuracy(counts: Counts) -> float:
    """Share of the pixels that both have labelled in which they say the same."""
    total = counts.sum()
    return float(np.trace(counts) / total) if total else math.nan


def disagreement(votes: Votes) -> NDArray[np.float32]:
    """``(rows, cols)`` float32: share of a pixel's annotators who are not of the commonest view.

    0 where one alone or nobody has labelled it.
    """
    share = 1 - votes.counts.max(axis=1) / np.maximum(votes.said, 1)
    share[votes.said < 2] = 0
    return np.asarray(share.astype(np.float32)[votes.where])


def _others(votes: Votes, rater: int, method: str, weights: Sequence[float]) -> NDArray[np.int16]:
    """``(answers,)`` index of the class that all others hold to be true, -1 where they do not."""
    rest = [at for at in range(len(votes.raters)) if at != rater]
    some = votes.only(rest)
    if len(rest) < FEWEST:
        return majority(some).decided
    found: Consensus = METHODS[method](some, [weights[at] for at in rest])
    return found.decided


def _crossed(votes: Votes, truth: NDArray[np.int16], rater: int, classes: int) -> Counts:
    said = votes.answers[:, rater]
    both = (said >= 0) & (truth >= 0)
    number = np.asarray(votes.codes) - 1
    table = np.zeros((classes, classes))
    np.add.at(table, (number[truth[both]], number[said[both]]), votes.pixels[both])
    return table


def _spread(votes: Votes, classes: int) -> NDArray[np.float64]:
    """``(answers, classes)`` how many named each."""
    named = np.zeros((len(votes.answers), classes))
    named[:, np.asarray(votes.codes) - 1] = votes.counts
    return named


def _one_against_all(votes: Votes, number: int) -> NDArray[np.float64]:
    own = np.zeros(len(votes.answers))
    if number in votes.codes:
        own = votes.counts[:, votes.codes.index(number)]
    return np.column_stack([own, votes.said - own])


def _unison(votes: Votes, named: NDArray[np.float64]) -> Unison:
    several = votes.said > 1
    answers, pixels = named[several], votes.pixels[several]
    total = votes.said[several]
    agreeing = (answers * (answers - 1)).sum(axis=1) / (total * (total - 1))
    return Unison(
        float((agreeing * pixels).sum()),
        float(pixels.sum()),
        (answers * pixels[:, None]).sum(axis=0),
    )


def _beyond_chance(observed: float, chance: float) -> float:
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


_Key = TypeVar("_Key")


def _added(one: Mapping[_Key, Counts], other: Mapping[_Key, Counts]) -> dict[_Key, Counts]:
    total = dict(one)
    for key, counts in other.items():
        total[key] = total[key] + counts if key in total else counts
    return total
