"""A GeoJSON feature as elements of a DSA document: as many as it has parts.

What an element has no place for stands in ``user.geojson``, in each of the elements: with it,
and as long as nobody has changed them, the feature comes back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from histoloop.annotations.geojson.colors import feature_color, fill_color, line_color
from histoloop.annotations.geojson.features import (
    DSA,
    CannotHoldError,
    Element,
    Feature,
    Geometry,
    completed,
    feature_of,
)

GEOJSON: Final = "geojson"
"""Key in an element's ``user`` that holds what is the feature's own."""

_LINE_WIDTH: Final = 2
_PARTS_OF: Final = {
    "MultiPoint": "Point",
    "MultiLineString": "LineString",
    "MultiPolygon": "Polygon",
}


def elements_of(feature: Feature) -> list[Element]:
    """The elements that draw a feature.

    Raises:
        CannotHoldError: it has no geometry, or one that cannot be drawn.
    """
    element = _returned(feature)
    return [element] if element else drawn(feature)


def drawn(feature: Feature) -> list[Element]:
    """Elements made anew, each with the feature around them."""
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        raise CannotHoldError("has no geometry")
    style = _style(feature)
    parts = [_shape(one) for one in parts_of(geometry)]
    around = {
        "feature": _rest(feature),
        "geometry": _without_positions(geometry),
        "parts": len(parts),
    }
    return [
        {**style, **part, "user": {GEOJSON: {**around, "part": number}}}
        for number, part in enumerate(parts)
    ]


def gathered(elements: list[Element]) -> Feature | None:
    """The feature whose parts these elements are; `None` when they are not, or were changed."""
    around = part_of(elements[0])
    if around is None or around.get("parts") != len(elements):
        return None
    try:
        geometry = _with_positions(around["geometry"], iter(elements))
        feature = {"type": "Feature", "geometry": geometry, **around["feature"]}
        bare = [{key: one[key] for key in one if key != "id"} for one in elements]
        return feature if drawn(feature) == bare else None
    except (CannotHoldError, KeyError, TypeError, StopIteration, RuntimeError):
        return None


def part_of(element: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an element says of the feature that it is a part of."""
    user = element.get("user")
    around = user.get(GEOJSON) if isinstance(user, dict) else None
    return around if isinstance(around, dict) else None


def parts_of(geometry: Geometry) -> Iterator[Geometry]:
    """The single geometries that one consists of.

    Raises:
        CannotHoldError: there are none.
    """
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        inner = geometry.get("geometries")
        found = [part for one in inner or [] if isinstance(one, dict) for part in parts_of(one)]
    elif kind in _PARTS_OF:
        coordinates = geometry.get("coordinates")
        members = coordinates if isinstance(coordinates, list) else []
        found = [{"type": _PARTS_OF[kind], "coordinates": one} for one in members]
    else:
        found = [geometry]
    if not found:
        raise CannotHoldError("is empty")
    yield from found


def _returned(feature: Feature) -> Element | None:
    """The element that a feature was made from, unless the feature has been changed since."""
    properties = feature.get("properties")
    said = properties.get(DSA) if isinstance(properties, dict) else None
    kept = said.get("element") if isinstance(said, dict) else None
    geometry = feature.get("geometry")
    if not isinstance(kept, dict) or not isinstance(geometry, dict):
        return None
    try:
        element = completed(kept, geometry)
        return element if _shown(feature_of(element)) == _shown(feature) else None
    except (CannotHoldError, KeyError, TypeError, ValueError, IndexError):
        return None


def _rest(feature: Feature) -> dict[str, Any]:
    """All of a feature that no element has a place for."""
    rest = {key: value for key, value in feature.items() if key != "geometry"}
    if isinstance(properties := rest.get("properties"), dict):
        rest["properties"] = {key: properties[key] for key in properties if key != DSA}
    return rest


def _shown(feature: Feature) -> tuple[Any, dict[str, Any]]:
    """What a program that knows nothing of the DSA sees and may change."""
    seen = {key: value for key, value in feature["properties"].items() if key != DSA}
    return feature["geometry"], seen


