"""How well polygons stand for the mask that they were traced from: counted, not assumed.

Along a row of pixels both change from out to in and back at few places. These are compared, by
strips that wait on disk until no polygon can come any more; no mask is filled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.masks.shapes import Integers, Shapes
from histoloop.masks.spool import Spool

_PIXELS = 4_000_000
"""Of a strip."""

_MASK, _BACK = 1, 2
"""In the last bits of a change: whose it is, and whether it leads out again."""


class Fidelity:
    """Counts pixels of the mask, of its polygons, and of both.

    Args:
        region: of the mask, in its pixels.
        folder: where the changes wait if they are many.
    """

    def __init__(self, region: Box, folder: Path | None = None) -> None:
        self._region, self._spool = region, Spool(folder)
        self._rows = max(1, _PIXELS // (region.width + 1))
        self._strips: list[list[tuple[int, int]]] = [
            [] for _ in range(0, region.height, self._rows)
        ]

    def add_mask(self, box: Box, inside: NDArray[np.bool_]) -> None:
        """Rows of the mask, over the region's full width."""
        framed = np.zeros((box.height, box.width + 2), bool)
        framed[:, 1:-1] = inside
        flat = framed.ravel()
        rows, columns = np.divmod(np.flatnonzero(flat[1:] != flat[:-1]), box.width + 2)
        codes = np.full(len(rows), _MASK)
        codes[1::2] += _BACK  # in a row, in and out in turn
        self._keep(rows + (box.y - self._region.y), columns, codes)

    def add(self, shapes: Shapes) -> None:
        """Polygons, by the pixels whose centres are within."""
        rows, columns, out = self._crossings(shapes)
        self._keep(rows, columns, _BACK * out)

    def count(self) -> tuple[int, int]:
        """Pixels in the mask and in a polygon, and in either of them."""
        shared = united = 0
        for parts in self._strips:
            codes = [self._spool.read(place, count, np.int64) for place, count in parts]
            both, either = _compare(np.concatenate(codes)) if codes else (0, 0)
            shared, united = shared + both, united + either
        return shared, united

    def _keep(self, rows: Integers, columns: Integers, codes: Integers) -> None:
        """Rows and columns of the region."""
        codes = (rows * (self._region.width + 1) + columns) * 4 + codes
        strip = rows // self._rows
        for number in np.unique(strip).tolist():
            mine = codes[strip == number]
            self._strips[number].append((self._spool.append(mine), len(mine)))

    def _crossings(self, shapes: Shapes) -> tuple[Integers, Integers, NDArray[np.bool_]]:
        """Rows whose centres outlines cross, the first column right of that, and if it is out."""
        start, stop = shapes.points, shapes.following()
        region = self._region
        ends = (np.ceil(points[:, 1] - (region.y + 0.5)) for points in (start, stop))
        first, last = (np.clip(rows, 0, region.height).astype(np.int64) for rows in ends)
        low, counts = np.minimum(first, last), np.abs(last - first)
        edge = np.repeat(np.arange(len(start)), counts)
        rows = np.arange(len(edge)) + np.repeat(low - np.cumsum(counts) + counts, counts)
        x, y = start.T
        slope = (stop[:, 0] - x) / np.where(counts, stop[:, 1] - y, 1.0)
        crossed = (x - (y - region.y - 0.5) * slope)[edge] + rows * slope[edge]
        columns = np.ceil(crossed - (region.x + 0.5)).astype(np.int64)
        return rows, np.clip(columns, 0, region.width), (last > first)[edge]


def _compare(codes: NDArray[np.int64]) -> tuple[int, int]:
    codes.sort()
    steps = 1 - (codes & _BACK)
    mask = np.where(codes & _MASK, steps, 0).cumsum()
    drawn = np.where(codes & _MASK, 0, steps).cumsum()
    lengths = np.diff(codes >> 2)
    masked, covered = mask[:-1] > 0, drawn[:-1] > 0
    return int(lengths[masked & covered].sum()), int(lengths[masked | covered].sum())
