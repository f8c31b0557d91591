"""Polygons on disk, as many as there are, and a table of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from shapely import Polygon

from histoloop.masks.shapes import Floats, Integers, Shapes, gather, offsets_of
from histoloop.masks.spool import Spool

_AT_ONCE = 1_000_000
"""Points that are read back together."""


class ShapeFile:
    """Polygons that are kept as they come and read back by their numbers.

    Args:
        folder: where the file lies if it is not small.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._spool = Spool(folder)
        self._bounds: list[Floats] = [np.zeros((0, 4))]
        self._rings: list[Integers] = [np.zeros(0, np.int64)]
        self._lengths: list[Integers] = [np.zeros(0, np.int64)]

    @classmethod
    def of(cls, polygons: Sequence[Polygon]) -> ShapeFile:
        """A file of these."""
        made = cls()
        made.append(Shapes.of(polygons))
        return made

    def append(self, shapes: Shapes) -> None:
        """Keep more polygons, before any is read."""
        if len(shapes):
            self._spool.append(shapes.points)
            self._bounds.append(shapes.bounds())
            self._rings.append(np.diff(shapes.polygons))
            self._lengths.append(np.diff(shapes.rings))

    def __len__(self) -> int:
        return len(self.rings)

    @cached_property
    def bounds(self) -> Floats:
        """``(polygons, 4)``: left, top, right, bottom."""
        return np.concatenate(self._bounds)

    @cached_property
    def rings(self) -> Integers:
        """``(polygons,)``: rings of each."""
        return np.concatenate(self._rings)

    @cached_property
    def vertices(self) -> Integers:
        """``(polygons,)``: points of all rings of each."""
        return np.diff(self._firsts)

    @cached_property
    def _lengths_of_rings(self) -> Integers:
        return np.concatenate(self._lengths)

    @cached_property
    def _polygons(self) -> Integers:
        return offsets_of(self.rings)

    @cached_property
    def _firsts(self) -> Integers:
        """Where the points of each polygon begin, and the last's end."""
        return offsets_of(self._lengths_of_rings)[self._polygons]

    def take(self, numbers: Integers) -> Shapes:
        """Some of the polygons, in this order."""
        parts = [np.zeros((0, 2))]
        for begin, end in _runs(numbers):
            first, last = self._firsts[begin], self._firsts[end]
            values = self._spool.read(int(first) * 16, int(last - first) * 2, np.float64)
            parts.append(values.reshape(-1, 2))
        lengths, polygons = gather(self._lengths_of_rings, self._polygons, numbers)
        return Shapes(np.concatenate(parts), offsets_of(lengths), polygons)

    def __iter__(self) -> Iterator[Shapes]:
        """All of them, some at a time."""
        group = self._firsts[1:] // _AT_ONCE
        for part in np.split(np.arange(len(self)), np.flatnonzero(np.diff(group)) + 1):
            if len(part):
                yield self.take(part)


def _runs(numbers: Integers) -> Iterator[tuple[int, int]]:
    """First and one past the last of numbers that follow each other."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    for part in np.split(numbers, breaks):
        if len(part):
            yield int(part[0]), int(part[-1]) + 1
