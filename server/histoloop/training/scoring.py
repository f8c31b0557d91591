"""A predicted picture against its truth, in counts that add up over pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.tiling.stitching import Probabilities
from histoloop.training.augmentation import IGNORED
from histoloop.training.boundary import BoundaryMatch, match_boundaries
from histoloop.training.calibration import Calibration, calibration
from histoloop.training.metrics import Overlap, overlap

Labels = NDArray[np.uint8]
"""``(rows, cols)`` class index from 1, 0 for none; in a truth `IGNORED` where nobody knows."""


@dataclass(frozen=True)
class ClassScore:
    """One class; `+` pools two pictures."""

    overlap: Overlap
    boundary: BoundaryMatch
    calibration: Calibration

    def figures(self) -> dict[str, float]:
        """Every metric by name; NaN where one is not defined."""
        one = self.overlap
        return {
            "dice": one.dice,
            "iou": one.iou,
            "accuracy": one.accuracy,
            "sensitivity": one.sensitivity,
            "specificity": one.specificity,
            "boundary_f1": self.boundary.f1,
            "ece": self.calibration.ece,
            "cross_entropy": self.calibration.cross_entropy,
        }

    def __add__(self, other: ClassScore) -> ClassScore:
        return ClassScore(
            self.overlap + other.overlap,
            self.boundary + other.boundary,
            self.calibration + other.calibration,
        )


@dataclass(frozen=True, eq=False)
class Score:
    """All classes.

    Attributes:
        confusion: ``(classes + 1, classes + 1)`` known pixels by true (row) and predicted
            (column) class; index 0 is "none".
    """

    classes: tuple[ClassScore, ...]
    confusion: NDArray[np.int64]

    def __add__(self, other: Score) -> Score:
        pairs = zip(self.classes, other.classes, strict=True)
        return Score(tuple(a + b for a, b in pairs), self.confusion + other.confusion)


def score(
    probabilities: Probabilities, predicted: Labels, truth: Labels, tolerance: float
) -> Score:
    """Judge a picture where its truth is known.

    Args:
        tolerance: of boundaries, px.
    """
    known = truth != IGNORED
    classes = tuple(
        ClassScore(
            overlap(predicted == index, truth == index, known),
            match_boundaries(predicted == index, truth == index, known, tolerance),
            calibration(probability, truth == index, known),
        )
        for index, probability in enumerate(probabilities, start=1)
    )
    return Score(classes, confusion(predicted, truth, len(classes)))


def confusion(predicted: Labels, truth: Labels, classes: int) -> NDArray[Any]:
    """``(classes + 1, classes + 1)`` known pixels: rows are true, columns predicted."""
    known, side = truth != IGNORED, classes + 1
    pairs = truth[known].astype(np.int64) * side + predicted[known]
    return np.bincount(pairs, minlength=side * side).reshape(side, side)
