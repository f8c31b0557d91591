"""Values that verbs read from their arguments."""

from __future__ import annotations

from histoloop.errors import UsageError
from histoloop.geometry import Box


def parse_box(text: str) -> Box:
    """``X,Y,W,H`` in base pixels.

    Raises:
        UsageError: that is not four whole numbers, or it is empty.
    """
    try:
        box = Box(*(int(part) for part in text.split(",")))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"region {text!r} is not X,Y,W,H", hint="four whole numbers of base pixels"
        ) from error
    if box.empty:
        raise UsageError(f"region {text!r} is empty", hint="width and height must be positive")
    return box
