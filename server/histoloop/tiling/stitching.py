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

from histoloop.geometry import Box
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

    def __post_init__(self) -> None:
        ramp = window(self.grid.tiling)
        self._weights = ramp[:, None] * ramp[None, :]
        counts = {cell: len(self._near(cell)) for cell in self.planned}
        self._missing, self._wanted = dict(counts), counts

    def add(self, cell: Cell, tile: Probabilities) -> Iterator[tuple[Cell, Probabilities]]:
        """Take a tile of ``(classes, reach, reach)``; yield the cells that it completes.

        A yielded array has shape ``(classes, step, step)`` and covers ``grid.cell_box(cell)``.
        """
        self._tiles[cell] = tile
        for other in self._near(cell):
            self._missing[other] -= 1
            if not self._missing[other]:
                yield other, self._blend(other)
                self._release(other)

    def _near(self, cell: Cell) -> list[Cell]:
        return [near for near in cell.neighbours() if near in self.planned]

    def _release(self, done: Cell) -> None:
        """Forget the tiles that no other cell waits for."""
        for near in self._near(done):
            self._wanted[near] -= 1
            if not self._wanted[near]:
                del self._tiles[near]

    def _blend(self, cell: Cell) -> Probabilities:
        """The tile's own word in the middle of its cell, a weighted mean along the rim."""
        own, target = self.grid.reach_box(cell), self.grid.cell_box(cell)
        blended = self._tiles[cell][:, *target.within(own)].copy()
        tiles = [(self.grid.reach_box(near), self._tiles[near]) for near in self._near(cell)]
        for band in _rim(target, self.grid.tiling.overlap // 2):
            blended[:, *band.within(target)] = self._mean(band, tiles)
        self._audit(cell)
        return blended

    def _mean(self, band: Box, tiles: list[tuple[Box, Probabilities]]) -> Probabilities:
        total = np.zeros((tiles[0][1].shape[0], band.height, band.width), np.uint32)
        weight = np.zeros((band.height, band.width), np.uint32)
        for reach, tile in tiles:
            shared = reach.intersect(band)
            if not shared.empty:
                weights = self._weights[shared.within(reach)]
                total[:, *shared.within(band)] += tile[:, *shared.within(reach)] * weights
                weight[shared.within(band)] += weights
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


def _rim(cell: Box, width: int) -> Iterator[Box]:
    """The four bands of a cell that other tiles have a say in, disjoint."""
    if not width:
        return
    inner = cell.height - 2 * width
    yield Box(cell.x, cell.y, cell.width, width)
    yield Box(cell.x, cell.bottom - width, cell.width, width)
    yield Box(cell.x, cell.y + width, width, inner)
    yield Box(cell.right - width, cell.y + width, width, inner)


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
