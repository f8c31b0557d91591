"""Mask → polygons.

The outline of a class is the zero line of its margin, interpolated between pixel centres. Its
vertices lie on the lines between neighbouring centres, of which each is crossed at most once:
rings are closed, simple and disjoint, holes are known as holes. Filling a polygon by its pixel
centres gives back the mask exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box
from histoloop.masks.crossings import OUTWARDS, Pieces, follow
from histoloop.masks.seams import Seams
from histoloop.masks.shapes import Shapes
from histoloop.masks.sleeve import straighten

STRIP_PIXELS = 4_000_000
"""Traced in one piece; held in some 20 bytes a pixel."""

ReadMargin = Callable[[Box], NDArray[np.int16]]


def trace(read_margin: ReadMargin, region: Box) -> list[Polygon]:
    """Polygons with holes, in pixels of the mask's frame, of where a margin is positive.

    Args:
        read_margin: gives ``(rows, cols)`` of a box, as `labels.margin` computes it.
        region: where to look; outlines are closed along its border.
    """
    found = trace_strips(read_margin, region)
    return [polygon for shapes in found for polygon in shapes.polygon_array()]


def trace_strips(
    read_margin: ReadMargin, region: Box, tolerance: float = 0.0, smallest: float = 0.0
) -> Iterator[Shapes]:
    """The same as they come, in strips of full width that are read once each, in turn.

    Args:
        tolerance: px by which an outline may pass a line between two centres elsewhere, if that
            spares vertices; it bounds the same pixels.
        smallest: area in px² below which a polygon is dropped and a hole filled.
    """
    seams = Seams(smallest)
    last_row: NDArray[np.int16] | None = None
    for box in strips(region, STRIP_PIXELS):
        rows = read_margin(box)
        first, last = last_row is None, box.bottom == region.bottom
        field = _framed(rows, last_row, last)
        last_row = rows[-1:]
        pieces = follow(field, not first, not last)
        pieces = straighten(pieces, tolerance, _on_border(pieces, field, first, last))
        yield seams.add(pieces, pieces.points(box.x - 0.5, box.y - 0.5))


def _on_border(
    pieces: Pieces, field: NDArray[np.int16], first: bool, last: bool
) -> NDArray[np.bool_]:
    """Which crossings lead out of the region, rather than out of the class."""
    out = OUTWARDS[pieces.way]
    column, row = pieces.column + out[:, 0], pieces.row + out[:, 1]
    beside = (column == 0) | (column == field.shape[1] - 1)
    above, below = first & (row == 0), last & (row == field.shape[0] - 1)
    return np.asarray(beside | above | below)


def strips(region: Box, pixels: int, multiple: int = 1) -> list[Box]:
    """Boxes of full width and about so many pixels, from the top.

    Args:
        multiple: of rows, but in the last.
    """
    rows = -(-max(64, pixels // max(1, region.width)) // multiple) * multiple
    return [
        Box.between(region.x, top, region.right, min(top + rows, region.bottom))
        for top in range(region.y, region.bottom, rows)
    ]


def _framed(
    rows: NDArray[np.int16], before: NDArray[np.int16] | None, last: bool
) -> NDArray[np.int16]:
    """A strip below the last row of the one before, closed on its other sides.

    There, what lies beyond the border is the border's negative: outlines then run along the
    outer edge of its pixels.
    """
    height, width = rows.shape
    field = np.empty((height + 1 + last, width + 2), np.int16)
    field[1 : height + 1, 1:-1] = rows
    field[0, 1:-1] = -np.abs(rows[0]) if before is None else before
    if last:
        field[-1, 1:-1] = -np.abs(rows[-1])
    field[:, 0], field[:, -1] = -np.abs(field[:, 1]), -np.abs(field[:, -2])
    return field
