"""Polygons → mask, the inverse of `trace`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box


def rasterize(polygons: Iterable[Polygon], box: Box) -> NDArray[np.bool_]:
    """``(rows, cols)`` bool over ``box``: pixels whose centre lies in any of the polygons.

    Polygons and box are in one frame. Within a polygon the even-odd rule holds, so that holes
    stay holes; several polygons are united.
    """
    mask = np.zeros((box.height, box.width), bool)
    for polygon in polygons:
        left, top, right, bottom = polygon.bounds
        touched = Box.between(
            int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom))
        ).intersect(box)
        if not touched.empty:
            mask[touched.within(box)] |= _fill(polygon, touched)
    return mask


def _fill(polygon: Polygon, box: Box) -> NDArray[np.bool_]:
    """Parity of the crossings left of each pixel centre, by scan line."""
    rings = [polygon.exterior, *polygon.interiors]
    flips = np.zeros((box.height, box.width + 1), np.uint8)
    for ring in rings:
        rows, crossings = _crossings(np.asarray(ring.coords)[:, :2], box)
        first = np.clip(np.ceil(crossings - 0.5 - box.x).astype(np.int64), 0, box.width)
        np.bitwise_xor.at(flips, (rows, first), 1)
    return np.bitwise_xor.accumulate(flips[:, :-1], axis=1).astype(bool)


def _crossings(
    points: NDArray[np.float64], box: Box
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of ``box`` and x at which a closed ring crosses their centre lines."""
    start, stop = points[:-1], points[1:]
    low = np.minimum(start[:, 1], stop[:, 1]) - 0.5 - box.y
    high = np.maximum(start[:, 1], stop[:, 1]) - 0.5 - box.y
    first = np.clip(np.ceil(low), 0, box.height).astype(np.int64)
    last = np.clip(np.ceil(high), 0, box.height).astype(np.int64)
    counts = last - first
    edge = np.repeat(np.arange(len(start)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    along = (rows + 0.5 + box.y - start[edge, 1]) / (stop[edge, 1] - start[edge, 1])
    return rows, start[edge, 0] + along * (stop[edge, 0] - start[edge, 0])
