"""How a frame is cut into tiles.

::

    ┌────────── read: tile px, what the model sees ──────────┐
    │  halo: real context, its prediction is thrown away     │
    │   ┌────────── reach: what the tile contributes ─────┐  │
    │   │  half the overlap: blended with the neighbour   │  │
    │   │   ┌────── cell: step px, disjoint, covers ───┐  │  │
    │   │   │                                          │  │  │

Cells are anchored at the frame's origin, never at a region of interest: a pixel predicted for
a region has the same value as when the whole slide is predicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from histoloop.errors import UsageError
from histoloop.geometry import Box, Size


class Cell(NamedTuple):
    """Column and row of a tile in its grid."""

    column: int
    row: int

    def neighbours(self) -> Iterator[Cell]:
        """The cell itself and the eight around it."""
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                yield Cell(self.column + column, self.row + row)


@dataclass(frozen=True)
class Tiling:
    """The size of tiles in frame pixels.

    Attributes:
        tile: side of what the model sees.
        halo: context on every side whose prediction is dropped; it should cover most of the
            model's receptive field.
        overlap: width of the zone in which two neighbours are blended, even.
    """

    tile: int
    halo: int
    overlap: int

    def __post_init__(self) -> None:
        if (
            self.overlap % 2
            or min(self.halo, self.overlap) < 0
            or self.step < max(1, 2 * self.overlap)
        ):
            raise UsageError(
                f"tile {self.tile} px, halo {self.halo} px, overlap {self.overlap} px do not fit",
                hint="overlap must be even, and tile ≥ 2 · halo + 3 · overlap",
            )

    @classmethod
    def in_step(cls, tile: int, overlap: int, stride: int) -> Tiling:
        """With an eighth of the tile as its halo, or a little more.

        A cell is a multiple of the network's stride, as the tile is, so that every tile has its
        strides begin where its neighbour's do: else they would see the same tissue differently.

        Args:
            stride: a power of two.

        Raises:
            UsageError: the tile is too small for that.
        """
        least = tile // 8
        return cls(tile, least + -(2 * least + overlap) % stride // 2, overlap)

    @property
    def step(self) -> int:
        """Side of a cell."""
        return self.tile - 2 * self.halo - self.overlap

    @property
    def reach(self) -> int:
        """Side of what a tile contributes."""
        return self.step + self.overlap


@dataclass(frozen=True)
class TileGrid:
    """The cells that touch a region of a frame.

    Attributes:
        frame: the slide at the model's scale.
        region: the part to predict, frame pixels.
        shift: moves the grid left and up by this many pixels (to audit seams; 0 to store).
    """

    tiling: Tiling
    frame: Size
    region: Box
    shift: int = 0

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Cells whose tile has a say in the region, row by row; at its rim some own none of it."""
        step, half = self.tiling.step, self.tiling.overlap // 2
        region = self.region.grow(half).intersect(Box.of(self.frame))
        columns = range((region.x + self.shift) // step, -(-(region.right + self.shift) // step))
        rows = range((region.y + self.shift) // step, -(-(region.bottom + self.shift) // step))
        return tuple(Cell(column, row) for row in rows for column in columns)

    def cell_box(self, cell: Cell) -> Box:
        """The frame pixels that the cell owns, not clipped."""
        step = self.tiling.step
        return Box(cell.column * step - self.shift, cell.row * step - self.shift, step, step)

    def write_box(self, cell: Cell) -> Box:
        """The frame pixels that the cell owns and that were asked for."""
        return self.cell_box(cell).intersect(self.region)

    def reach_box(self, cell: Cell) -> Box:
        """The frame pixels that the cell's tile has a say in, not clipped."""
        return self.cell_box(cell).grow(self.tiling.overlap // 2)

    def read_box(self, cell: Cell) -> Box:
        """The frame pixels that the model sees, not clipped."""
        return self.reach_box(cell).grow(self.tiling.halo)

    def islands(self, cells: Iterable[Cell]) -> tuple[Box, ...]:
        """Boxes of the region, frame pixels, that hold all of the cells, far from each other.

        Two boxes have a cell or more between them, of which each takes the next pixel only:
        outlines of what is predicted in the cells close within.
        """
        step, shift = self.tiling.step, self.shift
        boxes = (
            Box(one.x * step - shift, one.y * step - shift, one.width * step, one.height * step)
            for one in _apart(cells)
        )
        clipped = (box.grow(1).intersect(self.region) for box in boxes)
        return tuple(box for box in clipped if not box.empty)


def _apart(cells: Iterable[Cell]) -> list[Box]:
    """Boxes, in cells, that hold all of these, with a cell or more between any two."""
    corners = np.array([*cells], np.int64).reshape(-1, 2)
    if not len(corners):
        return []
    left, top = (int(least) for least in corners.min(axis=0))
    taken = np.zeros((corners.max(axis=0) - (left, top) + 1)[::-1], bool)
    taken[corners[:, 1] - top, corners[:, 0] - left] = True
    while True:
        found = ndimage.find_objects(ndimage.label(taken, np.ones((3, 3)))[0])
        before = np.count_nonzero(taken)
        for place in found:
            taken[place] = True
        if np.count_nonzero(taken) == before:  # else a box has grown towards another
            return [
                Box.between(
                    left + columns.start, top + rows.start, left + columns.stop, top + rows.stop
                )
                for rows, columns in found
            ]


class Shard(NamedTuple):
    """Cells that are read, predicted and counted together."""

    number: int
    cells: tuple[Cell, ...]


def shards(cells: tuple[Cell, ...], side: int) -> tuple[Shard, ...]:
    """Group cells into squares of ``side`` × ``side``; a square without cells is left out."""
    groups: dict[Cell, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(Cell(cell.column // side, cell.row // side), []).append(cell)
    return tuple(Shard(index, tuple(group)) for index, group in enumerate(groups.values()))
