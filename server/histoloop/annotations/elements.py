"""DSA annotation elements as geometry in base pixels, each on its own: one bad, the rest stay.

Nothing is dropped silently: an element of a document is either read, perhaps with a warning,
or refused with a reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from histoloop.annotations.dsa import Document
from histoloop.annotations.files import body

Ring = NDArray[np.float64]
"""``(n, 2)`` float64 base pixels, its last point not repeated."""

FARTHEST: Final = 2.0**24
"""Base pixels from the origin beyond which no slide reaches; keeps arithmetic exact."""

_CURVE_ERROR = 0.05
"""Base pixels by which the polygon of a circle may leave it."""

_CHECKED: Final = 100_000
"""Points up to which an outline is searched for crossings: a wild one of more takes minutes."""

_RASTERS = ("pixelmap", "image", "heatmap", "griddata")


@dataclass(frozen=True)
class Element:
    """An element that was understood.

    Attributes:
        index: its place in the document, from 0; kind: its DSA type.
        group: its class; the element's ``group``, else its ``label.value``, else empty.
        rings: of an area its outline, then its holes, as drawn; else the points of a line, or
            one point.
        area: whether it encloses something.
        warning: what is odd about it; empty when nothing is.
    """

    index: int
    kind: str
    group: str
    rings: tuple[Ring, ...]
    area: bool
    warning: str = ""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the outline."""
        (left, top), (right, bottom) = self.rings[0].min(axis=0), self.rings[0].max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def geometry(self) -> BaseGeometry:
        """Shapely geometry in base pixels; a self-crossing outline is filled even-odd.

        Valid, but for areas of more than 100,000 points: those come as they were drawn.
        """
        points = self.rings[0]
        if not self.area:
            return LineString(points) if np.ptp(points, axis=0).any() else Point(points[0])
        polygon = Polygon(points, self.rings[1:])
        if sum(map(len, self.rings)) > _CHECKED or polygon.is_valid:
            return polygon
        return _repaired(self.rings)


@dataclass(frozen=True)
class Refusal:
    """An element that was not understood, and why."""

    index: int
    kind: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """All elements of a document: every index stands in exactly one of both."""

    elements: tuple[Element, ...]
    refused: tuple[Refusal, ...]

    @property
    def complaints(self) -> list[str]:
        """Warnings and refusals in the document's order, one line each."""
        warned = [(one.index, one.kind, one.warning) for one in self.elements if one.warning]
        refused = [(one.index, one.kind, f"refused: {one.reason}") for one in self.refused]
        return [f"element {index} ({kind}): {text}" for index, kind, text in warned + refused]


def read_elements(document: Document) -> Reading:
    """Read the ``elements`` of an annotation document; never raises for what stands in them.

    Args:
        document: with ``elements``, or with an ``annotation`` that has them, as a DSA answers.
    """
    listed = body(document).get("elements", [])
    if not isinstance(listed, list):
        return Reading((), (Refusal(0, "document", "its elements are no list"),))
    read: list[Element] = []
    refused: list[Refusal] = []
    for index, raw in enumerate(listed):
        found = _read(index, raw)
        if isinstance(found, Element):
            read.append(found)
        else:
            refused.append(found)
    return Reading(tuple(read), tuple(refused))


def group_of(raw: Mapping[str, Any]) -> str:
    """``group``, else ``label.value``, else nothing."""
    label = raw.get("label")
    names = (raw.get("group"), label.get("value") if isinstance(label, Mapping) else None)
    return next((name for name in names if isinstance(name, str) and name), "")


class _RefusedError(Exception):
    """Carries the reason out of the readers below."""


def _read(index: int, raw: Any) -> Element | Refusal:
    kind = raw.get("type") if isinstance(raw, Mapping) else type(raw).__name__
    kind = kind if isinstance(kind, str) and kind.isprintable() else "untyped"
    try:
        if not isinstance(raw, Mapping):
            raise _RefusedError("is no object")
        if kind in _RASTERS:
            raise _RefusedError(f"a {kind} is pixels, not an outline")
        if kind not in _READERS:
            raise _RefusedError("an unknown type")
        rings, area = _READERS[kind](raw)
        warning = _check(rings) if area else ""
    except _RefusedError as refusal:
        return Refusal(index, kind[:40], str(refusal))
    return Element(index, kind, group_of(raw), rings, area, warning)


def _check(rings: tuple[Ring, ...]) -> str:
    """A warning about an area, or none.

    Raises:
        _RefusedError: it encloses nothing.
    """
    if sum(map(len, rings)) > _CHECKED:
        return "too many points to search for crossings; filled even-odd"
    polygon = Polygon(rings[0], rings[1:])
    if polygon.is_valid:
        return ""
    if _on_one_line(rings[0]):
        raise _RefusedError(f"{len(rings[0])} points on one line enclose nothing")
    return f"{shapely.is_valid_reason(polygon).split('[')[0].lower()}; filled even-odd"


def _on_one_line(points: Ring) -> bool:
    away = points - points[0]
    far = away[np.abs(away).sum(axis=1).argmax()]
    return not np.any(away[:, 0] * far[1] - away[:, 1] * far[0])


