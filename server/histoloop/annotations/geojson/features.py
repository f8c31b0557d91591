"""An element of a DSA document as a GeoJSON feature.

What GeoJSON has no place for stands in ``properties.dsa``: with it, and as long as nobody has
changed the feature, the element comes back exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from shapely import Polygon

from histoloop.annotations.elements import group_of, read_elements
from histoloop.annotations.geojson.colors import parse_color
from histoloop.errors import AnnotationError

Feature = dict[str, Any]
Geometry = dict[str, Any]
Element = dict[str, Any]

DSA: Final = "dsa"
"""Property of a feature, and member of a collection, that holds what is the DSA's own."""

_CLOSED: Final = "closed"
"""Kept in the place of points that say the first one again at the end, as GeoJSON does."""

_SHAPES: Final = ("rectangle", "rectanglegrid", "ellipse", "circle")
_AS: Final[Mapping[str, str]] = {
    "rectanglegrid": "its outline without the grid",
    "ellipse": "a polygon",
    "circle": "a polygon",
    "arrow": "a line without its head",
}


class CannotHoldError(AnnotationError):
    """An element or a feature has no counterpart, and why; caught, counted and said."""


def feature_of(element: Element) -> Feature:
    """A feature that shows an element.

    Raises:
        CannotHoldError: it is not made of points, lines or areas, or it is malformed.
    """
    geometry = geometry_of(element)
    kept = {"element": _kept(element, geometry)}
    properties = {"objectType": "annotation", **_class(element), DSA: kept}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _kept(element: Element, geometry: Geometry) -> Element:
    """As little of an element as makes it whole again with its geometry."""
    style = {key: value for key, value in element.items() if key != "points"}
    if style.get("holes"):
        del style["holes"]
    for kept in (style, {**style, "points": _CLOSED}):
        if completed(kept, geometry) == element:
            return kept
    return element


def completed(kept: Element, geometry: Geometry) -> Element:
    """An element from what was kept of it and its geometry."""
    if kept.get("type") != "polyline" or isinstance(kept.get("points"), list):
        return kept
    coordinates = geometry.get("coordinates", [])
    if geometry.get("type") == "LineString":
        return {**kept, "points": _raised(coordinates)}
    if geometry.get("type") != "Polygon":
        return kept
    outline, *holes = [_raised(ring[:-1]) for ring in coordinates]
    if kept.get("points") == _CLOSED:
        outline.append(outline[0])
    return {**kept, "points": outline} | ({"holes": holes} if holes else {})


def oddity(element: Element) -> str:
    """What is odd about an element as a feature, though it can be held; empty if nothing is."""
    kind = element["type"]
    if kind in _AS:
        return f"written as {_AS[kind]}"
    if kind != "polyline" or element.get("closed") is not True:
        return ""
    geometry = geometry_of(element)
    if geometry["type"] == "LineString":
        return "is closed but encloses nothing: written as a line"
    outline, *holes = [[place[:2] for place in ring] for ring in geometry["coordinates"]]
    if len(holes) < len(element.get("holes") or []):
        return "has a hole that encloses nothing"
    return "" if Polygon(outline, holes).is_valid else "crosses itself, or encloses nothing"


def geometry_of(element: Element) -> Geometry:
    """The GeoJSON geometry of an element.

    Raises:
        CannotHoldError: it has none.
    """
    if not isinstance(element, dict):
        raise CannotHoldError("is no object")
    kind = element.get("type")
    if kind == "polyline" and element.get("closed") is True:
        return _area(element)
    read = read_elements({"elements": [element]})
    if read.refused:
        raise CannotHoldError(read.refused[0].reason)
    rings = read.elements[0].rings
    if kind == "point":
        return {"type": "Point", "coordinates": _lowered([element["center"]])[0]}
    if kind in _SHAPES:
        ring = rings[0].tolist()
        shape: Geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        upright = kind in ("ellipse", "circle") and not element.get("rotation")
        return shape | ({"isEllipse": True} if upright else {})
    return {"type": "LineString", "coordinates": _lowered(element["points"])}


def _area(element: Element) -> Geometry:
    rings = [element.get("points"), *(element.get("holes") or [])]
    try:
        lowered = [_lowered(ring) for ring in rings]
    except (TypeError, ValueError, IndexError):
        raise CannotHoldError("its points are not all (x, y, z) numbers") from None
    closed = [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in lowered]
    if len(closed[0]) < 4:
        return {"type": "LineString", "coordinates": lowered[0]}
    return {"type": "Polygon", "coordinates": [ring for ring in closed if len(ring) >= 4]}


def _lowered(points: Sequence[Sequence[float]]) -> list[list[float]]:
    """Positions, without the third number where it is 0."""
    positions = []
    for x, y, *z in points:
        for number in (x, y, *z):
            if isinstance(number, bool) or not isfinite(number):
                raise TypeError(number)
        positions.append([x, y, z[0]] if z and z[0] else [x, y])
    if not positions:
        raise ValueError("no points")
    return positions


def _raised(positions: Sequence[Sequence[float]]) -> list[list[float]]:
    """DSA points: always three numbers."""
    return [[one[0], one[1], one[2] if len(one) > 2 else 0] for one in positions]


def _class(element: Element) -> dict[str, Any]:
    """Name, class and colour, where QuPath looks for them."""
    group, label = group_of(element), element.get("label")
    name = label.get("value") if isinstance(label, dict) else None
    color = parse_color(element.get("lineColor"))
    said: dict[str, Any] = {}
    if name and name != group:
        said["name"] = name
    if group:
        said["classification"] = {"name": group} | ({"color": list(color)} if color else {})
    elif color:
        said["color"] = list(color)
    return said
