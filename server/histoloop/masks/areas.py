"""How much of a slide each class covers at any threshold, and how far that hangs on the threshold.

The measure of uncertainty is a plain one: the areas at thresholds 0.1 lower and higher. It says
how many pixels the model was undecided about. It is no confidence interval: of what a model is
surely wrong about, it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.masks.labels import grey
from histoloop.masks.mask import Mask

STEP: Final = 0.1
"""How far the threshold is moved either way."""

_MOST: Final = 60_000_000
"""Stored values that are counted: a second of work."""

_BAND: Final = 1024


@dataclass(frozen=True)
class Span:
    """An area in mm², and what it would be at a stricter and at a looser threshold."""

    mm2: float
    low: float
    high: float


@dataclass(frozen=True)
class Tally:
    """Pixels by the class that they are likeliest of and by its probability.

    Attributes:
        counts: ``(classes, 256)`` int64.
        mpp: µm per pixel of the level that was counted.
    """

    counts: NDArray[np.int64]
    mpp: float

    def mm2(self, channel: int, threshold: float) -> float:
        """The area of a class where it is the likeliest and reaches the threshold."""
        return float(self.counts[channel, grey(threshold) :].sum()) * self.mpp**2 / 1e6

    def span(self, channel: int, threshold: float) -> Span:
        """The area, and those at thresholds `STEP` higher and lower, within 0.01 and 1."""
        stricter, looser = min(1.0, threshold + STEP), max(0.01, threshold - STEP)
        return Span(*(self.mm2(channel, at) for at in (threshold, stricter, looser)))


def tally(mask: Mask) -> Tally:
    """Count the finest level that is not too large; exactly `report.json`'s areas if all fits."""
    sizes = [one.shape[0] * one.shape[1] * one.shape[2] for one in mask.levels]
    level = next((at for at, size in enumerate(sizes) if size <= _MOST), len(sizes) - 1)
    classes, rows, columns = mask.levels[level].shape
    counts = np.zeros((classes, 256), np.int64)
    for top in range(0, rows, _BAND):
        values = mask.read(Box(0, top, columns, min(_BAND, rows - top)), level)
        best, first = values.max(axis=0), values.argmax(axis=0)
        for channel in range(classes):
            counts[channel] += np.bincount(best[first == channel], minlength=256)
    return Tally(counts, mask.frame.mpp * 2**level)
