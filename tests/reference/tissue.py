"""What is tissue and what is ink, pixel by pixel along numpy's last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stained(pixels: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Denser than 0.06 in green, or more than 14 grey values apart, where the lamp is white."""
    light = np.minimum(pixels / white, 1)
    chroma = light.max(axis=2) - light.min(axis=2)
    return np.asarray((light[..., 1] < 10**-0.06) | (chroma * 255 > 14))


def ink(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Green, blue or black as felt pens are."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    greenish = green - red > 20
    bluish = (blue - red > 70) & (green >= red)
    black = (pixels.max(axis=2) < 70) & (np.ptp(pixels, axis=2) < 18)
    return np.asarray(greenish | bluish | black)
