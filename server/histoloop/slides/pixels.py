"""Whatever a decoder returns, as the one pixel order of this project: RGB, 8 bits."""

from __future__ import annotations

import numpy as np

from histoloop.errors import SlideError
from histoloop.slides.slide import Pixels


def as_rgb(pixels: np.ndarray) -> Pixels:
    """Grey, RGB or RGBA of 8 or 16 bits → ``(rows, cols, 3)`` uint8; clear glass is white."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise SlideError(f"pixels of type {pixels.dtype} are no brightfield image")
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    channels = pixels.shape[2]
    if channels in (2, 4):
        return _over_white(pixels[..., :-1], pixels[..., -1:])
    return np.ascontiguousarray(np.broadcast_to(pixels[..., :3], (*pixels.shape[:2], 3)))


def _over_white(colour: np.ndarray, alpha: np.ndarray) -> Pixels:
    colour = np.broadcast_to(colour, (*alpha.shape[:2], 3))
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    cover = alpha.astype(np.uint16)
    return ((colour * cover + 255 * (255 - cover)) // 255).astype(np.uint8)
