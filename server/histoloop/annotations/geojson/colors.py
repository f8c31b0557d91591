"""Colours: ``rgb(…)``, ``rgba(…)`` and ``#…`` in the DSA, lists of three numbers in GeoJSON."""

from __future__ import annotations

import re
from typing import Any

RGB = tuple[int, int, int]

_FUNCTION = re.compile(r"rgba?\((\d+),\s*(\d+),\s*(\d+)")
_FILL_OPACITY = 0.25


def parse_color(text: object) -> RGB | None:
    """Red, green, blue, 0–255, of a colour of a DSA element; opacity is left out."""
    if not isinstance(text, str):
        return None
    if found := _FUNCTION.match(text):
        return _rgb([int(part) for part in found.groups()])
    digits = text.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    try:
        return _rgb(list(bytes.fromhex(digits)[:3]))
    except ValueError:
        return None


def feature_color(properties: dict[str, Any]) -> RGB | None:
    """The colour of a feature: its own, or that of its class."""
    of_class = properties.get("classification")
    for said in (properties, of_class if isinstance(of_class, dict) else {}):
        packed = said.get("colorRGB")
        if rgb := _rgb(said.get("color")):
            return rgb
        if isinstance(packed, int):  # how QuPath wrote it before version 0.3: a Java integer
            return (packed >> 16) & 255, (packed >> 8) & 255, packed & 255
    return None


def line_color(rgb: RGB) -> str:
    """For ``lineColor``."""
    return "rgb({}, {}, {})".format(*rgb)


def fill_color(rgb: RGB) -> str:
    """For ``fillColor``; tissue shows through."""
    return "rgba({}, {}, {}, {})".format(*rgb, _FILL_OPACITY)


def _rgb(value: object) -> RGB | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    if not all(isinstance(one, int) and 0 <= one <= 255 for one in value):
        return None
    red, green, blue = value
    return red, green, blue
