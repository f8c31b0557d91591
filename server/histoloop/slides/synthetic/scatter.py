"""Points strewn over the slide, and the cells around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.slides.synthetic.noise import Floats, Grid, Integers, Points, uniform


@dataclass(frozen=True)
class Jittered:
    """One point in each cell of a staggered grid; ``(n,)`` each."""

    key: int
    column: Integers
    row: Integers
    points: Points

    @classmethod
    def within(
        cls, key: int, spacing: float, window: tuple[float, float, float, float], jitter: float
    ) -> Jittered:
        """All points whose cells touch a window (left, top, right, bottom, µm)."""
        left, top, right, bottom = window
        columns = np.arange(np.floor(left / spacing) - 1, np.ceil(right / spacing) + 1)
        rows = np.arange(np.floor(top / spacing), np.ceil(bottom / spacing) + 1)
        column, row = (a.ravel().astype(np.int64) for a in np.meshgrid(columns, rows))
        return cls(key, column, row, _displaced(key, column, row, spacing, jitter))

    def random(self, salt: int) -> Floats:
        """A uniform number per point and salt."""
        return uniform(
            self.key ^ (salt * 0x5851F42D4C957F2D & 0xFFFFFFFFFFFFFFFF), self.column, self.row
        )

    def where(self, chosen: NDArray[np.bool_]) -> Jittered:
        points = Points(self.points.x[chosen], self.points.y[chosen])
        return Jittered(self.key, self.column[chosen], self.row[chosen], points)


def _displaced(key: int, column: Integers, row: Integers, spacing: float, jitter: float) -> Points:
    """Every second row is shifted by half a cell, so that no columns show."""
    dx = (uniform(key, column, row) - 0.5) * (2 * jitter) + 0.5 + 0.5 * (row & 1)
    dy = (uniform(key ^ 0x2545F491, column, row) - 0.5) * (2 * jitter) + 0.5
    x = (column + dx.astype(np.float64)) * spacing
    y = (row + dy.astype(np.float64)) * spacing
    return Points(np.asarray(x, np.float64), np.asarray(y, np.float64))


def cell_borders(key: int, spacing: float, grid: Grid, jitter: float) -> Floats:
    """How much nearer the nearest of `Jittered` points is than the second nearest, µm.

    Zero on the borders of their Voronoi cells (Worley, SIGGRAPH 1996).
    """
    column, row = (np.floor(axis / spacing).astype(np.int64) for axis in (grid.across, grid.down))
    columns = np.arange(column[0] - 2, column[-1] + 2)
    rows = np.arange(row[0] - 1, row[-1] + 2)
    points = _displaced(key, columns[None, :], rows[:, None], spacing, jitter)
    first = np.full(grid.shape, np.inf, np.float32)
    second = first
    for down in range(3):
        for across in range(4):
            place = np.ix_(row - rows[0] - 1 + down, column - columns[0] - 2 + across)
            dx, dy = grid.x - points.x[place], grid.y - points.y[place]
            distance = np.sqrt((dx * dx + dy * dy).astype(np.float32))
            second = np.minimum(second, np.maximum(first, distance))
            first = np.minimum(first, distance)
    return second - first
