"""Slides that are just a picture: JPEG, PNG and TIFF without tiles."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from histoloop.errors import NotFoundError, SlideError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.fingerprint import Guard, fingerprint
from histoloop.slides.pixels import as_rgb
from histoloop.slides.slide import Level, Pixels, changed, dyadic_levels, unreadable

_TILE = Size(256, 256)
_LARGEST = 600_000_000
"""Pixels that are held in memory at most (1.8 GB); larger pictures must come tiled."""

_UNIT_UM = {2: 25_400.0, 3: 10_000.0}
"""Micrometres per TIFF ResolutionUnit."""


class PlainImageSlide:
    """A `Slide` over a picture that has to be decoded whole; its levels are made once."""

    def __init__(self, id: str, path: Path, mpp: Mpp | None = None) -> None:
        self.id, self.path, self.name = id, path, path.name
        self._guard = Guard(path)
        self.tile, self.format = _TILE, "picture"
        with _opened(path) as picture:
            self.size = Size(*picture.size)
            self.mpp = mpp or _mpp(picture)
        halvings = max(0, int(np.ceil(np.log2(max(self.size) / max(_TILE)))))
        self.levels: tuple[Level, ...] = dyadic_levels(self.size, halvings + 1)

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.path)

    def refuse_changed(self) -> None:
        if self._guard.changed():
            raise changed(self.name)

    def read_level(self, zoom: int, box: Box) -> Pixels:
        level = self._pyramid[zoom]
        return np.ascontiguousarray(level[box.y : box.bottom, box.x : box.right])

    @cached_property
    def _pyramid(self) -> list[Pixels]:
        levels = [_decode(self.path)]
        for level in reversed(self.levels[:-1]):
            levels.append(_halve(levels[-1], level.size))
        return levels[::-1]

    def associated(self) -> tuple[str, ...]:
        return ()

    def associated_image(self, name: str) -> Pixels:
        raise NotFoundError(f"{self.name}: has no associated image {name!r}", hint="it has none")


def _halve(pixels: Pixels, size: Size) -> Pixels:
    """Mean of 2 × 2 pixels; an odd last row or column is paired with itself."""
    rows, columns = pixels.shape[:2]
    even = cv2.copyMakeBorder(
        pixels, 0, 2 * size.height - rows, 0, 2 * size.width - columns, cv2.BORDER_REPLICATE
    )
    halved = cv2.resize(even, (size.width, size.height), interpolation=cv2.INTER_AREA)
    return np.asarray(halved, np.uint8)


def _opened(path: Path) -> Image.Image:
    try:
        Image.MAX_IMAGE_PIXELS = None  # our own bound below names the way out
        picture = Image.open(path)
    except (OSError, ValueError, SyntaxError) as error:
        raise unreadable(path.name, str(error)) from error
    if picture.width * picture.height > _LARGEST:
        raise SlideError(
            f"{path.name}: {picture.width} × {picture.height} pixels without tiles are too many",
            hint="convert it to a tiled pyramid, e.g. with `large_image_converter` or `vips`",
        )
    return picture


def _decode(path: Path) -> Pixels:
    try:
        with _opened(path) as picture:
            wanted = picture if picture.mode in ("RGB", "RGBA", "L") else picture.convert("RGB")
            return as_rgb(np.asarray(wanted))
    except (OSError, ValueError, SyntaxError) as error:
        raise unreadable(path.name, str(error)) from error


def _mpp(picture: Image.Image) -> Mpp | None:
    """Scale from a TIFF's resolution tags, the only ones that microscopes write."""
    tags = getattr(picture, "tag_v2", None)
    if tags is None:
        return None
    unit = _UNIT_UM.get(tags.get(296, 2))
    x, y = (float(tags.get(tag) or 0) for tag in (282, 283))
    if not (unit and x and y):
        return None
    return Mpp.plausible(unit / x, unit / y)
