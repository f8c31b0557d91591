"""Annotations → who agrees with whom, and where they do not: the journey of an agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations import agreement as figures
from histoloop.annotations.agreement import Tally, tally
from histoloop.annotations.annotators import Annotator, Role
from histoloop.annotations.consensus import METHODS
from histoloop.annotations.consensus_votes import UNSAID, Votes
from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.config import Settings
from histoloop.errors import DatasetError, UsageError
from histoloop.jobs.dataset import DatasetParameters, request_of, source_of
from histoloop.training.snapshot import SnapshotClass
from histoloop.training.snapshot_plan import PlannedRoi, Say, plan_snapshot
from histoloop.training.snapshot_split import SplitPlan

REST = "none of these"


@dataclass(frozen=True)
class RoiAgreement:
    """One ROI.

    Attributes:
        disagreement: ``(rows, cols)`` float32, see `agreement.disagreement`.
    """

    planned: PlannedRoi
    raters: tuple[Annotator, ...]
    tally: Tally
    disagreement: NDArray[np.float32]

    @property
    def disputed(self) -> float:
        """Share of the pixels on which not all are of one view."""
        return float((self.disagreement > 0).mean())


@dataclass(frozen=True)
class PersonAgreement:
    """One annotator against what the others hold to be true.

    Attributes:
        mean_dice: over the classes that were named; dice: of each class.
    """

    annotator: Annotator
    rois: int
    mean_dice: float
    dice: tuple[float, ...]
    kappa: float
    accuracy: float


@dataclass(frozen=True)
class Ceiling:
    """How well people agree with the consensus of the others, for one class.

    No model can be shown to do better than ``mean``: its truth is not better known than that.
    """

    mean: float
    lowest: float
    highest: float
    people: int


@dataclass(frozen=True)
class Agreement:
    """What has come out; all ROIs with two annotators at least.

    Attributes:
        parameters: its ``consensus`` is what each annotator is held against, one of `METHODS`.
        alone: ROIs of one annotator, of which nothing can be said.
        complaints: what was left out or odd, a line each.
    """

    parameters: DatasetParameters
    classes: tuple[SnapshotClass, ...]
    rois: tuple[RoiAgreement, ...]
    total: Tally
    alone: int
    complaints: tuple[str, ...]

    @property
    def annotators(self) -> tuple[PersonAgreement, ...]:
        """The one who agrees most with the others first."""
        people = {one.name: one for roi in self.rois for one in roi.raters}
        found = [self._person(people[name]) for name in self.total.against]
        return tuple(
            sorted(found, key=lambda one: (-np.nan_to_num(one.mean_dice), one.annotator.name))
        )

    @property
    def ceilings(self) -> tuple[Ceiling, ...]:
        """The human ceiling of each class; models have no say in it."""
        people = [one for one in self.annotators if one.annotator.role is not Role.MODEL]
        found = []
        for index in range(len(self.classes)):
            values = [one.dice[index] for one in people if not np.isnan(one.dice[index])]
            some = values or [float("nan")]
            found.append(Ceiling(float(np.mean(some)), min(some), max(some), len(values)))
        return tuple(found)

    def _person(self, annotator: Annotator) -> PersonAgreement:
        counts = self.total.against[annotator.name]
        return PersonAgreement(
            annotator,
            sum(annotator in roi.raters for roi in self.rois),
            figures.mean_dice(counts),
            tuple(figures.dice(counts, index) for index in range(len(self.classes))),
            figures.cohen(counts),
            figures.accuracy(counts),
        )


def agree(parameters: DatasetParameters, settings: Settings, say: Say) -> Agreement:
    """Compare what annotators have drawn.

    Raises:
        UsageError: there is no such consensus.
        DatasetError: no ROI has two annotators.
        HistoloopError: see `plan_snapshot`; or a table or the DSA cannot be read.
    """
    p = parameters
    if p.consensus not in METHODS:
        raise UsageError(
            f"consensus {p.consensus!r} is no vote", hint=f"take one of {', '.join(METHODS)}"
        )
    codes = read_gtcodes(p.gtcodes)
    source = source_of(p, settings)
    request = request_of(replace(p, consensus="newest"), codes, SplitPlan(valid=0, test=0))
    plan = plan_snapshot(source, request, say)
    classes, table = _classes(codes, request.classes)
    shared = [one for one in plan.rois if len(one.raters) > 1]
    if not shared:
        raise DatasetError(
            f"{source.name}: no ROI has two annotators",
            hint='who drew a document stands in its attribute "annotator", or in its creator',
        )
    rois = tuple(
        _compare(one, codes.background, table, len(classes), p.consensus) for one in shared
    )
    total = rois[0].tally
    for roi in rois[1:]:
        total += roi.tally
    alone = len(plan.rois) - len(shared)
    return Agreement(parameters, classes, rois, total, alone, plan.complaints)


def _classes(
    codes: GTCodes, asked: Sequence[SnapshotClass]
) -> tuple[tuple[SnapshotClass, ...], NDArray[np.uint8]]:
    """The classes that are compared, and the number, from 1, of each of 256 codes."""
    left = tuple(
        row.code for row in codes.classes if all(row.code not in one.codes for one in asked)
    )
    rest = (SnapshotClass(name=REST, codes=left, color="#808080"),) if left else ()
    classes = (*asked, *rest)
    table = np.zeros(256, np.uint8)
    for number, one in enumerate(classes, start=1):
        table[list(one.codes)] = number
    table[list(UNSAID)] = 0
    return classes, table


def _compare(
    one: PlannedRoi, background: int, table: NDArray[np.uint8], classes: int, method: str
) -> RoiAgreement:
    people = tuple(rater.annotator for rater in one.raters)
    votes = Votes.of(
        (rater.annotator.name, table[rater.mask(one.roi, background, one.box, one.scale)])
        for rater in one.raters
    )
    weights = [who.weight for who in people]
    counted = tally(votes, classes, method, weights)
    return RoiAgreement(one, people, counted, figures.disagreement(votes))
