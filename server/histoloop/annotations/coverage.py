"""Which pixels an outline covers, by the rule of the field's masks.

HistomicsTK fills with PIL: a vertex names a pixel, and an area holds the pixels whose middle
its outline encloses (even-odd) and in every row those that the outline passes through. This is
that rule, for any choice of base pixels: a mask at another scale is the base mask looked at in
the middle of each of its pixels, without the base mask being drawn. The rim of a hole belongs
to the area.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box, Scale

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

Crossings = NDArray[np.float64]

Corners = Indices
"""``(n, 2)`` int64: column and row of the base pixel that each vertex of a ring names."""

_AT_ONCE = 4_000_000
"""Crossings of outlines with rows that are held at a time."""


@dataclass(frozen=True)
class Lattice:
    """The base pixels that are looked at: some columns of some rows, both ascending."""

    columns: Indices
    rows: Indices

    @classmethod
    def of(cls, level: Box, scale: Scale) -> Lattice:
        """The base pixel in the middle of each pixel of a level box."""
        return cls(
            np.floor((np.arange(level.x, level.right) + 0.5) * scale.x).astype(np.int64),
            np.floor((np.arange(level.y, level.bottom) + 0.5) * scale.y).astype(np.int64),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)

    def near(self, box: Box) -> tuple[slice, slice]:
        """Where those lie that are in a base box."""
        return (
            slice(*np.searchsorted(self.rows, (box.y, box.bottom)).tolist()),
            slice(*np.searchsorted(self.columns, (box.x, box.right)).tolist()),
        )

    def __getitem__(self, part: tuple[slice, slice]) -> Lattice:
        return Lattice(self.columns[part[1]], self.rows[part[0]])


def box_of(corners: Corners) -> Box:
    """The base box of all pixels that a ring runs over."""
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0) + 1
    return Box.between(int(left), int(top), int(right), int(bottom))


def covered(rings: Sequence[Corners], lattice: Lattice) -> Mask:
    """Bool of the lattice's shape: what the outline ``rings[0]`` covers less its holes.

    Takes time with the rows that the outline crosses, memory with the lattice's size.
    """
    outline, *holes = rings
    inside, rim = _fill(outline, lattice)
    mask = inside | rim
    for hole in holes:
        part = lattice.near(box_of(hole))
        inside, rim = _fill(hole, lattice[part])
        mask[part] &= rim | ~inside
    return mask


def _fill(ring: Corners, lattice: Lattice) -> tuple[Mask, Mask]:
    """The pixels whose middle a ring encloses, and those that it runs over."""
    flips = np.zeros((len(lattice.rows), len(lattice.columns) + 1), np.uint8)
    rim = np.zeros(lattice.shape, bool)
    if not rim.size:
        return rim, rim
    start, stop = ring, np.roll(ring, -1, axis=0)
    top, bottom = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    first = np.searchsorted(lattice.rows, top)
    last = np.searchsorted(lattice.rows, bottom, side="right")
    for edge, step in _spread(np.where(top < bottom, last - first, 0)):
        row = first[edge] + step
        (x0, y0), (x1, y1) = start[edge].T, stop[edge].T
        crossing = x0 + (lattice.rows[row] - y0) * (x1 - x0) / (y1 - y0)  # whole until divided
        _mark(rim, row, crossing, lattice.columns)
        counts = lattice.rows[row] < bottom[edge]  # a corner belongs to one of its two edges
        _flip(flips, row[counts], crossing[counts], lattice.columns)
    _mark_level(rim, start[top == bottom], stop[top == bottom], lattice)
    np.bitwise_xor.accumulate(flips, axis=1, out=flips)
    return np.asarray(flips[:, :-1].view(bool)), rim


def _flip(flips: NDArray[np.uint8], row: Indices, x: Crossings, columns: Indices) -> None:
    """Change the parity of each row from the first column on that is not left of a crossing."""
    before = x <= columns[0]
    flips[:, 0] ^= np.bincount(row[before], minlength=len(flips)).astype(np.uint8) & 1
    within = ~before & (x <= columns[-1])
    place = np.searchsorted(columns, x[within])
    np.bitwise_xor.at(flips, (row[within], place), 1)


def _mark(rim: Mask, row: Indices, x: Crossings, columns: Indices) -> None:
    """Set the pixel that is crossed in each row; midway between two, it is left to the filling."""
    near = (x > columns[0] - 1) & (x < columns[-1] + 1)
    row, x = row[near], x[near]
    nearest = np.rint(x)
    place = np.minimum(np.searchsorted(columns, nearest), len(columns) - 1)
    hit = (columns[place] == nearest) & (np.abs(x - nearest) < 0.5)
    rim[row[hit], place[hit]] = True


def _mark_level(rim: Mask, start: Corners, stop: Corners, lattice: Lattice) -> None:
    """Set all pixels of edges that run along a row."""
    row = np.searchsorted(lattice.rows, start[:, 1])
    left = np.searchsorted(lattice.columns, np.minimum(start[:, 0], stop[:, 0]))
    right = np.searchsorted(lattice.columns, np.maximum(start[:, 0], stop[:, 0]), side="right")
    on = np.append(lattice.rows, np.iinfo(np.int64).max)[row] == start[:, 1]
    for edge, step in _spread(np.where(on, right - left, 0)):
        rim[row[edge], left[edge] + step] = True


def _spread(counts: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each index as often as its count, with 0, 1, … beside it; a bounded number at a time."""
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        part = counts[begin:end]
        index = np.repeat(np.arange(begin, end), part)
        yield index, np.arange(len(index)) - np.repeat(ends[begin:end] - part - before, part)
        begin = end
