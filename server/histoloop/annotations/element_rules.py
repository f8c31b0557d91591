"""What an archive takes of an element, beside its geometry: large_image_annotation's schema.

An element that breaks it would be refused by a DSA, so it is refused wherever it is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from histoloop.annotations.elements import FARTHEST

ID: Final = re.compile(r"[0-9a-f]{24}")

_COLOUR = re.compile(
    r"#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|rgb\(\d+,\s*\d+,\s*\d+\)"
    r"|rgba\(\d+,\s*\d+,\s*\d+,\s*(\d?\.|)\d+\)"
)

_ANY = frozenset({"id", "type", "user", "label", "group", "lineColor", "lineWidth", "fillColor"})
_BOX = _ANY | {"center", "width", "height", "rotation", "normal", "pattern"}
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "point": _ANY | {"center"},
    "arrow": _ANY | {"points"},
    "polyline": _ANY | {"points", "closed", "holes", "pattern"},
    "rectangle": _BOX,
    "rectanglegrid": _BOX | {"widthSubdivisions", "heightSubdivisions"},
    "ellipse": _BOX,
    "circle": _ANY | {"center", "radius", "pattern"},
}
"""What an element of each type may have; pixels are not drawn here."""

_WORDS = frozenset({"value", "visibility", "fontSize", "color"})
_SHOWN = ("hidden", "always", "onhover")

_LONGEST = 10_000
_DEEPEST = 32


def fault_of(element: Any) -> str:
    """What is wrong with an element, but for its geometry; empty when nothing is."""
    if not isinstance(element, Mapping):
        return "is no object"
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        return "an unknown type"
    if unknown := [key for key in element if key not in _KEYS[kind]]:
        return f"has {unknown[0][:40]!r}, which a {kind} has not"
    return next((f"{key} {said}" for key, said in _faults(element) if said), "")


def fault_of_values(values: Any, depth: int = 0) -> str:
    """What a database cannot hold of free values, as attributes and ``user`` are."""
    if depth > _DEEPEST:
        return "is nested too deeply"
    if isinstance(values, int) and abs(values) >= 2**63:
        return "holds a number that is too large"
    if isinstance(values, float) and not math.isfinite(values):
        return "holds a number that is not finite"
    if isinstance(values, str) and "\0" in values:
        return "holds a character that cannot be stored"
    if isinstance(values, Mapping):
        odd = next((key for key in values if _is_odd(key)), None)
        if odd is not None:
            return f"has the name {odd[:40]!r}, which cannot be stored"
        values = values.values()
    elif not isinstance(values, list):
        return ""
    return next((said for one in values if (said := fault_of_values(one, depth + 1))), "")


def _is_odd(key: str) -> bool:
    return not key or key.startswith("$") or "." in key or "\0" in key


def _faults(element: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, rule in _RULES.items():
        if key in element:
            yield key, rule(element[key])


def _id(value: Any) -> str:
    return "" if isinstance(value, str) and ID.fullmatch(value) else "is not 24 hex digits"


def _text(value: Any) -> str:
    fits = isinstance(value, str) and len(value) <= _LONGEST and "\0" not in value
    return "" if fits else "is no text"


def _colour(value: Any) -> str:
    fits = isinstance(value, str) and len(value) < 100 and _COLOUR.fullmatch(value)
    return "" if fits else "is no colour: write rgb(230, 25, 75)"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _width(value: Any) -> str:
    return "" if _is_number(value) and 0 <= value <= FARTHEST else "is no width"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "is neither true nor false"


def _count(value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= FARTHEST
    return "" if whole else "is no number of parts"


def _user(value: Any) -> str:
    return fault_of_values(value) if isinstance(value, Mapping) else "is no object"


def _label(value: Any) -> str:
    if not isinstance(value, Mapping) or _text(value.get("value")) or set(value) - _WORDS:
        return "is not {value: text}"
    if value.get("visibility", "always") not in _SHOWN:
        return f"has a visibility that is none of {', '.join(_SHOWN)}"
    size = value.get("fontSize", 1)
    if not _is_number(size) or not 0 < size <= FARTHEST:
        return "has a fontSize that is no size"
    return _colour(value["color"]) if "color" in value else ""


def _place(value: Any) -> str:
    return "" if isinstance(value, list) and len(value) == 3 else "is not x, y, z"


def _places(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(one, list) for one in value)
    return "" if fits and {*map(len, value)} <= {3} else "are not all (x, y, z)"


def _rings(value: Any) -> str:
    if not isinstance(value, list):
        return "are no list"
    if any(not isinstance(ring, list) or len(ring) < 3 for ring in value):
        return "are not all of three points or more"
    return _places(list(chain.from_iterable(value)))


_RULES: Final[Mapping[str, Callable[[Any], str]]] = {
    "id": _id,
    "user": _user,
    "label": _label,
    "group": _text,
    "lineColor": _colour,
    "fillColor": _colour,
    "lineWidth": _width,
    "pattern": _text,
    "closed": _flag,
    "widthSubdivisions": _count,
    "heightSubdivisions": _count,
    "center": _place,
    "normal": _place,
    "points": _places,
    "holes": _rings,
}


def repeated_id(elements: Sequence[Mapping[str, Any]]) -> str | None:
    """An id that two elements have; `None` where there is none."""
    seen: set[str] = set()
    for element in elements:
        id = element.get("id")
        if id in seen:
            return str(id)
        if id is not None:
            seen.add(id)
    return None
