"""Figures of agreement between a prediction and the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Overlap:
    """Pixels of one class: in both, in the prediction, in the truth; and all that are known.

    What is not defined is NaN: the sensitivity for a class that is not there.
    """

    shared: int
    predicted: int
    true: int
    known: int

    @property
    def dice(self) -> float:
        """2·|A∩B| / (|A|+|B|); 1 where both are empty."""
        total = self.predicted + self.true
        return 2 * self.shared / total if total else 1.0

    @property
    def iou(self) -> float:
        """|A∩B| / |A∪B|; 1 where both are empty."""
        union = self.predicted + self.true - self.shared
        return self.shared / union if union else 1.0

    @property
    def accuracy(self) -> float:
        """Share of the known pixels that are rightly in or out."""
        wrong = self.predicted + self.true - 2 * self.shared
        return 1 - wrong / self.known if self.known else math.nan

    @property
    def sensitivity(self) -> float:
        """Share of the true pixels that were found (recall)."""
        return self.shared / self.true if self.true else math.nan

    @property
    def specificity(self) -> float:
        """Share of the other pixels that were left alone."""
        others = self.known - self.true
        return 1 - (self.predicted - self.shared) / others if others else math.nan

    @property
    def absent(self) -> bool:
        """Neither true nor predicted anywhere: there is nothing to judge."""
        return not self.predicted + self.true

    def __add__(self, other: Overlap) -> Overlap:
        """Of two pictures together ("pooled")."""
        return Overlap(
            self.shared + other.shared,
            self.predicted + other.predicted,
            self.true + other.true,
            self.known + other.known,
        )


def overlap(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], known: NDArray[np.bool_]
) -> Overlap:
    """Count a class, over the pixels whose truth is known only."""
    return Overlap(
        int(np.count_nonzero(predicted & true & known)),
        int(np.count_nonzero(predicted & known)),
        int(np.count_nonzero(true & known)),
        int(np.count_nonzero(known)),
    )
