"""From probabilities to one label per pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import UsageError
from histoloop.tiling.stitching import Probabilities


@dataclass(frozen=True)
class LabelClass:
    """A tissue class.

    Attributes:
        name: its GT-code group.
        code: its value in label masks; 0 means "none of the classes".
        color: ``#rrggbb``.
    """

    name: str
    code: int
    color: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green, blue, 0–255."""
        red, green, blue = bytes.fromhex(self.color.removeprefix("#"))
        return red, green, blue


def margin(probabilities: Probabilities, channel: int, threshold: float) -> NDArray[np.int16]:
    """How clearly a class holds: positive where its label is given, never 0.

    A pixel belongs to a class that reaches the threshold and that no other class exceeds; of
    two equal ones the first. The figure is twice the distance in grey values, so that its
    zero line runs between stored values and no pixel lies on it.
    """
    doubled = probabilities.astype(np.int16) * 2
    own = doubled[channel]
    above = own - (2 * grey(threshold) - 1)
    for other in range(len(doubled)):
        if other != channel:
            tie = 1 if channel < other else -1
            above = np.minimum(above, own - doubled[other] + tie)
    return np.asarray(above, np.int16)


def labels(
    probabilities: Probabilities, classes: tuple[LabelClass, ...], threshold: float
) -> NDArray[np.uint8]:
    """``(rows, cols)`` uint8 class codes, 0 where no class reaches the threshold."""
    least = np.maximum(probabilities.max(axis=0), grey(threshold))
    codes = np.zeros(least.shape, np.uint8)
    for channel, one in reversed(list(enumerate(classes))):  # of two equal ones the first stays
        np.copyto(codes, one.code, where=probabilities[channel] == least)
    return codes


def uncertainty(probabilities: Probabilities) -> NDArray[np.uint8]:
    """``(rows, cols)`` uint8: 255 where the best answer is a coin's toss, 0 where it is sure."""
    best = probabilities.max(axis=0).astype(np.int16)
    return np.asarray(255 - np.abs(2 * best - 255), np.uint8)


def grey(threshold: float) -> int:
    """The smallest stored value that reaches a threshold.

    Raises:
        UsageError: the threshold is no probability.
    """
    if not 0.0 < threshold <= 1.0:
        raise UsageError(
            f"threshold {threshold:g} is out of range", hint="give a probability in (0, 1]"
        )
    return max(1, int(np.ceil(threshold * 255 - 1e-9)))
