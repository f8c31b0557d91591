"""Reading a slide at any scale: the one place where levels are chosen and pixels resampled."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.geometry import Box, Scale, Size
from histoloop.slides.slide import Level, Pixels


class Pyramid(Protocol):
    """What reading needs of a `Slide`."""

    @property
    def size(self) -> Size: ...
    @property
    def levels(self) -> tuple[Level, ...]: ...
    def read_level(self, zoom: int, box: Box) -> Pixels:
        """``(rows, cols, 3)`` RGB of a level box that lies inside the level."""
        ...


# The triangle of PIL's antialiasing filters reaches two source pixels per output pixel.
_MARGIN = 4


def read(slide: Pyramid, box: Box, scale: Scale) -> Pixels:
    """``(rows, cols, 3)`` RGB of ``box`` in the frame that ``scale`` lays over the base.

    The level is the coarsest that is at least as fine as asked for; the rest is filtered by
    area. A pixel depends on its place in the frame only, never on the box it was read with
    (`tests/slides/test_reading.py`). Beyond the slide's edge the picture is mirrored.

    Raises:
        SlideError: the file cannot be decoded.
    """
    frame = Box.of(scale.size(slide.size))
    inside = box.intersect(frame)
    if inside.empty:
        return np.full((box.height, box.width, 3), 255, np.uint8)
    return _resample(slide, box, scale) if inside == box else _mirrored(slide, box, frame, scale)


def thumbnail(slide: Pyramid, longest: int) -> Pixels:
    """The whole slide, its longer side ``longest`` pixels (less for a smaller slide)."""
    factor = max(1.0, max(slide.size) / longest)
    scale = Scale(factor, factor)
    return read(slide, Box.of(scale.size(slide.size)), scale)


def level_for(slide: Pyramid, scale: Scale) -> Level:
    """The coarsest level that is at least as fine as ``scale``."""
    wanted = min(scale.x, scale.y) + 1e-6
    fine_enough = (level for level in slide.levels if level.downsample <= wanted)
    return next(fine_enough, slide.levels[-1])


def _resample(slide: Pyramid, box: Box, scale: Scale) -> Pixels:
    level = level_for(slide, scale)
    rest = Scale(scale.x / level.downsample, scale.y / level.downsample)
    if rest == Scale(1.0, 1.0):
        return slide.read_level(level.zoom, box)
    source = _covering(box, rest)
    pixels = Image.fromarray(_read_padded(slide, level, source))
    left, top = box.x * rest.x - source.x, box.y * rest.y - source.y
    crop = (left, top, left + box.width * rest.x, top + box.height * rest.y)
    shrinks = min(rest.x, rest.y) >= 1
    kernel = Image.Resampling.HAMMING if shrinks else Image.Resampling.BILINEAR
    return np.asarray(pixels.resize((box.width, box.height), kernel, box=crop))


def _covering(box: Box, rest: Scale) -> Box:
    """Level pixels that the filter touches for ``box``."""
    return Box.between(
        math.floor(box.x * rest.x),
        math.floor(box.y * rest.y),
        math.ceil(box.right * rest.x),
        math.ceil(box.bottom * rest.y),
    ).grow(_MARGIN)


def _read_padded(slide: Pyramid, level: Level, box: Box) -> Pixels:
    """A level box; the edge is repeated where the filter or the last pixel overhangs it."""
    inside = box.intersect(Box.of(level.size))
    pixels = slide.read_level(level.zoom, inside)
    if inside == box:
        return pixels
    rows = (inside.y - box.y, box.bottom - inside.bottom)
    columns = (inside.x - box.x, box.right - inside.right)
    return np.pad(pixels, (rows, columns, (0, 0)), mode="edge")


def _mirrored(slide: Pyramid, box: Box, frame: Box, scale: Scale) -> Pixels:
    """The frame's edge is the mirror, whatever part of the frame the box shows."""
    rows = reflected(box.y, box.height, frame.height)
    columns = reflected(box.x, box.width, frame.width)
    source = Box.between(
        int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    )
    pixels = _resample(slide, source, scale)
    return np.ascontiguousarray(pixels[rows - source.y][:, columns - source.x])


def reflected(start: int, count: int, length: int) -> NDArray[np.intp]:
    """Indices ``start … start + count`` folded into ``0 … length`` like between two mirrors."""
    position = np.arange(start, start + count) % (2 * length)
    return np.where(position < length, position, 2 * length - 1 - position)
