"""How sure a figure is: patients, not pixels, are drawn again and again (Efron 1979).

Pixels and pictures of one patient are alike; only another patient is another observation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.training.metrics import Overlap

RESAMPLES = 2000
FEWEST = 5
"""Four patients can be drawn in 35 ways only: the ends of an interval would be two of them."""

ROUGH = 10
"""Below, a percentile interval covers the truth clearly less often than it says."""


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of what resampled patients give; NaN where they are too few."""

    low: float
    high: float
    patients: int

    @property
    def known(self) -> bool:
        return not math.isnan(self.low)

    @property
    def words(self) -> str:
        """For people: the interval and how far to trust it."""
        many = f"{self.patients} patient{'s' if self.patients != 1 else ''}"
        if not self.known:
            return f"no interval: {many}, too few to mean anything (at least {FEWEST})"
        said = f"{self.low:.3f} to {self.high:.3f}"
        return f"{said} ({many})" if self.patients >= ROUGH else f"{said} (rough: only {many})"


def dice_interval(patients: Sequence[Overlap], seed: int = 0) -> Interval:
    """Of the pooled Dice of one class; an `Overlap` per patient."""
    return _interval(len(patients), lambda drawn: _dice(patients, drawn), seed)


def difference_interval(
    patients: Sequence[Overlap], others: Sequence[Overlap], seed: int = 0
) -> Interval:
    """Of the first's pooled Dice minus the second's, the same patients drawn for both."""

    def difference(drawn: Draws) -> NDArray[np.float64]:
        return _dice(patients, drawn) - _dice(others, drawn)

    return _interval(len(patients), difference, seed)


def mean_interval(patients: Sequence[Sequence[float]], seed: int = 0) -> Interval:
    """Of the mean over pictures of some figure; the figures of each patient's pictures."""
    sums, counts = (np.array([how(one) for one in patients], float) for how in (sum, len))
    return _interval(
        len(patients), lambda drawn: sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), seed
    )


def verdict(difference: float, interval: Interval, slides: int) -> str:
    """What a paired comparison of ``slides`` pictures allows to say."""
    on = f"on {slides} slide{'s' if slides != 1 else ''} of {interval.patients} patient"
    on += "s" if interval.patients != 1 else ""
    if not interval.known:
        return f"not distinguishable {on}: too few patients (Dice {difference:+.3f})"
    said = f"Dice {difference:+.3f}, 95 % interval {interval.low:+.3f} to {interval.high:+.3f}"
    said += "; rough: few patients" if interval.patients < ROUGH else ""
    if interval.low <= 0 <= interval.high:
        return f"not distinguishable {on} ({said})"
    return f"{'better' if difference > 0 else 'worse'} {on} ({said})"


Draws = NDArray[np.int64]


def _interval(
    patients: int, statistic: Callable[[Draws], NDArray[np.float64]], seed: int
) -> Interval:
    if patients < FEWEST:
        return Interval(math.nan, math.nan, patients)
    drawn = np.random.default_rng(seed).integers(patients, size=(RESAMPLES, patients))
    low, high = np.percentile(statistic(drawn), [2.5, 97.5])
    return Interval(float(low), float(high), patients)


def _dice(patients: Sequence[Overlap], drawn: Draws) -> NDArray[np.float64]:
    """The pooled Dice of each draw, ``(RESAMPLES,)``."""
    shared = np.array([one.shared for one in patients], float)[drawn].sum(axis=1)
    total = np.array([one.predicted + one.true for one in patients], float)[drawn].sum(axis=1)
    return np.where(total > 0, 2 * shared / np.maximum(total, 1), 1.0)
