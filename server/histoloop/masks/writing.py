"""Storing the cells of a run as they come, and the pyramid above them as it grows.

Chunks are written as Zarr 3 has them, without Zarr: its store would read, decode, encode and
write a chunk of every level for every cell, which costs a small network 8 % of its own time.
Here a coarser chunk is encoded once, when all cells below it have come, or when it is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import imagecodecs
import numpy as np

from histoloop.durable import draft_of
from histoloop.masks.mask import ZSTD_LEVEL, Mask
from histoloop.tiling.grid import Cell
from histoloop.tiling.stitching import Probabilities


class _Place(NamedTuple):
    """A chunk, all classes of it."""

    level: int
    column: int
    row: int


@dataclass
class MaskWriter:
    """Writes a mask; the only one who does.

    Memory holds the coarser chunks that wait for cells: when those come row by row, about a row
    of chunks of every level.

    Attributes:
        planned: the cells that will come, each once.
    """

    mask: Mask
    planned: Iterable[Cell]
    _waiting: Counter[_Place] = field(default_factory=Counter)
    _chunks: dict[_Place, Probabilities] = field(default_factory=dict)
    _unseen: set[_Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._sizes = self.mask.frame.level_sizes()
        for cell in self.planned:
            self._waiting.update(self._above(cell))

    def write(self, cell: Cell, values: Probabilities) -> None:
        """Store one cell and note what it changes in the coarser levels.

        Args:
            values: ``(classes, chunk, chunk)``; beyond the frame they are dropped.
        """
        side = self.mask.frame.chunk
        self._store(_Place(0, *cell), self._clipped(0, cell, values))
        for place in self._above(cell):
            values = _halve(self._repeat_edge(place.level - 1, cell, values))
            side //= 2
            chunk = self._chunk(place)
            top, left = (cell.row * side) % len(chunk[0]), (cell.column * side) % len(chunk[0])
            chunk[:, top : top + side, left : left + side] = self._clipped(
                place.level, cell, values
            )
            self._unseen.add(place)
            self._count(place)

    def flush(self) -> None:
        """Let readers see all that has come, also where more is to come."""
        for place in self._unseen:
            self._store(place, self._chunks[place])
        self._unseen.clear()

    def _above(self, cell: Cell) -> list[_Place]:
        return [
            _Place(level, cell.column >> level, cell.row >> level)
            for level in range(1, len(self._sizes))
        ]

    def _chunk(self, place: _Place) -> Probabilities:
        if place not in self._chunks:
            frame = self.mask.frame
            shape = (len(frame.classes), frame.chunk, frame.chunk)
            self._chunks[place] = np.zeros(shape, np.uint8)
        return self._chunks[place]

    def _count(self, place: _Place) -> None:
        self._waiting[place] -= 1
        if not self._waiting[place]:
            self._store(place, self._chunks.pop(place))
            self._unseen.discard(place)
            del self._waiting[place]

    def _store(self, place: _Place, chunk: Probabilities) -> None:
        """Zarr's way: what is zero everywhere has no file."""
        for channel, values in enumerate(chunk):
            if values.any():
                path = self.mask.chunk_path(place.level, channel, place.row, place.column)
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = draft_of(path)
                draft.write_bytes(imagecodecs.zstd_encode(values.tobytes(), level=ZSTD_LEVEL))
                draft.replace(path)

    def _inside(self, level: int, cell: Cell, side: int) -> tuple[int, int]:
        """Rows and columns of a cell that lie in the frame, at a level."""
        size = self._sizes[level]
        rows = min(side, size.height - cell.row * side)
        return max(0, rows), max(0, min(side, size.width - cell.column * side))

    def _clipped(self, level: int, cell: Cell, values: Probabilities) -> Probabilities:
        rows, columns = self._inside(level, cell, values.shape[1])
        if (rows, columns) == values.shape[1:]:
            return values
        clipped = np.zeros_like(values)
        clipped[:, :rows, :columns] = values[:, :rows, :columns]
        return clipped

    def _repeat_edge(self, level: int, cell: Cell, values: Probabilities) -> Probabilities:
        """Let the last pixel inside the frame stand for those beyond, so that means stay true."""
        rows, columns = self._inside(level, cell, values.shape[1])
        if (rows, columns) == values.shape[1:] or not rows or not columns:
            return values
        missing = (values.shape[1] - rows, values.shape[2] - columns)
        inside = values[:, :rows, :columns]
        return np.pad(inside, ((0, 0), (0, missing[0]), (0, missing[1])), mode="edge")


def _halve(values: Probabilities) -> Probabilities:
    """Mean of 2 × 2 pixels, halves rounded up."""
    half = (values.shape[2] // 2, values.shape[1] // 2)
    return np.stack([cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in values])
