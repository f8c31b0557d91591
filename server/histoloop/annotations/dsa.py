"""Annotations as the Digital Slide Archive stores them (large_image_annotation's schema)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from histoloop.annotations.annotation import Annotation, Outline

Document = dict[str, Any]
"""An annotation document; coordinates are (x, y, 0) in base pixels."""

_FILL_OPACITY = 0.25
_LINE_WIDTH = 2


def to_document(annotation: Annotation) -> Document:
    """An annotation as a DSA document."""
    return {
        "name": annotation.name,
        "description": annotation.description,
        "attributes": dict(annotation.attributes),
        "elements": [_element(outline) for outline in annotation.outlines],
    }


def _element(outline: Outline) -> Document:
    red, green, blue = outline.label.rgb
    exterior, *holes = _rings(outline.polygon)
    return {
        "type": "polyline",
        "closed": True,
        "points": exterior,
        "holes": holes,
        "group": outline.label.name,
        "label": {"value": outline.label.name},
        "lineColor": f"rgb({red}, {green}, {blue})",
        "fillColor": f"rgba({red}, {green}, {blue}, {_FILL_OPACITY})",
        "lineWidth": _LINE_WIDTH,
    }


def _rings(polygon: Polygon) -> list[list[list[float]]]:
    """Exterior first; to a hundredth of a pixel wherever that keeps the polygon valid."""
    rings = [np.asarray(ring.coords)[:-1] for ring in (polygon.exterior, *polygon.interiors)]
    rounded = [np.round(ring, 2) for ring in rings]
    if shapely.is_valid(Polygon(rounded[0], rounded[1:])):
        rings = rounded
    return [_points(ring) for ring in rings]


def _points(ring: NDArray[np.float64]) -> list[list[float]]:
    points: list[list[float]] = np.column_stack([ring, np.zeros(len(ring))]).tolist()
    return points
