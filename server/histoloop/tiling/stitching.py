"""Blending tiles into one picture, exactly.

Every tile's probabilities are quantised to 8 bits first and blended with integer weights that
sum to a constant. Integer sums do not depend on their order: whatever is computed first, on
one machine or many, the stitched bytes are the same, and where two tiles agree the blend is
what both say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from histoloop.tiling.grid import Cell, TileGrid, Tiling

Probabilities = NDArray[np.uint8]
"""``(classes, rows, cols)`` uint8, value / 255 = probability."""


def quantise(probability: NDArray[np.float32]) -> Probabilities:
    """Float32 in [0, 1] → uint8, to the nearest."""
    return np.asarray(np.rint(np.clip(probability, 0.0, 1.0) * 255.0), np.uint8)


def window(tiling: Tiling) -> NDArray[np.uint32]:
    """``(reach,)`` weights: a trapezium whose ramps, laid over each other, sum to its top."""
    top = max(1, 2 * tiling.overlap)
    ramp = np.arange(1, top, 2, dtype=np.uint32)[: tiling.overlap]
    flat = np.full(tiling.reach - 2 * ramp.size, top, np.uint32)
    return np.concatenate([ramp, flat, ramp[::-1]])


@dataclass
class Stitcher:
    """Takes tiles in any order, gives cells as soon as all their tiles have come.

    Memory holds the tiles that a neighbour still waits for: the frontier of what has been
    predicted, two rows of tiles when they come row by row, never the canvas.

    Attributes:
        planned: the cells whose tiles will come; the others hold nothing and are never asked.
    """

    grid: TileGrid
    planned: frozenset[Cell]
    seam: SeamAudit = field(default_factory=lambda: SeamAudit())
    _tiles: dict[Cell, Probabilities] = field(default_factory=dict)
    _done: set[Cell] = field(default_factory=set)

    def __post_init__(self) -> None:
        ramp = window(self.grid.tiling)
        self._weights = ramp[:, None] * ramp[None, :]

    def add(self, cell: Cell, tile: Probabilities) -> Iterator[tuple[Cell, Probabilities]]:
        """Take a tile of ``(classes, reach, reach)``; yield the cells that it completes.

        A yielded array has shape ``(classes, step, step)`` and covers ``grid.cell_box(cell)``.
        """
        self._tiles[cell] = tile
        for other in cell.neighbours():
            if other in self.planned and other not in self._done and self._complete(other):
                self._done.add(other)
                yield other, self._blend(other)
        self._forget(cell)

    def _complete(self, cell: Cell) -> bool:
        return all(near in self._tiles for near in cell.neighbours() if near in self.planned)

    def _forget(self, cell: Cell) -> None:
        for near in list(cell.neighbours()):
            for tile in near.neighbours():
                if tile in self._tiles and self._served(tile):
                    del self._tiles[tile]

    def _served(self, cell: Cell) -> bool:
        return all(near in self._done for near in cell.neighbours() if near in self.planned)

    def _blend(self, cell: Cell) -> Probabilities:
        target = self.grid.cell_box(cell)
        own = self._tiles[cell]
        total = np.zeros((own.shape[0], target.height, target.width), np.uint32)
        weight = np.zeros((target.height, target.width), np.uint32)
        for near in cell.neighbours():
            if near in self.planned:
                reach = self.grid.reach_box(near)
                shared = reach.intersect(target)
                rows, columns = shared.within(reach)
                weights = self._weights[rows, columns]
                total[:, *shared.within(target)] += self._tiles[near][:, rows, columns] * weights
                weight[shared.within(target)] += weights
        self._audit(cell)
        return ((total + weight // 2) // weight).astype(np.uint8)

    def _audit(self, cell: Cell) -> None:
        """Compare the cell's tile with its right and lower neighbours where they overlap."""
        for near in (Cell(cell.column + 1, cell.row), Cell(cell.column, cell.row + 1)):
            if near in self.planned:
                mine, theirs = self.grid.reach_box(cell), self.grid.reach_box(near)
                shared = mine.intersect(theirs)
                self.seam.compare(
                    self._tiles[cell][:, *shared.within(mine)],
                    self._tiles[near][:, *shared.within(theirs)],
                )


@dataclass
class SeamAudit:
    """How far neighbouring tiles disagree about the pixels that both predicted.

    Attributes:
        pixels: compared; flips: of them on different sides of 0.5; difference: sum of |Δp|.
    """

    pixels: int = 0
    flips: int = 0
    difference: float = 0.0

    def compare(self, one: Probabilities, other: Probabilities) -> None:
        """Count two predictions of the same pixels."""
        self.pixels += one.size
        self.flips += int(np.count_nonzero((one >= 128) != (other >= 128)))
        apart = np.maximum(one, other) - np.minimum(one, other)
        self.difference += float(apart.sum(dtype=np.int64)) / 255

    def summary(self) -> dict[str, float]:
        """Shares of the compared pixels, as the report has them."""
        pixels = max(1, self.pixels)
        return {
            "pixels": self.pixels,
            "label_flips": self.flips / pixels,
            "mean_difference": self.difference / pixels,
        }