def _style(feature: Feature) -> Element:
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    classified = properties.get("classification")
    group = classified.get("name") if isinstance(classified, dict) else classified
    name = properties.get("name")
    rgb = feature_color(properties)
    style: Element = {}
    if isinstance(group, str) and group:
        style["group"] = group
    if label := next((one for one in (name, group) if isinstance(one, str) and one), None):
        style["label"] = {"value": label}
    if rgb:
        style |= {"lineColor": line_color(rgb), "fillColor": fill_color(rgb)}
    return style | {"lineWidth": _LINE_WIDTH}


def _shape(geometry: Geometry) -> Element:
    """The shape of a single geometry."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        return {"type": "point", "center": _points([coordinates], 1)[0]}
    if kind == "LineString":
        return {"type": "polyline", "closed": False, "points": _points(coordinates, 2)}
    if kind != "Polygon" or not isinstance(coordinates, list) or not coordinates:
        raise CannotHoldError(f"a {kind} cannot be drawn" if kind != "Polygon" else "is empty")
    outline, *holes = [_ring(ring) for ring in coordinates]
    if geometry.get("isEllipse") is True:
        return _ellipse(outline)
    return {"type": "polyline", "closed": True, "points": outline, "holes": holes}


def _ellipse(outline: list[list[float]]) -> Element:
    """Upright, within the box of its outline."""
    across, down = ([point[axis] for point in outline] for axis in (0, 1))
    return {
        "type": "ellipse",
        "center": [(min(across) + max(across)) / 2, (min(down) + max(down)) / 2, 0],
        "width": max(across) - min(across),
        "height": max(down) - min(down),
    }


def _ring(positions: object) -> list[list[float]]:
    """A ring without its first point said again at the end."""
    points = _points(positions, 4)
    if points[0] != points[-1]:
        raise CannotHoldError("a ring does not end where it begins")
    return points[:-1]


def _points(positions: object, least: int) -> list[list[float]]:
    if not isinstance(positions, list) or len(positions) < least:
        raise CannotHoldError(f"has fewer than {least} positions")
    return [_point(position) for position in positions]


def _point(position: object) -> list[float]:
    if not isinstance(position, list) or not 2 <= len(position) <= 3:
        raise CannotHoldError("a position is not two or three numbers")
    for value in position:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise CannotHoldError("a position is not two or three numbers")
    return [*position, 0][:3]


def _without_positions(geometry: Geometry) -> Geometry:
    """A geometry's frame; of an ellipse all of it, because the element has no outline."""
    if geometry.get("isEllipse") is True:
        return geometry
    if isinstance(inner := geometry.get("geometries"), list):
        return {**geometry, "geometries": [_without_positions(one) for one in inner]}
    coordinates = geometry.get("coordinates")
    count = len(coordinates) if geometry.get("type") in _PARTS_OF and coordinates else 0
    return {**geometry, "coordinates": count}


def _with_positions(frame: Geometry, elements: Iterator[Element]) -> Geometry:
    if isinstance(frame.get("coordinates"), list):
        next(elements)
        return frame
    if isinstance(inner := frame.get("geometries"), list):
        return {**frame, "geometries": [_with_positions(one, elements) for one in inner]}
    if frame["type"] in _PARTS_OF:
        members = [_positions(next(elements)) for _ in range(frame["coordinates"])]
        return {**frame, "coordinates": members}
    return {**frame, "coordinates": _positions(next(elements))}


def _positions(element: Element) -> Any:
    """Coordinates as they were; a third number that is 0 was none."""
    if element["type"] == "point":
        return _flat(element["center"])
    points = [_flat(point) for point in element["points"]]
    if not element.get("closed"):
        return points
    rings = [points, *([_flat(point) for point in hole] for hole in element.get("holes", []))]
    return [[*ring, ring[0]] for ring in rings]


def _flat(point: list[float]) -> list[float]:
    return point if point[2] else point[:2]