def _repaired(rings: tuple[Ring, ...]) -> BaseGeometry:
    """Even-odd outline less its even-odd holes; only what has an area stays."""
    outline, *holes = (shapely.make_valid(Polygon(ring)) for ring in rings)
    left = shapely.difference(outline, shapely.union_all(holes)) if holes else outline
    parts = [one for one in shapely.get_parts(left) if isinstance(one, Polygon | MultiPolygon)]
    return shapely.union_all(parts)


def _points(value: Any, least: int, what: str = "points") -> Ring:
    """Coordinates (x, y[, z]) as ``(n, 2)``."""
    if not isinstance(value, list | tuple) or len(value) < least:
        raise _RefusedError(f"{what} are no list of at least {least}")
    try:
        points = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise _RefusedError(f"{what} are not all numbers") from None
    if points.ndim != 2 or points.shape[1] not in (2, 3) or _has_no_numbers(value):
        raise _RefusedError(f"{what} are not all (x, y, z) numbers")
    if not np.isfinite(points).all():
        raise _RefusedError(f"{what} are not finite")
    if np.abs(points).max() > FARTHEST:
        raise _RefusedError(f"{what} lie beyond any slide")
    return points[:, :2]


def _has_no_numbers(value: Sequence[Any]) -> bool:
    """NumPy would take ``"1"`` and ``True`` for numbers; the schema does not."""
    return any(isinstance(one, str | bytes | bool) for point in value for one in point)


def _number(raw: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RefusedError(f"{key} is no number")
    if abs(value) > FARTHEST or math.isnan(value):
        raise _RefusedError(f"{key} is not a number that a slide can hold")
    return float(value)


def _extent(raw: Mapping[str, Any], key: str) -> float:
    value = _number(raw, key)
    if value <= 0:
        raise _RefusedError(f"{key} is {value:g}: encloses nothing")
    return value


def _centre(raw: Mapping[str, Any]) -> Ring:
    """``(1, 2)``."""
    return _points([raw.get("center")], 1, "center")


def _placed(raw: Mapping[str, Any], outline: Ring) -> Ring:
    """An outline around the origin, turned and moved to ``center``.

    ``rotation`` turns x towards y, as HistomicsUI draws it: clockwise on the screen.
    """
    angle = _number(raw, "rotation", 0.0) * _facing(raw)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(outline @ np.array([[cos, sin], [-sin, cos]]) + _centre(raw))


def _facing(raw: Mapping[str, Any]) -> float:
    """1 for a ``normal`` that points at the viewer, as it does by default; -1 for its opposite."""
    normal = raw.get("normal", (0, 0, 1))
    across = _points([normal], 1, "normal")
    depth = _number({"normal": normal[-1]}, "normal")
    if len(normal) != 3 or across.any() or depth == 0:
        raise _RefusedError("stands out of the slide's plane")
    return math.copysign(1.0, depth)


def _point(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    return (_centre(raw),), False


def _arrow(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    return (_points(raw.get("points"), 2)[:2],), False


def _polyline(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    points = _points(raw.get("points"), 2)
    if raw.get("closed") is not True:
        return (points,), False
    outline = _opened(points)
    if len(outline) < 3:
        raise _RefusedError(f"{len(outline)} points enclose nothing")
    holes = raw.get("holes") or []
    if not isinstance(holes, list):
        raise _RefusedError("holes are no list")
    rings = [_opened(_points(hole, 3, f"hole {index}")) for index, hole in enumerate(holes)]
    return (outline, *(ring for ring in rings if len(ring) >= 3)), True


def _opened(points: Ring) -> Ring:
    """Without the first point said again at the end."""
    return points[:-1] if len(points) > 1 and np.array_equal(points[0], points[-1]) else points


def _rectangle(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    half = np.array([_extent(raw, "width"), _extent(raw, "height")]) / 2
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * half
    return (_placed(raw, corners),), True


def _ellipse(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    return (_placed(raw, _oval(_extent(raw, "width"), _extent(raw, "height"))),), True


def _circle(raw: Mapping[str, Any]) -> tuple[tuple[Ring, ...], bool]:
    diameter = 2 * _extent(raw, "radius")
    return (_oval(diameter, diameter) + _centre(raw),), True


def _oval(width: float, height: float) -> Ring:
    """An ellipse around the origin, with vertices on it, off by at most `_CURVE_ERROR`."""
    radius = max(width, height) / 2
    sides = math.ceil(math.pi / math.acos(max(0.0, 1 - _CURVE_ERROR / radius)))
    angles = np.arange(max(16, sides)) * (2 * math.pi / max(16, sides))
    return np.column_stack([np.cos(angles) * width / 2, np.sin(angles) * height / 2])


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[tuple[Ring, ...], bool]]]] = {
    "point": _point,
    "arrow": _arrow,
    "polyline": _polyline,
    "rectangle": _rectangle,
    "rectanglegrid": _rectangle,
    "ellipse": _ellipse,
    "circle": _circle,
}
