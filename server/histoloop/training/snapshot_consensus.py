"""What is true where several people have drawn: drawings in an order, or a vote on masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations import consensus
from histoloop.annotations.annotators import Role, Roster
from histoloop.annotations.consensus import RaterQuality
from histoloop.annotations.consensus_em import ROUNDS
from histoloop.annotations.consensus_votes import Votes
from histoloop.annotations.roi_mask import Area
from histoloop.errors import UsageError
from histoloop.training.augmentation import IGNORED
from histoloop.training.snapshot import SnapshotAnnotation

Masks = Sequence[tuple[str, NDArray[np.uint8]]]

VERSIONS: Mapping[str, int] = {"newest": 1, "reviewed": 1, **dict.fromkeys(consensus.METHODS, 1)}
"""Of each method: changes when its masks do."""

FALLBACK = "reviewed"
"""Of an ROI with fewer annotators than a vote needs."""


@dataclass(frozen=True)
class ConsensusPlan:
    """How one mask is made of several drawings.

    Attributes:
        method: one of `VERSIONS`.
        roster: who is known, for a senior's word and the weights of votes.
        sure: how far the likeliest class has to be ahead of the next, as probabilities, for a
            voted pixel to be taught; others are ignored, as ties always are.

    Raises:
        UsageError: there is no such method, or no such certainty.
    """

    method: str = "newest"
    roster: Roster = field(default_factory=Roster)
    sure: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in VERSIONS:
            raise UsageError(
                f"consensus {self.method!r} is not known",
                hint=f"known methods: {', '.join(VERSIONS)}",
            )
        if not 0 <= self.sure < 1:
            raise UsageError(
                f"a certainty of {self.sure:g} makes no sense", hint="give one in [0, 1)"
            )

    @property
    def voted(self) -> bool:
        return self.method in consensus.METHODS

    def method_for(self, raters: int) -> str:
        """What makes the mask of an ROI that so many people have labelled."""
        return FALLBACK if self.voted and raters < consensus.FEWEST else self.method

    def ordered(self, areas: Sequence[Area], documents: Sequence[SnapshotAnnotation]) -> list[Area]:
        """Areas so that one person's drawing lies over another's, as the method has it."""
        if self.method == "newest":
            return newest(areas, documents)
        return reviewed(areas, documents, self.roster)

    def settings(self) -> dict[str, Any]:
        """As a manifest records it; roles and weights stand with the raters of each ROI."""
        said: dict[str, Any] = {"method": self.method, "version": VERSIONS[self.method]}
        if self.voted:
            parameters = {"fewest": consensus.FEWEST, "sure": self.sure}
            if self.method in consensus.ESTIMATED:
                parameters["most_rounds"] = ROUNDS
            said |= {"parameters": parameters, "otherwise": FALLBACK}
        return said

    def vote(
        self, masks: Masks, weights: Sequence[float]
    ) -> tuple[NDArray[np.uint8], tuple[RaterQuality, ...]]:
        """The mask that annotators' masks of an ROI make, and how each of them did."""
        found = consensus.consensus_of(self.method, Votes.of(masks), weights)
        mask = found.hard
        mask[(mask > 0) & (found.weight < self.sure)] = IGNORED
        return mask, found.quality


def newest(areas: Sequence[Area], documents: Sequence[SnapshotAnnotation]) -> list[Area]:
    """Who drew last in this ROI is on top: a correction is the newest.

    A person's documents are one drawing, in which the overlay order holds: they rank by the
    newest of them. What somebody has not drawn hides nothing of what others have.
    """
    return _ranked(areas, documents, lambda drawn: (0, drawn.updated))


def reviewed(
    areas: Sequence[Area], documents: Sequence[SnapshotAnnotation], roster: Roster
) -> list[Area]:
    """The same, but drawings that were reviewed, or that a senior made, lie over all others.

    The protocol of BCSS (Amgad et al. 2019): what a senior has corrected is the truth.
    """

    def rank(drawn: SnapshotAnnotation) -> tuple[int, str]:
        senior = roster.find(drawn.annotator, drawn.role).role is Role.SENIOR
        return int(senior or bool(drawn.reviewer)), drawn.updated

    return _ranked(areas, documents, rank)


Rank = Callable[[SnapshotAnnotation], tuple[int, str]]


def _ranked(
    areas: Sequence[Area], documents: Sequence[SnapshotAnnotation], rank: Rank
) -> list[Area]:
    best: dict[str, tuple[int, str]] = {}
    for number in {area.document for area in areas}:
        drawn = documents[number]
        best[drawn.annotator] = max(best.get(drawn.annotator, (0, "")), rank(drawn))
    place = {
        annotator: index
        for index, annotator in enumerate(sorted(best, key=lambda who: (best[who], who)))
    }
    return [
        replace(area, order=(place[documents[area.document].annotator], *area.order))
        for area in areas
    ]
