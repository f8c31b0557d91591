"""Where there is tissue, so that glass is not computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box, Mpp, Scale
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, Slide, known_mpp

Channel = NDArray[Any]
"""``(rows, cols)``, uint8 or float32."""

MPP = 8.0
"""µm/px at which tissue is looked for: a nucleus is a pixel, 25 mm are 3125."""

MARGIN_UM = 64.0
"""Kept around tissue: an edge is never computed without its surroundings."""

_BAND = 256
"""Rows looked at together: a large slide has 100 MB of them, and ten times that as numbers."""

_SPECK_UM2 = 5_000.0
_FAINT_DENSITY = 0.06
_FAINT_CHROMA = 14


@dataclass(frozen=True)
class TissueMask:
    """Tissue over a slide, at about `MPP`.

    Attributes:
        tissue: ``(rows, cols)`` bool, what looks like tissue.
        cover: the same with `MARGIN_UM` around it, what is worth computing.
        scale: base pixels per mask pixel.
    """

    tissue: NDArray[np.bool_]
    cover: NDArray[np.bool_]
    scale: Scale

    def share(self, base: Box) -> float:
        """Tissue as a share of a base box, 0–1."""
        return float(self._within(self.tissue, base).mean())

    def touches(self, base: Box) -> bool:
        """Whether a base box has anything worth computing."""
        return bool(self._within(self.cover, base).any())

    def _within(self, mask: NDArray[np.bool_], base: Box) -> NDArray[np.bool_]:
        whole = Box(0, 0, *mask.shape[::-1])
        return mask[self.scale.to_level(base).intersect(whole).within(whole)]


def find_tissue(slide: Slide) -> TissueMask:
    """Look for everything that is not glass: pale tissue and fat too, but no ink.

    Raises:
        MissingScaleError: the slide's scale is unknown.
        SlideError: the slide cannot be decoded.
    """
    base = known_mpp(slide)
    coarse = Mpp.square(max(MPP, base.x, base.y))
    scale = Scale.between(base, coarse)
    found = _found(read(slide, Box.of(scale.size(slide.size)), scale))
    joined = cv2.morphologyEx(found, cv2.MORPH_CLOSE, _disc(48.0 / coarse.x))
    tissue = _without_specks(np.asarray(joined, np.uint8), _SPECK_UM2 / coarse.x**2)
    cover = cv2.dilate(tissue, _disc(MARGIN_UM / coarse.x))
    return TissueMask(tissue.astype(bool), cover.astype(bool), scale)


def _found(pixels: Pixels) -> NDArray[np.uint8]:
    """1 where there is something on the glass that is not ink."""
    smooth = np.asarray(cv2.medianBlur(pixels, 3), np.uint8)
    white = _white(smooth)
    bands = [smooth[top : top + _BAND] for top in range(0, len(smooth), _BAND)]
    stained = np.concatenate([_stained(band, white) for band in bands])
    ink = np.concatenate([_ink(band) for band in bands])
    return _without_ink(stained, ink).astype(np.uint8)


def _white(pixels: Pixels) -> NDArray[np.float32]:
    """Of the slide's own lamp: the 99th percentile of each channel, from its histogram."""
    counts = [cv2.calcHist([pixels], [channel], None, [256], [0, 256]) for channel in range(3)]
    below = np.cumsum(np.hstack(counts), axis=0, dtype=np.float64)
    reached = (below >= 0.99 * below[-1]).argmax(axis=0)
    return np.asarray(np.clip(reached, 200, 255), np.float32)


def _stained(pixels: Pixels, white: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Denser or more colourful than glass."""
    shades = np.minimum(np.arange(256, dtype=np.float32)[:, None] / white, 1)
    light = [
        np.asarray(cv2.LUT(values, shades[:, channel]), np.float32)
        for channel, values in enumerate(cv2.split(pixels))
    ]
    chroma = np.asarray(_largest(light) - _least(light))
    dense = light[1] < 10**-_FAINT_DENSITY
    return np.asarray(dense | (chroma * 255 > _FAINT_CHROMA))


def _ink(pixels: Pixels) -> NDArray[np.bool_]:
    """Felt pen: strongly coloured but not between blue-violet and red, or black."""
    red, green, blue = channels = cv2.split(pixels)
    greenish = cv2.subtract(green, red) > 20  # what would be negative is 0
    bluish = (cv2.subtract(blue, red) > 70) & (green >= red)
    brightest = _largest(channels)
    black = (brightest < 70) & (brightest - _least(channels) < 18)
    return np.asarray(greenish | bluish | black)


def _largest(channels: Sequence[Channel]) -> Channel:
    """Of three, pixel by pixel: OpenCV's is ten times as fast as along numpy's last axis."""
    return np.asarray(cv2.max(cv2.max(channels[0], channels[1]), channels[2]))


def _least(channels: Sequence[Channel]) -> Channel:
    return np.asarray(cv2.min(cv2.min(channels[0], channels[1]), channels[2]))


def _without_ink(stained: NDArray[np.bool_], ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ink is what a pen adds; where most of the colour is "ink", it is the stain (Giemsa)."""
    written = stained & ink
    return stained if 2 * written.sum() > stained.sum() else stained & ~ink


def _without_specks(mask: NDArray[np.uint8], smallest: float) -> NDArray[np.uint8]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= smallest
    large[0] = False
    return np.asarray(large[labels], np.uint8)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, math.ceil(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
