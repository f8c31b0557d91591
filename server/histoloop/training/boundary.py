"""How well outlines lie on each other: boundary F1 (Csurka et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BoundaryMatch:
    """Boundary pixels of the prediction and of the truth, and how many found a partner.

    A partner is a boundary pixel of the other within the tolerance.
    """

    predicted_matched: int
    predicted: int
    true_matched: int
    true: int

    @property
    def f1(self) -> float:
        """Harmonic mean of both shares; 1 without any boundary, 0 if only one side has one."""
        if not (self.predicted and self.true):
            return 0.0 if self.predicted or self.true else 1.0
        precision = self.predicted_matched / self.predicted
        recall = self.true_matched / self.true
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def __add__(self, other: BoundaryMatch) -> BoundaryMatch:
        """Of two pictures together."""
        return BoundaryMatch(
            self.predicted_matched + other.predicted_matched,
            self.predicted + other.predicted,
            self.true_matched + other.true_matched,
            self.true + other.true,
        )


def match_boundaries(predicted: Mask, true: Mask, known: Mask, tolerance: float) -> BoundaryMatch:
    """Compare the outlines of two ``(rows, cols)`` masks where the truth is known.

    Args:
        tolerance: largest distance between centres of boundary pixels, px.
    """
    mine, theirs = boundary(predicted, known), boundary(true, known)
    return BoundaryMatch(
        _near(mine, theirs, tolerance),
        int(np.count_nonzero(mine)),
        _near(theirs, mine, tolerance),
        int(np.count_nonzero(theirs)),
    )


def boundary(mask: Mask, known: Mask) -> Mask:
    """Pixels of the mask with a known pixel beside them (of four) that is not of it.

    Neither the picture's edge nor that of what is known is an outline.
    """
    outside = np.pad(known & ~mask, 1)
    beside = outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:]
    return np.asarray(mask & known & beside)


_ROUNDING = 1e-4
"""Less than any two distances on a grid of 4,000 px differ."""


def _near(pixels: Mask, others: Mask, tolerance: float) -> int:
    """How many pixels lie within the tolerance of one of the others."""
    if not others.any():
        return 0
    empty = np.asarray(~others, np.uint8)
    distance = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return int(np.count_nonzero(distance[pixels] <= tolerance + _ROUNDING))
