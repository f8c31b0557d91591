"""Many polygons in few arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
_Values = TypeVar("_Values", bound=np.generic)


@dataclass(frozen=True)
class Shapes:
    """Polygons with holes, in pixels of some frame.

    Exteriors run clockwise on the screen, holes the other way; a ring's last point is not its
    first again.

    Attributes:
        points: ``(points, 2)``.
        rings: ``(rings + 1,)``, where rings begin among the points, and the last ends.
        polygons: ``(polygons + 1,)``, the same of polygons among the rings; exterior first.
    """

    points: Floats
    rings: Integers
    polygons: Integers

    @classmethod
    def of(cls, polygons: Sequence[Polygon]) -> Shapes:
        """The shapes of shapely's polygons."""
        turned = shapely.orient_polygons(np.asarray(polygons, object), exterior_cw=False)
        _, points, offsets = shapely.to_ragged_array(list(turned)) if polygons else _NONE
        rings, firsts = offsets
        last = np.zeros(len(points), bool)
        last[rings[1:] - 1] = True
        return cls(points[~last, :2], rings - np.arange(len(rings)), firsts)

    def __len__(self) -> int:
        return len(self.polygons) - 1

    def polygon_array(self) -> NDArray[np.object_]:
        """As shapely's."""
        if not len(self):
            return np.zeros(0, object)
        lengths = np.diff(self.rings) + 1
        rings = offsets_of(lengths)
        source = np.arange(rings[-1]) - np.repeat(np.arange(len(lengths)), lengths)
        source[rings[1:] - 1] = self.rings[:-1]
        return np.asarray(
            shapely.from_ragged_array(
                shapely.GeometryType.POLYGON, self.points[source], (rings, self.polygons)
            )
        )

    def following(self) -> Floats:
        """``(points, 2)``: the point after each."""
        after = np.arange(1, len(self.points) + 1)
        after[self.rings[1:] - 1] = self.rings[:-1]
        return self.points[after]

    def mapped(self, origin: tuple[float, float], scale: tuple[float, float]) -> Shapes:
        """Scaled, then moved."""
        return Shapes(self.points * scale + origin, self.rings, self.polygons)

    def bounds(self) -> Floats:
        """``(polygons, 4)``: left, top, right, bottom."""
        if not len(self):
            return np.zeros((0, 4))
        firsts = self.rings[self.polygons[:-1]]
        low = np.minimum.reduceat(self.points, firsts)
        return np.hstack([low, np.maximum.reduceat(self.points, firsts)])


_NONE = (None, np.zeros((0, 2)), (np.zeros(1, np.int64), np.zeros(1, np.int64)))


def areas(points: Floats, rings: Integers) -> Floats:
    """``(rings,)`` px² by the shoelace formula; positive if clockwise on the screen."""
    if len(rings) < 2:
        return np.zeros(0)
    after = np.arange(1, len(points) + 1)
    after[rings[1:] - 1] = rings[:-1]
    x, y = points.T
    return np.asarray(np.add.reduceat(x * y[after] - x[after] * y, rings[:-1]) / 2)


def offsets_of(lengths: Integers) -> NDArray[np.int64]:
    """Where each begins that follows the one before, and where the last ends."""
    return np.concatenate([[0], np.cumsum(lengths)])


def gather(
    values: NDArray[_Values], offsets: Integers, order: Integers
) -> tuple[NDArray[_Values], Integers]:
    """Stretches of an array in another order, or some of them, and their offsets."""
    lengths = np.diff(offsets)[order]
    fresh = offsets_of(lengths)
    source = np.arange(fresh[-1]) + np.repeat(offsets[:-1][order] - fresh[:-1], lengths)
    return values[source], fresh
