"""Putting nuclei, blood and vacuoles on a raster, antialiased, at fractions of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.slides.synthetic.noise import Floats, Grid, uniform
from histoloop.slides.synthetic.nuclei import Nuclei

UNIT = 100
"""Grey values per unit of stain: 8 bits are what OpenCV draws antialiased."""

_SHIFT = 4
_VERTICES = 18
_FINEST_DETAIL = 1.1
"""µm/px above which the inside of a nucleus is not drawn."""

Canvas = NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """A raster in the world: pixel (0, 0) is centred at ``left``, ``top`` µm."""

    left: float
    top: float
    mpp: float
    shape: tuple[int, int]

    @classmethod
    def of(cls, grid: Grid) -> Frame:
        return cls(float(grid.across[0]), float(grid.down[0]), grid.step, grid.shape)

    def canvas(self) -> Canvas:
        return np.zeros(self.shape, np.uint8)

    def pixels(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.int32]:
        """World → OpenCV's fixed-point pixels, ``(…, 2)`` int32."""
        at = np.stack([(x - self.left) / self.mpp, (y - self.top) / self.mpp], axis=-1)
        return np.asarray(np.rint(at * (1 << _SHIFT)), np.int32)


def draw_nuclei(canvas: Canvas, frame: Frame, nuclei: Nuclei) -> None:
    """Draw haematoxylin: outlines, paler insides, nucleoli."""
    outlines = _outlines(nuclei)
    polygons = frame.pixels(*outlines)
    if frame.mpp > _FINEST_DETAIL:
        _fill(canvas, polygons, nuclei.darkness * (1 - 0.6 * nuclei.vesicular))
        return
    centre = nuclei.x[:, None], nuclei.y[:, None]
    inner = [c + (o - c) * 0.74 for c, o in zip(centre, outlines, strict=True)]
    _fill(canvas, polygons, nuclei.darkness, frame.pixels(*inner), nuclei.vesicular)
    _nucleoli(canvas, frame, nuclei)


def draw_discs(
    canvas: Canvas,
    frame: Frame,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    radius: NDArray[np.floating],
    value: NDArray[np.floating],
) -> None:
    """Fill circles of ``radius`` µm with an amount of stain."""
    radii = np.rint(radius / frame.mpp * (1 << _SHIFT)).astype(np.int32).tolist()
    greys = _grey(value)
    for centre, size, grey in zip(frame.pixels(x, y).tolist(), radii, greys, strict=True):
        cv2.circle(canvas, centre, size, grey, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _fill(
    canvas: Canvas,
    polygons: NDArray[np.int32],
    darkness: Floats,
    inner: NDArray[np.int32] | None = None,
    vesicular: Floats | None = None,
) -> None:
    greys = _grey(darkness)
    if inner is None or vesicular is None:
        for polygon, grey in zip(polygons, greys, strict=True):
            cv2.fillConvexPoly(canvas, polygon, grey, cv2.LINE_AA, _SHIFT)
        return
    pale = _grey(darkness * (1 - 0.75 * vesicular))
    for polygon, grey, core, lighter in zip(polygons, greys, inner, pale, strict=True):
        cv2.fillConvexPoly(canvas, polygon, grey, cv2.LINE_AA, _SHIFT)
        cv2.fillConvexPoly(canvas, core, lighter, cv2.LINE_AA, _SHIFT)


def _nucleoli(canvas: Canvas, frame: Frame, nuclei: Nuclei) -> None:
    """One in the larger, paler nuclei, off the centre."""
    has = (nuclei.vesicular > 0.3) & (nuclei.short > 2.6)
    bearing = nuclei.luck[has] * np.float32(40)
    off = nuclei.short[has] * 0.3
    x, y = nuclei.x[has] + off * np.cos(bearing), nuclei.y[has] + off * np.sin(bearing)
    draw_discs(canvas, frame, x, y, 0.14 * nuclei.short[has] + 0.35, nuclei.darkness[has] * 1.05)


def _outlines(nuclei: Nuclei) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Vertices of wobbly ellipses in the world, ``(n, vertices)`` each."""
    theta = (np.arange(_VERTICES) * (2 * math.pi / _VERTICES)).astype(np.float32)
    radius = 1 + nuclei.roughness[:, None] * _wobble(nuclei, theta)
    u = nuclei.long[:, None] * radius * np.cos(theta)
    v = nuclei.short[:, None] * radius * np.sin(theta)
    cos, sin = np.cos(nuclei.angle)[:, None], np.sin(nuclei.angle)[:, None]
    return nuclei.x[:, None] + u * cos - v * sin, nuclei.y[:, None] + u * sin + v * cos


def _wobble(nuclei: Nuclei, theta: Floats) -> Floats:
    seed = (nuclei.luck * (1 << 24)).astype(np.int64)
    phases = [uniform(k, seed, seed)[:, None] * np.float32(2 * math.pi) for k in range(3)]
    waves = [np.cos((k + 2) * theta + phase) / (1 + 0.3 * k) for k, phase in enumerate(phases)]
    return np.asarray(waves[0] + waves[1] + waves[2], np.float32)


def _grey(stain: NDArray[np.floating]) -> list[int]:
    grey: list[int] = np.clip(stain * UNIT, 0, 255).astype(np.int64).tolist()
    return grey
