"""Tells at a glance that an annotation is valid, which is so of nearly all that a model pushes.

The host's validator looks at every number of every element in Python. Here whole annotations are
looked at in a few passes of C code, and each style of element is put before the host's own schema
once. What does not pass is not wrong: it only has to be judged by the host itself.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import orjson
from girder_large_image_annotation.models.annotation import Annotation

Document = dict[str, Any]

_EXACT = 2.0**53
"""Numbers beyond this may have been read otherwise than the host reads them."""
_STYLES = 1000
_NO_HOLES: list[Any] = []
_STYLE_POINTS = [[0, 0, 0], [1, 1, 0]]


def certainly_valid(annotation: object) -> bool:
    """Whether the host would store this annotation just as it is.

    `True` is certain; `False` says nothing.
    """
    try:
        return type(annotation) is dict and _certain(annotation)
    except (AttributeError, KeyError, TypeError, orjson.JSONEncodeError):
        return False


def _certain(annotation: Document) -> bool:
    elements = annotation["elements"]
    if type(elements) is not list or not _outside_is_valid(annotation):
        return False
    styles: set[bytes] = set()
    rings: list[Any] = []
    ids: list[str] = []
    for element in elements:
        style = element.copy()
        points = style.pop("points")
        holes = style.pop("holes", _NO_HOLES)
        if type(holes) is not list or len(points) < 2 or any(len(hole) < 3 for hole in holes):
            return False
        rings.append(points)
        rings.extend(holes)
        if "id" in style:
            ids.append(style.pop("id"))
        if "user" in style and not _plain_object(style.pop("user")):
            return False
        if not _style_is_valid(style, styles):
            return False
    return _ids_are_valid(ids) and _coordinates_are_valid(rings)


def _outside_is_valid(annotation: Document) -> bool:
    outside = {**annotation, "elements": []}
    return Annotation.validatorAnnotation.is_valid(outside) and _exact(outside)


def _plain_object(value: object) -> bool:
    return type(value) is dict and _exact(value)


def _style_is_valid(style: Document, known: set[bytes]) -> bool:
    """All of an element but its coordinates; the same style is looked at once."""
    key = orjson.dumps(style)
    if key in known:
        return True
    if len(known) == _STYLES or style["type"] != "polyline" or not _exact(style):
        return False
    known.add(key)
    element = {**style, "points": _STYLE_POINTS}
    return bool(Annotation.validatorAnnotationElement.is_valid(element))


def _ids_are_valid(ids: list[str]) -> bool:
    well = all(type(id) is str and Annotation.idRegex.match(id) for id in ids)
    return well and len(set(ids)) == len(ids)


def _coordinates_are_valid(rings: list[Any]) -> bool:
    """Lists of lists of three plain numbers each."""
    if not set(map(type, rings)) <= {list}:
        return False
    points = list(chain.from_iterable(rings))
    if not (set(map(type, points)) <= {list} and set(map(len, points)) <= {3}):
        return False
    numbers = list(chain.from_iterable(points))
    if not set(map(type, numbers)) <= {int, float}:
        return False
    return not numbers or (min(numbers) > -_EXACT and max(numbers) < _EXACT)


def _exact(value: object) -> bool:
    """Whether every number in a JSON value is below 2⁵³ in size."""
    if isinstance(value, dict):
        return all(map(_exact, value.values()))
    if isinstance(value, list):
        return all(map(_exact, value))
    return not isinstance(value, (int, float)) or -_EXACT < value < _EXACT
