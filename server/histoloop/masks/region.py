"""The connected region of one class around a point, in bounded time however large it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box
from histoloop.masks.labels import LabelClass, labels, margin
from histoloop.masks.mask import Mask
from histoloop.masks.trace import trace
from histoloop.tiling.stitching import Probabilities

_HALVES: Final = (256, 1024)
"""Half sides of the windows that are searched, pixels of a level; the last one on every level."""


@dataclass(frozen=True)
class Region:
    """What is connected to a point.

    Attributes:
        probability: mean over the region, 0 to 1.
        mpp: µm per pixel at which it was measured; larger regions are measured more coarsely.
        outline: in base pixels, the largest piece.
    """

    label: LabelClass
    area_mm2: float
    probability: float
    mpp: float
    outline: Polygon | None


def region_at(mask: Mask, x: float, y: float, threshold: float) -> Region | None:
    """The region of a class at a point in base pixels; `None` where there is no class.

    Args:
        threshold: that a class must reach.
    """
    found = None
    for level, half in _windows(mask):
        step = 2**level
        column = int(x / mask.frame.scale.x / step)
        row = int(y / mask.frame.scale.y / step)
        full = Box(0, 0, mask.levels[level].shape[2], mask.levels[level].shape[1])
        window = Box(column - half, row - half, 2 * half, 2 * half).intersect(full)
        if not (window.x <= column < window.right and window.y <= row < window.bottom):
            return None
        values = mask.read(window, level)
        codes = labels(values, mask.frame.classes, threshold)
        code = codes[row - window.y, column - window.x]
        if code == 0:  # averaged away on a coarser level
            return found
        _, pieces = cv2.connectedComponents((codes == code).astype(np.uint8), connectivity=4)
        part = pieces == pieces[row - window.y, column - window.x]
        found = _region(mask, level, window, values, part, int(code), threshold)
        if not _goes_on(part, window, full):
            return found
    return found


def _windows(mask: Mask) -> Iterator[tuple[int, int]]:
    """Level and half side: first more of the finest level, then coarser ones."""
    for half in _HALVES:
        yield 0, half
    for level in range(1, len(mask.levels)):
        yield level, _HALVES[-1]


def _goes_on(part: NDArray[np.bool_], window: Box, full: Box) -> bool:
    """Whether a part may continue beyond its window."""
    return bool(
        (window.x > full.x and part[:, 0].any())
        or (window.y > full.y and part[0].any())
        or (window.right < full.right and part[:, -1].any())
        or (window.bottom < full.bottom and part[-1].any())
    )


def _region(
    mask: Mask,
    level: int,
    window: Box,
    values: Probabilities,
    part: NDArray[np.bool_],
    code: int,
    threshold: float,
) -> Region:
    channel = next(at for at, one in enumerate(mask.frame.classes) if one.code == code)
    mpp = mask.frame.mpp * 2**level
    field = np.where(part, margin(values, channel, threshold), np.int16(-1))
    outlines = trace(partial(_crop, field, window), window)
    scale = (mask.frame.scale.x * 2**level, mask.frame.scale.y * 2**level)
    largest = max(outlines, key=lambda one: one.area, default=None)
    placed = largest and shapely.transform(largest, lambda points: np.round(points * scale, 1))
    return Region(
        mask.frame.classes[channel],
        float(np.count_nonzero(part)) * mpp**2 / 1e6,
        float(values[channel][part].mean()) / 255,
        mpp,
        placed,
    )


def _crop(field: NDArray[np.int16], window: Box, box: Box) -> NDArray[np.int16]:
    return np.asarray(field[box.within(window)])
