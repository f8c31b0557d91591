"""Mask → polygons that are light enough to draw and still say what the mask says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from histoloop.geometry import Box
from histoloop.masks.rasterize import rasterize
from histoloop.masks.trace import ReadMargin, drop_specks, simplify, trace

TOLERANCES_PX = (0.5, 0.25, 0.1, 0.0)
"""Tried from the lightest; the first that keeps `FAITHFUL` is taken."""

FAITHFUL = 0.99
"""IoU of the mask and its polygons that simplification must leave."""

_BAND_PIXELS = 16_000_000


@dataclass(frozen=True)
class VectorLayer:
    """The polygons of one class, in mask pixels.

    Attributes:
        shared, united: mask pixels of the intersection and of the union with the mask.
    """

    polygons: list[Polygon]
    tolerance_px: float
    shared: int
    united: int

    @property
    def iou(self) -> float:
        """Of the mask and the rasterised polygons; 1 where both are empty."""
        return self.shared / self.united if self.united else 1.0

    @property
    def holes(self) -> int:
        return sum(len(polygon.interiors) for polygon in self.polygons)

    @property
    def vertices(self) -> int:
        return int(shapely.get_num_coordinates(self.polygons).sum()) if self.polygons else 0


def vectorise(read_margin: ReadMargin, region: Box, smallest: float) -> VectorLayer:
    """Trace a class, drop specks and pinholes, and simplify as far as the mask allows.

    Args:
        smallest: area in px² below which a polygon or a hole is left out.
    """
    outlines = drop_specks(trace(read_margin, region), smallest)
    for tolerance in TOLERANCES_PX:
        polygons = simplify(outlines, tolerance)
        layer = VectorLayer(polygons, tolerance, *_agreement(read_margin, region, polygons))
        if layer.iou >= FAITHFUL:
            break
    return layer


def _agreement(read_margin: ReadMargin, region: Box, polygons: list[Polygon]) -> tuple[int, int]:
    """Pixels in both, and in either, counted band by band."""
    shared = united = 0
    tree = shapely.STRtree(polygons)
    for top in range(region.y, region.bottom, rows := max(64, _BAND_PIXELS // region.width)):
        band = Box(region.x, top, region.width, rows).intersect(region)
        near = tree.query(shapely.box(band.x, band.y, band.right, band.bottom))
        drawn = rasterize([polygons[index] for index in near], band)
        mask = read_margin(band) > 0
        shared += int(np.count_nonzero(drawn & mask))
        united += int(np.count_nonzero(drawn | mask))
    return shared, united
