"""Mask → polygons.

The outline of a class is the zero line of its margin, interpolated between pixel centres
(marching squares, Lorensen & Cline 1987, by contourpy). Its vertices lie on the edges of the
pixel grid, each edge is crossed at most once: rings are closed, simple and disjoint, holes are
known as holes. Filling a polygon by its pixel centres gives back the mask exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.geometry import Box

STRIP_PIXELS = 16_000_000
"""Traced in one piece; contourpy holds some 20 bytes a pixel."""

_Filled = tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]

ReadMargin = Callable[[Box], NDArray[np.int16]]


def trace(read_margin: ReadMargin, region: Box) -> list[Polygon]:
    """Polygons with holes, in pixels of the mask's frame, of where a margin is positive.

    Traced in strips of full width that share a row of pixel centres; what touches that row on
    both sides is joined, the rest is never looked at again.

    Args:
        read_margin: gives ``(rows, cols)`` of a box, as `labels.margin` computes it.
        region: where to look; outlines are closed along its border.
    """
    rows = max(64, STRIP_PIXELS // region.width)
    whole: list[Polygon] = []
    waiting: list[Polygon] = []
    for strip in _strips(region, rows):
        found = _trace_strip(read_margin, strip, region)
        if strip.y == region.y:
            whole, waiting = _divide(found, strip.bottom - 0.5)
            continue
        joined = _join(waiting, found, strip.y + 0.5)
        done, waiting = _divide(joined, strip.bottom - 0.5)
        whole += done
    return whole + waiting


def _strips(region: Box, rows: int) -> Iterator[Box]:
    """Strips whose first row is the last of the one before."""
    top = region.y
    while True:
        bottom = min(top + rows, region.bottom)
        yield Box.between(region.x, top, region.right, bottom)
        if bottom == region.bottom:
            return
        top = bottom - 1


def _trace_strip(read_margin: ReadMargin, strip: Box, region: Box) -> list[Polygon]:
    field = read_margin(strip)
    if field.max(initial=-1) < 0:
        return []
    above, below = int(strip.y == region.y), int(strip.bottom == region.bottom)
    padded = np.pad(field, ((above, below), (1, 1)), mode="edge")
    _close(padded, above, below)
    generator = contourpy.contour_generator(
        z=padded, name="serial", fill_type=contourpy.FillType.OuterOffset
    )
    points, offsets = cast(_Filled, generator.filled(0.0, np.inf))
    origin = np.array([strip.x - 0.5, strip.y + 0.5 - above])
    return [
        _polygon(np.asarray(ring) + origin, offset)
        for ring, offset in zip(points, offsets, strict=True)
    ]


def _close(padded: NDArray[np.int16], above: int, below: int) -> None:
    """Negate what was padded: outlines then run along the outer edge of the border's pixels."""
    sides = [padded[:, 0], padded[:, -1]]
    sides += [padded[0, 1:-1]] * above + [padded[-1, 1:-1]] * below
    for side in sides:
        side[:] = -np.abs(side)


def _polygon(points: NDArray[np.float64], offsets: NDArray[np.uint32]) -> Polygon:
    rings = [points[start:stop] for start, stop in pairwise(offsets)]
    return Polygon(rings[0], rings[1:])


def _divide(polygons: list[Polygon], seam: float) -> tuple[list[Polygon], list[Polygon]]:
    """Those that end above the seam, and those that reach it."""
    if not polygons:
        return [], []
    reaches = shapely.bounds(polygons)[:, 3] >= seam
    pairs = list(zip(polygons, reaches, strict=True))
    return [one for one, hit in pairs if not hit], [one for one, hit in pairs if hit]


def _join(above: list[Polygon], below: list[Polygon], seam: float) -> list[Polygon]:
    """Unite what touches the seam from both sides; both have the same vertices there."""
    if not above or not below:
        return above + below
    touches = shapely.bounds(below)[:, 1] <= seam
    candidates = above + [one for one, hit in zip(below, touches, strict=True) if hit]
    free = [one for one, hit in zip(below, touches, strict=True) if not hit]
    united = shapely.union_all(candidates)
    parts = shapely.get_parts(united)
    return free + [part for part in parts if isinstance(part, Polygon)]


def simplify(polygons: list[Polygon], tolerance: float) -> list[Polygon]:
    """Drop vertices that move an outline by at most ``tolerance`` px (Douglas & Peucker 1973).

    Topology is preserved; should a polygon still come out invalid or empty, it stays as it was.
    """
    if tolerance <= 0 or not polygons:
        return polygons
    simpler = shapely.simplify(polygons, tolerance, preserve_topology=True)
    good = shapely.is_valid(simpler) & ~shapely.is_empty(simpler)
    return [new if fine else old for new, old, fine in zip(simpler, polygons, good, strict=True)]


def drop_specks(polygons: list[Polygon], smallest: float) -> list[Polygon]:
    """Leave out polygons, and fill holes, of less than ``smallest`` px²."""
    kept = [one for one in polygons if Polygon(one.exterior).area >= smallest]
    return [_fill_pinholes(one, smallest) for one in kept]


def _fill_pinholes(polygon: Polygon, smallest: float) -> Polygon:
    holes = [ring for ring in polygon.interiors if Polygon(ring).area >= smallest]
    return polygon if len(holes) == len(polygon.interiors) else Polygon(polygon.exterior, holes)
