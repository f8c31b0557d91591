"""One answer out of several: majority, weighted vote, Dawid–Skene or STAPLE.

All need three annotators at least: of two, nobody can say who is right. What a consensus was
made by stays with it: method, version, parameters, and how well each annotator did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.consensus_em import (
    ROUNDS,
    Estimate,
    confusion_of,
    dawid_skene,
    judged_of,
    staple,
)
from histoloop.annotations.consensus_votes import Codes, Votes
from histoloop.errors import UsageError

FEWEST = 3
"""Annotators of a region that the methods need."""

CONFLICT = 255
"""Mask code where two classes are equally likely: ignored, it weighs nothing in training."""

Floats = NDArray[np.float64]

_TIE = 1e-9
_NOBODY = 0


@dataclass(frozen=True)
class RaterQuality:
    """How one annotator did, measured against the consensus.

    Attributes:
        confusion: ``(true, said)`` rows sum to 1; NaN for a class that was not to be judged.
        accuracy: share of the labelled pixels that were rightly named.
        balanced: mean over the classes of the share that was rightly named: who leaves out
            a rare class does badly here.
    """

    name: str
    confusion: Floats
    accuracy: float
    balanced: float


@dataclass(frozen=True)
class Consensus:
    """What is held to be true in a region.

    Attributes:
        posterior: ``(answers, classes)`` of ``votes``: probability of each of its codes.
        parameters: what the method was given, and what it says of its own course.
    """

    method: str
    version: int
    votes: Votes
    posterior: Floats
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decided(self) -> NDArray[np.int16]:
        """``(answers,)`` int16 index into the votes' codes; -1: nobody spoke, or it is a tie."""
        best = self.posterior.argmax(axis=1).astype(np.int16)
        best[(self._margin < _TIE) | (self.votes.said == 0)] = -1
        return np.asarray(best, np.int16)

    @property
    def hard(self) -> Codes:
        """``(rows, cols)`` uint8 codes: 0 where nobody spoke, `CONFLICT` where it is a tie."""
        codes = np.asarray([*self.votes.codes, CONFLICT], np.uint8)[self.decided]
        codes[self.votes.said == 0] = _NOBODY
        return np.asarray(codes[self.votes.where], np.uint8)

    @property
    def soft(self) -> NDArray[np.float32]:
        """``(classes, rows, cols)`` float32 in the order of the votes' codes; 0 where unsaid."""
        known = self.posterior * (self.votes.said > 0)[:, None]
        return np.asarray(known.astype(np.float32).T[:, self.votes.where])

    @property
    def weight(self) -> NDArray[np.float32]:
        """``(rows, cols)`` float32 in [0, 1]: how far the likeliest class is ahead of the next.

        0 where nobody spoke and where it is a tie.
        """
        certain = self._margin * (self.votes.said > 0)
        return np.asarray(certain.astype(np.float32)[self.votes.where])

    @cached_property
    def quality(self) -> tuple[RaterQuality, ...]:
        """Of each annotator, in the votes' order."""
        confusion = confusion_of(self.votes, self.posterior)
        judged = judged_of(self.votes, self.posterior)
        found = []
        for name, matrix, pixels in zip(self.votes.raters, confusion, judged, strict=True):
            right = np.diagonal(matrix)
            there = pixels >= 1
            total = pixels.sum()
            found.append(
                RaterQuality(
                    name,
                    np.where(there[:, None], matrix, np.nan),
                    float((right * pixels).sum() / total) if total else np.nan,
                    float(right[there].mean()) if there.any() else np.nan,
                )
            )
        return tuple(found)

    @property
    def ranking(self) -> tuple[str, ...]:
        """Names, the best first, by balanced accuracy."""
        ordered = sorted(self.quality, key=lambda one: (-np.nan_to_num(one.balanced), one.name))
        return tuple(one.name for one in ordered)

    @cached_property
    def _margin(self) -> Floats:
        if len(self.votes.codes) < 2:
            return np.ones(len(self.posterior))
        ordered = np.sort(self.posterior, axis=1)
        return np.asarray(ordered[:, -1] - ordered[:, -2])


def majority(votes: Votes) -> Consensus:
    """Each annotator has one vote."""
    return Consensus("majority", 1, votes, _shares(votes.counts))


def weighted(votes: Votes, weights: Sequence[float]) -> Consensus:
    """Each annotator's vote counts what the table says, a senior's more than a student's."""
    said = {"weights": dict(zip(votes.raters, map(float, weights), strict=True))}
    return Consensus(
        "weighted", 1, votes, _shares(votes.weighted(np.asarray(weights, np.float64))), said
    )


def by_dawid_skene(votes: Votes, rounds: int = ROUNDS) -> Consensus:
    """See `consensus_em.dawid_skene`."""
    return _estimated("dawid-skene", votes, dawid_skene(votes, rounds), rounds)


def by_staple(votes: Votes, rounds: int = ROUNDS) -> Consensus:
    """See `consensus_em.staple`."""
    return _estimated("staple", votes, staple(votes, rounds), rounds)


METHODS: Mapping[str, Callable[[Votes, Sequence[float]], Consensus]] = {
    "majority": lambda votes, _weights: majority(votes),
    "weighted": weighted,
    "dawid-skene": lambda votes, _weights: by_dawid_skene(votes),
    "staple": lambda votes, _weights: by_staple(votes),
}


ESTIMATED = ("dawid-skene", "staple")
"""Those that go on until they have come to rest, or for `ROUNDS`."""


def consensus_of(method: str, votes: Votes, weights: Sequence[float]) -> Consensus:
    """The consensus of a region by a method's name.

    Args:
        weights: of the annotators, in the votes' order; what a weighted vote counts.

    Raises:
        UsageError: there is no such method, or fewer annotators than it needs.
    """
    if method not in METHODS:
        raise UsageError(
            f"consensus {method!r} is not known", hint=f"known methods: {', '.join(METHODS)}"
        )
    if len(votes.raters) < FEWEST:
        raise UsageError(
            f"{method} needs {FEWEST} annotators and there are {len(votes.raters)}",
            hint="of fewer, take the newest reviewed drawing",
        )
    return METHODS[method](votes, weights)


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), _TIE))


def _estimated(method: str, votes: Votes, found: Estimate, rounds: int) -> Consensus:
    course = {"most_rounds": rounds, "rounds": found.rounds, "settled": found.settled}
    return Consensus(method, 1, votes, found.posterior, course)
