"""Whether a probability means what it says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""As in Guo et al. 2017, arXiv:1706.04599."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Known pixels by the probability that they were given, and those of them that were true.

    Attributes:
        pixels, true: ``(256,)`` counts, by probability · 255: exact, as runs store 8 bits.
    """

    pixels: Counts
    true: Counts

    @property
    def ece(self) -> float:
        """Expected calibration error over `BINS` equal bins; NaN without pixels."""
        said, happened, weight = self.bins()
        gaps = np.abs(said - happened) * weight
        return float(np.nansum(gaps) / weight.sum()) if weight.sum() else math.nan

    @property
    def cross_entropy(self) -> float:
        """Mean binary cross-entropy, nats; no probability counts as surer than half a step."""
        p = np.clip(np.arange(256) / 255, 1 / 510, 1 - 1 / 510)
        loss = -self.true @ np.log(p) - (self.pixels - self.true) @ np.log(1 - p)
        total = int(self.pixels.sum())
        return float(loss / total) if total else math.nan

    def bins(self) -> tuple[NDArray[np.float64], NDArray[np.float64], Counts]:
        """Per bin, ``(BINS,)`` each: mean probability, share that was true, pixels.

        The first two are NaN in an empty bin.
        """
        value = np.arange(256)
        place = np.minimum(value * BINS // 255, BINS - 1)
        pixels, true, said = (
            np.bincount(place, counts, BINS)
            for counts in (self.pixels, self.true, self.pixels * value / 255)
        )
        with np.errstate(invalid="ignore"):
            return said / pixels, true / pixels, pixels.astype(np.int64)

    def __add__(self, other: Calibration) -> Calibration:
        """Of two pictures together."""
        return Calibration(self.pixels + other.pixels, self.true + other.true)


def calibration(
    probability: NDArray[np.uint8], true: NDArray[np.bool_], known: NDArray[np.bool_]
) -> Calibration:
    """Count a class over the known pixels; ``probability`` is ``(rows, cols)``, · 255."""
    return Calibration(
        np.bincount(probability[known], minlength=256).astype(np.int64),
        np.bincount(probability[known & true], minlength=256).astype(np.int64),
    )
