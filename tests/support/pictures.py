"""Pictures that betray mistakes: no two channels, rows or directions look alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Size

GLASS = (243, 242, 244)
PINK = (215, 150, 190)
PURPLE = (110, 60, 140)


def ramps(size: Size) -> NDArray[np.uint8]:
    """Red grows to the right, green grows downwards, blue is constant: order and place show."""
    picture = np.empty((size.height, size.width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, size.width).astype(np.uint8)[None, :]
    picture[..., 1] = np.linspace(0, 255, size.height).astype(np.uint8)[:, None]
    picture[..., 2] = 40
    return picture


def noise(size: Size, seed: int = 0) -> NDArray[np.uint8]:
    """Every pixel on its own: any shift is seen."""
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


def tissue_picture(size: Size, seed: int = 0) -> NDArray[np.uint8]:
    """Ragged pink tissue with purple nests on glass, with grain."""
    random = np.random.default_rng(seed)
    picture = np.full((size.height, size.width, 3), GLASS, np.uint8)
    picture[_blobs(size, random, size.width / 8, 0.5)] = PINK
    picture[_blobs(size, random, size.width / 24, 0.62)] = PURPLE
    grain = random.normal(0, 6, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _blobs(
    size: Size, random: np.random.Generator, sigma: float, quantile: float
) -> NDArray[np.bool_]:
    field = random.standard_normal((size.height, size.width)).astype(np.float32)
    smooth = cv2.GaussianBlur(field, (0, 0), sigma)
    return np.asarray(smooth > np.quantile(smooth, quantile))
