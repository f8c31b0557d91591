"""A box of a level, put together from the tiles that cover it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from histoloop.geometry import Box, Size
from histoloop.slides.slide import Pixels


class TilePlace(NamedTuple):
    """Column and row of a tile in the grid of its level."""

    zoom: int
    x: int
    y: int


Fetch = Callable[[list[TilePlace]], Iterable[Pixels]]
"""Decoded tiles ``(rows, cols, 3)`` uint8 RGB, in the order of their places."""


def assemble(zoom: int, box: Box, tile: Size, fetch: Fetch) -> Pixels:
    """``(rows, cols, 3)`` RGB of ``box``, level pixels; white where a tile is too small."""
    pixels = np.full((box.height, box.width, 3), 255, np.uint8)
    places = [
        TilePlace(zoom, x, y)
        for y in range(box.y // tile.height, -(-box.bottom // tile.height))
        for x in range(box.x // tile.width, -(-box.right // tile.width))
    ]
    for place, found in zip(places, fetch(places), strict=True):
        rows, columns = found.shape[:2]
        area = Box(place.x * tile.width, place.y * tile.height, columns, rows)
        shared = area.intersect(box)
        pixels[shared.within(box)] = found[shared.within(area)]
    return pixels
