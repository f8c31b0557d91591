"""Outlines that go on in the next strip.

A strip's pieces end on the row of pixel centres that it shares with the next one, where this
one's begin: they are told by the column that they cross there. Nothing is computed anew, and no
polygons are united. What bounds the same stretch of pixels belongs to the same polygon, and of
its rings the one that runs clockwise is the exterior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from histoloop.masks.crossings import DOWN, UP, Floats, Integers, Pieces, walk
from histoloop.masks.shapes import Shapes, areas, gather, offsets_of


@dataclass(frozen=True)
class _Known:
    """Pieces of polygons that are not whole.

    Attributes:
        points, offsets: as `Pieces` has them, without the last point of those that are open.
        following: the piece that each goes on in; itself if closed, -1 if not known yet.
        starts, ends: column on the strip's last row, where it comes from below or leaves; or -1.
        region: number of the polygon.
    """

    points: Floats
    offsets: Integers
    following: Integers
    starts: Integers
    ends: Integers
    region: Integers

    def __len__(self) -> int:
        return len(self.following)

    def some(self, chosen: NDArray[np.bool_]) -> _Known:
        """Those chosen; what each goes on in must be among them."""
        points, offsets = gather(self.points, self.offsets, np.flatnonzero(chosen))
        renumbered = np.append(np.cumsum(chosen) - 1, -1)
        return _Known(
            points,
            offsets,
            renumbered[self.following[chosen]],
            self.starts[chosen],
            self.ends[chosen],
            self.region[chosen],
        )


_NOTHING = _Known(np.zeros((0, 2)), np.zeros(1, np.int64), *[np.zeros(0, np.int64)] * 4)


class Seams:
    """Joins the pieces of strips, from the top, and gives away what is whole.

    Args:
        smallest: area in px² below which a polygon is dropped and a hole filled.
    """

    def __init__(self, smallest: float) -> None:
        self._smallest = smallest
        self._waiting = _NOTHING

    def add(self, pieces: Pieces, points: Floats) -> Shapes:
        """Take the next strip; returns the polygons that end in it.

        Args:
            points: of the pieces, in a frame that all strips have in common.
        """
        old, (new, entering, leaving) = self._waiting, _fresh(pieces, points)
        known = _Known(
            np.concatenate([old.points, new.points]),
            np.concatenate([old.offsets, new.offsets[1:] + old.offsets[-1]]),
            np.concatenate(
                [old.following, np.where(new.following >= 0, new.following + len(old), -1)]
            ),
            np.concatenate([np.full(len(old), -1), new.starts]),
            np.concatenate([np.full(len(old), -1), new.ends]),
            np.zeros(0, np.int64),
        )
        down = _same(old.ends, entering), (0, len(old))
        up = _same(leaving, old.starts), (len(old), 0)
        for (one, other), shifts in (down, up):
            known.following[one + shifts[0]] = other + shifts[1]
        known = replace(known, region=_regions(known, old, pieces.beside + len(old)))
        open_regions = np.zeros(known.region.max(initial=-1) + 1, bool)
        open_regions[known.region[(known.starts >= 0) | (known.ends >= 0)]] = True
        waits = open_regions[known.region]
        self._waiting = known.some(waits & ~self._pinholes(known))
        return self._whole(known.some(~waits))

    def _pinholes(self, known: _Known) -> NDArray[np.bool_]:
        """Closed pieces that nobody will miss: huge polygons have most of them."""
        closed = known.following == np.arange(len(known))
        size = areas(known.points, known.offsets)
        return np.asarray(closed & (size < 0) & (size > -self._smallest))

    def _whole(self, known: _Known) -> Shapes:
        order, rings = walk(known.following, np.arange(len(known)))
        region = known.region[order[rings[:-1]]]
        points, offsets = gather(known.points, known.offsets, order)
        offsets = offsets[rings]
        size = areas(points, offsets)
        sorted_ = np.lexsort((size < 0, region))
        region, size = region[sorted_], size[sorted_]
        exterior = np.flatnonzero(np.diff(region, prepend=-1))
        counts = np.diff(np.append(exterior, len(region)))
        kept = (np.abs(size) >= self._smallest) & np.repeat(
            size[exterior] >= self._smallest, counts
        )
        points, offsets = gather(points, offsets, sorted_[kept])
        return Shapes(points, offsets, _firsts(region[kept]))


def _fresh(pieces: Pieces, points: Floats) -> tuple[_Known, Integers, Integers]:
    """A strip's pieces, and where they come from, or go to, the strip above: columns, or -1."""
    first, last = pieces.offsets[:-1], pieces.offsets[1:] - 1
    column = pieces.column - (pieces.way == UP)
    starts, ends, entering, leaving = (
        np.where(~pieces.closed & (pieces.way[at] == way), column[at], -1)
        for at, way in ((first, UP), (last, DOWN), (first, DOWN), (last, UP))
    )
    kept = np.ones(len(points), bool)
    kept[last[~pieces.closed]] = False
    numbers = np.arange(len(first))
    offsets = offsets_of(np.diff(pieces.offsets) - ~pieces.closed)
    following = np.where(pieces.closed, numbers, -1)
    return _Known(points[kept], offsets, following, starts, ends, numbers), entering, leaving


def _same(one: Integers, other: Integers) -> tuple[Integers, Integers]:
    """Pairs of numbers of those with the same column; both have the same columns."""
    first, second = np.flatnonzero(one >= 0), np.flatnonzero(other >= 0)
    return first[np.argsort(one[first])], second[np.argsort(other[second])]


def _regions(known: _Known, old: _Known, beside: Integers) -> Integers:
    """Number of the polygon of each piece."""
    count = len(known)
    linked = np.flatnonzero(known.following >= 0)
    earlier = np.arange(len(old))
    first = np.concatenate([linked, earlier, beside[:, 0]])
    second = np.concatenate([known.following[linked], count + old.region, beside[:, 1]])
    size = count + old.region.max(initial=-1) + 1
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[:count], np.int64)


def _firsts(region: Integers) -> NDArray[np.int64]:
    """Where another polygon's rings begin, and where the last ends."""
    return np.append(np.flatnonzero(np.diff(region, prepend=-1)), len(region))
