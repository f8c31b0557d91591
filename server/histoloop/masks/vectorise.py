"""Mask → polygons that are light enough to draw and still say what the mask says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box
from histoloop.masks.fidelity import Fidelity
from histoloop.masks.shape_file import ShapeFile
from histoloop.masks.shapes import Shapes
from histoloop.masks.trace import STRIP_PIXELS, ReadMargin, strips, trace_strips

TOLERANCE_PX = 0.5
"""Spares two vertices of three, and no pixel."""

VERTICES = 10_000_000
"""Of one class at most: a file of some 250 MB, more than any viewer can show."""

LEAST_IOU = 0.99
"""Where specks are more than a hundredth of a class, they are what the mask says."""


@dataclass(frozen=True)
class VectorLayer:
    """The polygons of one class, in mask pixels.

    Attributes:
        shapes: the polygons, on disk if they are many.
        tolerance_px: how far an outline may have been moved.
        shared, united: mask pixels of the intersection and of the union with the mask.
    """

    shapes: ShapeFile
    tolerance_px: float
    shared: int
    united: int

    @property
    def iou(self) -> float:
        """Of the mask and the rasterised polygons; 1 where both are empty."""
        return self.shared / self.united if self.united else 1.0

    @property
    def polygons(self) -> list[Polygon]:
        """All of them, in memory."""
        return [polygon for shapes in self.shapes for polygon in shapes.polygon_array()]

    @property
    def holes(self) -> int:
        return int(self.shapes.rings.sum()) - len(self.shapes)

    @property
    def vertices(self) -> int:
        return int(self.shapes.vertices.sum())


def vectorise(
    read_margin: ReadMargin,
    regions: Sequence[Box],
    smallest: float,
    *,
    budget: int = VERTICES,
    folder: Path | None = None,
) -> VectorLayer:
    """Trace a class, drop specks and pinholes, and simplify as far as needed.

    The tolerance is the smallest that keeps the budget: `TOLERANCE_PX`, at which no pixel
    changes, or a power of two, at which squares of so many pixels a side are traced as one.

    Args:
        regions: where to look, one after the other; disjoint, and no outline leads from one into
            another.
        smallest: area in px² below which a polygon is left out and a hole filled, unless there are
            so many that the layer would miss `LEAST_IOU`.
        budget: vertices at most, if a few polygons can have so few.
        folder: where polygons wait if they are many.
    """
    side, longest = 1, max((max(box.width, box.height) for box in regions), default=0)
    while True:
        grids = [_Grid(read_margin, box, side, Fidelity(box, folder)) for box in regions]
        shapes = _trace(grids, smallest, math.inf if side >= longest else budget, folder)
        if shapes is not None:
            tolerance = TOLERANCE_PX if side == 1 else float(side)
            counts = [grid.fidelity.count() for grid in grids]
            shared, united = (sum(count[at] for count in counts) for at in (0, 1))
            layer = VectorLayer(shapes, tolerance, shared, united)
            if not smallest or side > 1 or layer.iou >= LEAST_IOU:
                return layer
            smallest = 0.0
        else:
            side *= 2


@dataclass(frozen=True)
class _Grid:
    """The mask in squares of ``side`` pixels, from the region's corner."""

    read_margin: ReadMargin
    region: Box
    side: int
    fidelity: Fidelity

    @property
    def box(self) -> Box:
        return Box(0, 0, -(-self.region.width // self.side), -(-self.region.height // self.side))

    def read(self, box: Box) -> NDArray[np.int16]:
        """Mean margins of squares, never 0; what is read is counted as the mask."""
        top, bottom = (self.region.y + row * self.side for row in (box.y, box.bottom))
        whole = Box.between(self.region.x, top, self.region.right, bottom)
        bands = strips(whole.intersect(self.region), STRIP_PIXELS, self.side)
        return np.concatenate([self._read(band) for band in bands])

    def _read(self, band: Box) -> NDArray[np.int16]:
        margin = self.read_margin(band)
        self.fidelity.add_mask(band, margin > 0)
        return margin if self.side == 1 else _means(margin, self.side)

    def placed(self, shapes: Shapes) -> Shapes:
        """In mask pixels. Squares that reach beyond the region make all a trifle smaller."""
        scale = (self.region.width / self.box.width, self.region.height / self.box.height)
        return shapes.mapped((self.region.x, self.region.y), scale)


def _means(margin: NDArray[np.int16], side: int) -> NDArray[np.int16]:
    height, width = (-(-length // side) * side for length in margin.shape)
    missing = (height - margin.shape[0], width - margin.shape[1])
    padded = np.pad(margin, ((0, missing[0]), (0, missing[1])), mode="edge")
    squares = padded.reshape(height // side, side, width // side, side)
    total = squares.sum(axis=(1, 3), dtype=np.int64)
    means = np.maximum(np.abs(total) // side**2, 1)
    return np.asarray(np.where(total > 0, means, -means), np.int16)


def _trace(
    grids: Sequence[_Grid], smallest: float, budget: float, folder: Path | None
) -> ShapeFile | None:
    """The polygons; `None` if they have more vertices than wanted."""
    file, vertices = ShapeFile(folder), 0
    for grid in grids:
        for shapes in trace_strips(grid.read, grid.box, TOLERANCE_PX, smallest / grid.side**2):
            vertices += len(shapes.points)
            if vertices > budget:
                return None
            placed = grid.placed(shapes)
            file.append(placed)
            grid.fidelity.add(placed)
    return file
