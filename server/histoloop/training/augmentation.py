"""What a patch may look like on another scanner, on another day, in another laboratory.

Geometry is drawn once per patch (turn, mirror, size) and moves image and truth together;
colour is drawn in optical density, where stains add (Ruifrok & Johnston 2001): the amount of
each stain, its vector and the background vary (Tellez et al. 2019, arXiv:1902.06543).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

IGNORED = 255
"""Truth code of pixels that weigh nothing: outside the ROI, or nobody knows."""

# Rows: haematoxylin, eosin, residual; columns: R, G, B optical density (Ruifrok & Johnston).
STAINS = np.array(
    [[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]], dtype=np.float64
)
_DENSITY = (-np.log((np.arange(256) + 1.0) / 256.0)).astype(np.float32)


@dataclass(frozen=True)
class Augmentation:
    """How far augmentation may go; every figure is half a range around "unchanged".

    Attributes:
        size: natural logarithm of the zoom.
        stain: relative amount of each stain.
        stain_offset: optical density added per stain.
        stain_vector: noise on the stain vectors.
        gamma: natural logarithm of the exponent.
        blur: largest Gaussian sigma, px.
        noise: largest sensor noise, grey values.
    """

    size: float = 0.3
    stain: float = 0.4
    stain_offset: float = 0.09
    stain_vector: float = 0.1
    gamma: float = 0.25
    blur: float = 1.2
    noise: float = 6.0


def cut_patch(
    image: Pixels,
    truth: Pixels,
    centre: tuple[float, float],
    side: int,
    how: Augmentation,
    random: np.random.Generator,
) -> tuple[Pixels, Pixels]:
    """A turned, mirrored and zoomed square patch around ``centre`` (x, y).

    Args:
        image: ``(h, w, 3)`` uint8 RGB at the model's scale; truth: ``(h, w)`` uint8 codes.

    Returns:
        ``(side, side, 3)`` image, mirrored beyond its edge, and ``(side, side)`` truth,
        `IGNORED` there.
    """
    angle = random.uniform(0, 2 * math.pi)
    zoom = math.exp(random.uniform(-how.size, how.size))
    mirror = -1.0 if random.random() < 0.5 else 1.0
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    turn = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    offset = np.array(centre) - turn @ np.array([side / 2, side / 2])
    matrix = np.column_stack([turn, offset])
    inverse = cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR | inverse, borderMode=cv2.BORDER_REFLECT
    )
    codes = cv2.warpAffine(
        truth,
        matrix,
        (side, side),
        flags=cv2.INTER_NEAREST | inverse,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=IGNORED,
    )
    return patch.astype(np.uint8, copy=False), codes.astype(np.uint8, copy=False)


def jitter_colour(patch: Pixels, how: Augmentation, random: np.random.Generator) -> Pixels:
    """The same tissue, differently stained, lit, focused and scanned."""
    density = _DENSITY[patch] @ _restain(how, random).astype(np.float32)
    density += random.uniform(-how.stain_offset, how.stain_offset, 3).astype(np.float32)
    gamma = np.float32(math.exp(random.uniform(-how.gamma, how.gamma)))
    pixels = np.exp(np.maximum(density, 0.0) * -gamma)  # a power of light multiplies density
    pixels *= 255.0
    if random.random() < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.1, how.blur))
    grain = random.standard_normal(pixels.shape, dtype=np.float32)
    pixels += grain * random.uniform(0, how.noise)
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def _restain(how: Augmentation, random: np.random.Generator) -> NDArray[np.float64]:
    """Density → density matrix: unmix, change amounts, mix with slightly other stains."""
    amounts = np.diag(random.uniform(1 - how.stain, 1 + how.stain, 3))
    others = STAINS + random.normal(0, how.stain_vector, STAINS.shape)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    unmix = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
    return np.asarray(unmix @ amounts @ others)
