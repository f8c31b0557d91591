"""A result as pictures of the slide's own size: what people lay beside a picture and compare.

They are derived from the stored probabilities, at base pixels: the class of a pixel is decided
after its probability was interpolated, so that outlines are smooth where `mask.tiff` has steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.errors import UsageError
from histoloop.geometry import Box, Scale
from histoloop.jobs.outputs import unwritable
from histoloop.jobs.plan import Plan
from histoloop.masks.labels import LabelClass, labels, margin
from histoloop.masks.mask import Mask
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, Slide
from histoloop.tiling.stitching import Probabilities

MOST_PIXELS = 100_000_000
"""Base pixels of a picture; more are a slide, which nobody opens as one picture."""

OPACITY = 0.4
"""Of a class over its slide."""

_OURS = ("grey.png", "grey-*.png", "binary.png", "binary-*.png", "colour.png", "merged.png")
_ROWS = 512
_KERNEL = np.array([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]], np.float32)
_BASE = Scale(1.0, 1.0)


def refuse_too_large(region: Box, name: str) -> None:
    """Make sure that pictures of a region can be written, before it is predicted.

    Raises:
        UsageError: it has too many pixels.
    """
    if region.area > MOST_PIXELS:
        raise UsageError(
            f"{name}: {region.width} × {region.height} px are too many for a picture "
            f"(at most {MOST_PIXELS // 1_000_000} million)",
            hint="give a region by --roi, or look at mask.tiff, which is a pyramid",
        )


def write_pictures(
    plan: Plan, mask: Mask, folder: Path, check: Callable[[], None]
) -> tuple[str, ...]:
    """Write the pictures that a plan asks for, in the place of all that lie there; their names.

    Raises:
        OutputError: one cannot be written.
    """
    names = []
    try:
        for old in (path for pattern in _OURS for path in folder.glob(pattern)):
            old.unlink()
        if plan.parameters.pictures.wanted:
            for name, pixels in pictures(plan, mask, check):
                names.append(name)
                draft = folder / f"{name}.partial"
                Image.fromarray(pixels).save(draft, "PNG")
                draft.replace(folder / name)
    except OSError as error:
        raise unwritable(folder, error) from error
    return tuple(names)


def pictures(
    plan: Plan, mask: Mask, check: Callable[[], None]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The pictures that a plan asks for, by file name.

    ``grey.png``, ``binary.png`` (of several classes ``grey-CODE.png`` and so on) are ``(rows,
    cols)``; ``colour.png`` and ``merged.png`` are ``(rows, cols, 3)`` RGB; rows and columns are
    those of the region in base pixels.

    Args:
        check: called again and again; what it raises ends the work.
    """
    asked, threshold = plan.parameters.pictures, plan.parameters.threshold
    classes, region = plan.labels, plan.region
    stored = _at_base(plan, mask, check)
    for at, one in enumerate(classes if asked.grey else ()):
        yield _name("grey", one, classes), stored[at]
    if asked.binary:
        for at, one in enumerate(classes):
            yield _name("binary", one, classes), _where(stored, at, threshold)
    if asked.colour or asked.merged:
        codes = _banded(lambda rows: labels(stored[:, rows], classes, threshold), region.height)
        table = _palette(classes)
        if asked.colour:
            yield "colour.png", table[codes]
        if asked.merged:
            yield "merged.png", _merged(plan.slide, region, codes, table, check)


def sharpened(probabilities: Probabilities) -> Probabilities:
    """Each class minus its 8 neighbours' excess: ``[-1 … 9 … -1]``, cut off at 0 and 255."""
    return np.stack([cv2.filter2D(one, -1, _KERNEL) for one in probabilities]).astype(np.uint8)


def _name(kind: str, one: LabelClass, classes: tuple[LabelClass, ...]) -> str:
    return f"{kind}.png" if len(classes) == 1 else f"{kind}-{one.code}.png"


def _bands(rows: int) -> Iterator[slice]:
    for top in range(0, rows, _ROWS):
        yield slice(top, min(top + _ROWS, rows))


def _banded(of: Callable[[slice], NDArray[np.uint8]], height: int) -> NDArray[np.uint8]:
    """Rows together that were made a band at a time: int16 margins of all would not fit."""
    return np.concatenate([of(rows) for rows in _bands(height)])


def _where(stored: Probabilities, at: int, threshold: float) -> NDArray[np.uint8]:
    def band(rows: slice) -> NDArray[np.uint8]:
        return np.where(margin(stored[:, rows], at, threshold) > 0, 255, 0).astype(np.uint8)

    return _banded(band, stored.shape[1])


def _at_base(plan: Plan, mask: Mask, check: Callable[[], None]) -> Probabilities:
    """``(classes, rows, cols)`` of the region, in base pixels, sharpened if that is asked for."""
    region, scale = plan.region, plan.scale
    found = np.empty((len(plan.labels), region.height, region.width), np.uint8)
    reach = 2 + math.ceil(1 / min(scale.x, scale.y))  # of the filter, where it shrinks
    for rows in _bands(region.height):
        check()
        band = Box(region.x, region.y + rows.start, region.width, rows.stop - rows.start)
        # What lies beyond the region was not predicted: it must not darken the rim.
        source = scale.to_level(band).grow(reach).intersect(plan.grid.region)
        left, right = (x / scale.x - source.x for x in (band.x, band.right))
        top, bottom = (y / scale.y - source.y for y in (band.y, band.bottom))
        box = (left, top, min(right, source.width), min(bottom, source.height))
        for at, values in enumerate(mask.read(source)):
            shown = Image.fromarray(values).resize(
                (band.width, band.height), Image.Resampling.BILINEAR, box=box
            )
            found[at, rows] = np.asarray(shown)
    return sharpened(found) if plan.parameters.pictures.sharpen else found


def _palette(classes: tuple[LabelClass, ...]) -> NDArray[np.uint8]:
    """``(256, 3)``: the colour of each code, black for none."""
    table = np.zeros((256, 3), np.uint8)
    for one in classes:
        table[one.code] = one.rgb
    return table


def _merged(
    slide: Slide,
    region: Box,
    codes: NDArray[np.uint8],
    table: NDArray[np.uint8],
    check: Callable[[], None],
) -> Pixels:
    shown = np.empty((region.height, region.width, 3), np.uint8)
    for rows in _bands(region.height):
        check()
        band = Box(region.x, region.y + rows.start, region.width, rows.stop - rows.start)
        pixels, over = read(slide, band, _BASE), codes[rows]
        tinted = cv2.addWeighted(pixels, 1 - OPACITY, table[over], OPACITY, 0)
        shown[rows] = np.where(over[..., None] > 0, tinted, pixels)
    return shown
