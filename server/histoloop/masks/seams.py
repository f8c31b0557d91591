"""Outlines that go on in the next strip.

A strip's pieces end on the row of pixel centres that it shares with the next one, where this
one's begin: they are told by the column that they cross there. Nothing is computed anew, and no
polygons are united. What bounds the same stretch of pixels belongs to the same polygon, and of
its rings the one that runs clockwise is the exterior.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from histoloop.masks.crossings import DOWN, UP, Floats, Integers, Pieces, walk
from histoloop.masks.shapes import Shapes, areas, gather, offsets_of

_SPARE = 1_000_000
"""Points that nobody waits for and that may stay."""


@dataclass(frozen=True)
class _Known:
    """Pieces of polygons that are not whole.

    Attributes:
        first, length: where their points lie; without the last point of those that are open.
        following: the piece that each goes on in; itself if closed, -1 if not known yet.
        starts, ends: column on the strip's last row, where it comes from below or leaves; or -1.
        region: number of the polygon.
    """

    first: Integers
    length: Integers
    following: Integers
    starts: Integers
    ends: Integers
    region: Integers

    def __len__(self) -> int:
        return len(self.following)

    def some(self, chosen: NDArray[np.bool_]) -> _Known:
        """Those chosen; what each goes on in must be among them."""
        renumbered = np.append(np.cumsum(chosen) - 1, -1)
        kept = {one.name: getattr(self, one.name)[chosen] for one in fields(self)}
        return _Known(**kept | {"following": renumbered[self.following[chosen]]})


_NOTHING = _Known(*[np.zeros(0, np.int64)] * 6)


class Seams:
    """Joins the pieces of strips, from the top, and gives away what is whole.

    Args:
        smallest: area in px² below which a polygon is dropped and a hole filled.
    """

    def __init__(self, smallest: float) -> None:
        self._smallest = smallest
        self._waiting = _NOTHING
        self._points, self._used = np.zeros((0, 2)), 0

    def add(self, pieces: Pieces, points: Floats) -> Shapes:
        """Take the next strip; returns the polygons that end in it.

        Args:
            points: of the pieces, in a frame that all strips have in common.
        """
        old, (new, entering, leaving) = self._waiting, _fresh(pieces)
        going_on = np.where(new.following >= 0, new.following + len(old), -1)
        unknown = np.full(len(old), -1)
        known = _Known(
            np.concatenate([old.first, new.first + self._keep(points)]),
            np.concatenate([old.length, new.length]),
            np.concatenate([old.following, going_on]),
            np.concatenate([unknown, new.starts]),
            np.concatenate([unknown, new.ends]),
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
        whole = self._whole(known.some(~waits))
        waits[len(old) :] &= ~self._pinholes(pieces, points)
        self._waiting = known.some(waits)
        self._drop()
        return whole

    def _keep(self, points: Floats) -> int:
        """Store points behind the others; returns where."""
        place, self._used = self._used, self._used + len(points)
        if self._used > len(self._points):
            grown = np.empty((2 * self._used, 2))
            grown[:place] = self._points[:place]
            self._points = grown
        self._points[place : self._used] = points
        return place

    def _drop(self) -> None:
        """Forget points that nobody waits for, once they are most of all."""
        waiting = self._waiting
        if self._used > 2 * waiting.length.sum() + _SPARE:
            self._points = self._gathered(waiting)
            self._used = len(self._points)
            first = offsets_of(waiting.length)[:-1]
            self._waiting = replace(waiting, first=first)

    def _gathered(self, known: _Known) -> Floats:
        begins = offsets_of(known.length)
        shift = np.repeat(known.first - begins[:-1], known.length)
        return np.asarray(self._points[np.arange(begins[-1]) + shift])

    def _pinholes(self, pieces: Pieces, points: Floats) -> NDArray[np.bool_]:
        """Closed pieces that nobody will miss: huge polygons have most of them."""
        size = areas(points, pieces.offsets)
        return np.asarray(pieces.closed & (size < 0) & (size > -self._smallest))

    def _whole(self, known: _Known) -> Shapes:
        points, begins = self._gathered(known), offsets_of(known.length)
        order, rings = walk(known.following, np.arange(len(known)))
        region = known.region[order[rings[:-1]]]
        points, parts = gather(points, begins, order)
        whole = parts[rings]
        size = areas(points, whole)
        sorted_ = np.lexsort((size < 0, region))
        region, size = region[sorted_], size[sorted_]
        exterior = np.flatnonzero(np.diff(region, prepend=-1))
        counts = np.diff(np.append(exterior, len(region)))
        kept = (np.abs(size) >= self._smallest) & np.repeat(
            size[exterior] >= self._smallest, counts
        )
        points, offsets = gather(points, whole, sorted_[kept])
        return Shapes(points, offsets, _firsts(region[kept]))


def _fresh(pieces: Pieces) -> tuple[_Known, Integers, Integers]:
    """A strip's pieces, and where they come from, or go to, the strip above: columns, or -1."""
    first, last = pieces.offsets[:-1], pieces.offsets[1:] - 1
    column = pieces.column - (pieces.way == UP)
    starts, ends, entering, leaving = (
        np.where(~pieces.closed & (pieces.way[at] == way), column[at], -1)
        for at, way in ((first, UP), (last, DOWN), (first, DOWN), (last, UP))
    )
    numbers = np.arange(len(first))
    following = np.where(pieces.closed, numbers, -1)
    known = _Known(first, last + pieces.closed - first, following, starts, ends, numbers)
    return known, entering, leaving


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
