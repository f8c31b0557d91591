"""From stain to pixels: Beer-Lambert's law, the optics and the sensor."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.slides.synthetic.noise import Floats, Grid
from histoloop.slides.synthetic.specimen import Specimen

_BLUR_UM = 0.28
"""Sigma of the objective's point spread, about 20× / 0.75."""

_DRIFT = 0.008
_GRAIN = 1.3


def blurred(stain: Floats, mpp: float) -> Floats:
    """What the optics leave of sharp edges; drawing already is soft by half a pixel."""
    sigma = _BLUR_UM / mpp
    return stain if sigma < 0.25 else np.asarray(cv2.GaussianBlur(stain, (0, 0), sigma))


def expose(
    specimen: Specimen, grid: Grid, haematoxylin: Floats, eosin: Floats, ink: list[Floats] | None
) -> NDArray[np.uint8]:
    """Light through two stains and, perhaps, ink: ``(rows, cols, 3)`` uint8 RGB.

    Args:
        haematoxylin, eosin: amounts ``(rows, cols)``; ink: optical density of R, G, B each.
    """
    stain = specimen.stain
    light, grain = _lamp(specimen, grid), _grain(specimen, grid)
    picture = np.empty((*grid.shape, 3), np.uint8)
    for channel in range(3):
        density = haematoxylin * np.float32(stain.haematoxylin[channel] * stain.haematoxylin_amount)
        density += eosin * np.float32(stain.eosin[channel] * stain.eosin_amount)
        if ink is not None:
            density += ink[channel]
        seen = cv2.exp(-density)
        seen *= np.float32(stain.white[channel])
        seen *= light
        seen += grain
        picture[..., channel] = np.clip(seen, 0, 255)
    return picture


def _lamp(specimen: Specimen, grid: Grid) -> Floats:
    return 1 + np.float32(_DRIFT) * grid.noise(specimen.key("lamp"), 2400.0)


def _grain(specimen: Specimen, grid: Grid) -> Floats:
    """Sensor noise, the same for every channel: it belongs to the pixel, not to the tissue."""
    place = [specimen.seed, *(round(axis[0] / grid.step) + 64 for axis in (grid.across, grid.down))]
    random = np.random.default_rng(place)
    return random.standard_normal(grid.shape, np.float32) * np.float32(_GRAIN)
