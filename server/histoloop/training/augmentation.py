"""What a patch may look like on another scanner, on another day, in another laboratory.

Geometry is drawn once per patch (turn, mirror, size, bend) and moves image and truth together;
colour is drawn in optical density, where stains add (Ruifrok & Johnston 2001): the amount of
each stain, its vector and the background vary (Tellez et al. 2019, arXiv:1902.06543).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box

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
        elastic: standard deviation of the displacement at the nodes of a 4 × 4 grid over the
            patch, px; smooth between them (Ronneberger et al. 2015, arXiv:1505.04597).
        jpeg: how far below 100 the quality of a JPEG compression may fall.
        turn: by any angle, and mirrored; else the patch lies as its picture does.
    """

    size: float = 0.3
    stain: float = 0.4
    stain_offset: float = 0.09
    stain_vector: float = 0.1
    gamma: float = 0.25
    blur: float = 1.2
    noise: float = 6.0
    elastic: float = 0.0
    jpeg: float = 0.0
    turn: bool = True

    @property
    def recolours(self) -> bool:
        """Whether a patch may get other colours than its picture has."""
        stains = (self.stain, self.stain_offset, self.stain_vector)
        return any((*stains, self.gamma, self.blur, self.noise, self.jpeg))


UNCHANGED = Augmentation(0, 0, 0, 0, 0, 0, 0, turn=False)
"""Patches as their pictures are."""


@dataclass(frozen=True, eq=False)
class View:
    """Which pixels of a picture a patch shows.

    Attributes:
        matrix: ``(2, 3)``, takes ``(x, y)`` of the patch to the picture.
        bend: ``(side, side, 2)`` float32, added to it; `None` for a straight patch.
    """

    matrix: NDArray[np.float64]
    side: int
    bend: NDArray[np.float32] | None = None

    @property
    def box(self) -> Box:
        """What has to be read of the picture, the neighbours that are interpolated included."""
        ends = np.array([[0, self.side, 0, self.side], [0, 0, self.side, self.side], [1, 1, 1, 1]])
        corners = self.matrix @ ends
        reach = 2 + (float(np.abs(self.bend).max()) if self.bend is not None else 0.0)
        left, top = np.floor(corners.min(axis=1) - reach).astype(int).tolist()
        right, bottom = np.ceil(corners.max(axis=1) + reach).astype(int).tolist()
        return Box.between(left, top, right, bottom)

    def cut(
        self, image: Pixels, truth: Pixels, origin: tuple[int, int] = (0, 0)
    ) -> tuple[Pixels, Pixels]:
        """The patch, from a picture or a part of it that begins at ``origin`` (x, y).

        Args:
            image: ``(h, w, 3)`` uint8 RGB at the model's scale; truth: ``(h, w)`` uint8 codes.

        Returns:
            ``(side, side, 3)`` image, mirrored beyond its edge, and ``(side, side)`` truth,
            `IGNORED` there.
        """
        matrix = self.matrix.copy()
        matrix[:, 2] -= origin
        patch = self._moved(image, matrix, cv2.INTER_LINEAR, cv2.BORDER_REFLECT)
        codes = self._moved(truth, matrix, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        return patch, codes

    def cut_codes(self, codes: Pixels) -> Pixels:
        """``(side, side)`` of ``(h, w)`` uint8 codes of a whole picture, `IGNORED` beyond it."""
        return self._moved(codes, self.matrix, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)

    def _moved(self, pixels: Pixels, matrix: NDArray[np.float64], how: int, border: int) -> Pixels:
        beyond = {"borderMode": border, "borderValue": IGNORED}
        if self.bend is None:
            size, flags = (self.side, self.side), how | cv2.WARP_INVERSE_MAP
            found = cv2.warpAffine(pixels, matrix, size, flags=flags, **beyond)
        else:
            place = np.indices((self.side, self.side), np.float32)[::-1]
            x, y = np.tensordot(matrix[:, :2], place, 1) + matrix[:, 2, None, None]
            x, y = x + self.bend[..., 0], y + self.bend[..., 1]
            found = cv2.remap(pixels, np.float32(x), np.float32(y), how, **beyond)
        return np.asarray(found, np.uint8)


def draw_view(
    centre: tuple[float, float], side: int, how: Augmentation, random: np.random.Generator
) -> View:
    """A square around ``centre`` (x, y), turned, mirrored, zoomed and bent as ``how`` says."""
    angle = random.uniform(0, 2 * math.pi) if how.turn else 0.0
    zoom = math.exp(random.uniform(-how.size, how.size))
    mirror = -1.0 if how.turn and random.random() < 0.5 else 1.0
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    turn = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    offset = np.array(centre) - turn @ np.array([side / 2, side / 2])
    matrix = np.column_stack([turn, offset])
    if not how.elastic:
        return View(matrix, side)
    nodes = random.normal(0, how.elastic, (4, 4, 2)).astype(np.float32)
    bend = cv2.resize(nodes, (side, side), interpolation=cv2.INTER_CUBIC)
    return View(matrix, side, np.asarray(bend, np.float32))


def cut_patch(
    image: Pixels,
    truth: Pixels,
    centre: tuple[float, float],
    side: int,
    how: Augmentation,
    random: np.random.Generator,
) -> tuple[Pixels, Pixels]:
    """`View.cut` of a view that is drawn now."""
    return draw_view(centre, side, how, random).cut(image, truth)


def jitter_colour(patch: Pixels, how: Augmentation, random: np.random.Generator) -> Pixels:
    """The same tissue, differently stained, lit, focused and scanned."""
    if not how.recolours:
        return patch
    stains = _restain(how, random).T.astype(np.float32)
    added = random.uniform(-how.stain_offset, how.stain_offset, 3).astype(np.float32)
    density = cv2.transform(cv2.LUT(patch, _DENSITY), np.column_stack([stains, added]))
    gamma = np.float32(math.exp(random.uniform(-how.gamma, how.gamma)))
    pixels = cv2.exp(np.maximum(density, 0.0) * -gamma)  # a power of light multiplies density
    pixels *= 255.0
    if random.random() < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.1, how.blur))
    pixels += _grain(pixels.shape, random) * np.float32(random.uniform(0, how.noise))
    scanned = np.asarray(np.clip(pixels, 0, 255), np.uint8)
    return _compressed(scanned, 100 - random.uniform(0, how.jpeg)) if how.jpeg else scanned


def _grain(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Normal noise, from somewhere in a table: to draw it anew took most of a patch's time."""
    table, size = _grain_table(), math.prod(shape)
    if 2 * size > len(table):
        return random.standard_normal(shape, dtype=np.float32)
    start = int(random.integers(len(table) - size))
    return table[start : start + size].reshape(shape)


@cache
def _grain_table() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(1 << 21, dtype=np.float32)


def _compressed(patch: Pixels, quality: float) -> Pixels:
    _, packed = cv2.imencode(".jpg", patch[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    unpacked = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(unpacked[..., ::-1])


def _restain(how: Augmentation, random: np.random.Generator) -> NDArray[np.float64]:
    """Density → density matrix: unmix, change amounts, mix with slightly other stains."""
    amounts = np.diag(random.uniform(1 - how.stain, 1 + how.stain, 3))
    others = STAINS + random.normal(0, how.stain_vector, STAINS.shape)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    unmix = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
    return np.asarray(unmix @ amounts @ others)
