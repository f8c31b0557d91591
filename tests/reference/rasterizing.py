"""Polygon → mask by asking every pixel centre."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box

Ring = list[tuple[float, float]]


def rasterize(polygons: Iterable[Polygon], box: Box) -> NDArray[np.bool_]:
    """``(rows, cols)`` bool: centres inside the exterior and outside every hole."""
    shapes = [[_points(ring) for ring in (one.exterior, *one.interiors)] for one in polygons]
    mask = np.zeros((box.height, box.width), bool)
    for row in range(box.height):
        for column in range(box.width):
            x, y = box.x + column + 0.5, box.y + row + 0.5
            mask[row, column] = any(
                inside(exterior, x, y) and not any(inside(hole, x, y) for hole in holes)
                for exterior, *holes in shapes
            )
    return mask


def inside(ring: Ring, x: float, y: float) -> bool:
    """Even-odd rule: a ray to the left crosses the ring an odd number of times."""
    crossed = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 > y) != (y1 > y) and x0 + (y - y0) / (y1 - y0) * (x1 - x0) < x:
            crossed = not crossed
    return crossed


def _points(ring) -> Ring:
    return [(float(x), float(y)) for x, y, *_ in ring.coords[:-1]]
