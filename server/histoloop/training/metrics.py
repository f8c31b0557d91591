"""Figures of agreement between a prediction and the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Overlap:
    """Pixels of one class: in both, in the prediction, in the truth."""

    shared: int
    predicted: int
    true: int

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

    def __add__(self, other: Overlap) -> Overlap:
        """Of two pictures together ("pooled")."""
        return Overlap(
            self.shared + other.shared, self.predicted + other.predicted, self.true + other.true
        )


def overlap(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], known: NDArray[np.bool_]
) -> Overlap:
    """Count a class, over the pixels whose truth is known only."""
    return Overlap(
        int(np.count_nonzero(predicted & true & known)),
        int(np.count_nonzero(predicted & known)),
        int(np.count_nonzero(true & known)),
    )
