"""Annotation documents → masks of GT codes over regions of interest.

HistomicsTK's rules: an ROI is filled with the background class; on it come the areas, those of
a lower ``overlay_order`` first, of the same order those of a larger bounding box first; what
lies outside the ROI's own outline, which may be turned, is 0. Everything is drawn in base
pixels and cropped to the ROI, never straightened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.coverage import Corners, Lattice, box_of, covered
from histoloop.annotations.dsa import Document
from histoloop.annotations.elements import Element, read_elements
from histoloop.annotations.files import body
from histoloop.annotations.gtcodes import OUTSIDE, GTCode, GTCodes
from histoloop.geometry import Box, Scale

BASE = Scale(1.0, 1.0)

_BAND_PIXELS = 8_000_000
"""Painted in one piece: bounds what is held beside the mask itself."""


@dataclass(frozen=True)
class Area:
    """An outlined piece of a slide.

    Attributes:
        document, index: which element it is.
        group: as annotated; code: its value in the mask.
        order: areas of a higher one are painted over those of a lower one.
        rings: its outline and holes as base pixels.
        extent: area of its bounding box, px².
    """

    document: int
    index: int
    group: str
    code: int
    order: tuple[int, ...]
    rings: tuple[Corners, ...]
    extent: float

    @cached_property
    def box(self) -> Box:
        """Base box of all pixels that it may cover."""
        return box_of(self.rings[0])


@dataclass(frozen=True)
class Complaint:
    """What was left out of some elements of a document, or is odd about them."""

    document: int
    text: str
    elements: tuple[int, ...]


@dataclass(frozen=True)
class Drawing:
    """What documents say about a slide; ``rois`` and ``areas`` in the documents' order."""

    rois: tuple[Area, ...]
    areas: tuple[Area, ...]
    complaints: tuple[Complaint, ...]


def read_drawing(
    documents: Sequence[Document], codes: GTCodes, *, unknown: int | None = None
) -> Drawing:
    """Sort the elements of documents into ROIs and areas; every other one is complained of.

    Args:
        unknown: code of areas whose group is not in the table, painted over all others; by
            default they are left out.
    """
    rois: list[Area] = []
    areas: list[Area] = []
    complaints: list[Complaint] = []
    fate = "left out" if unknown is None else "its pixels are ignored"
    for number, document in enumerate(documents):
        texts: dict[str, list[int]] = {}
        reading = read_elements(document)
        for refusal in reading.refused:
            text = f"{refusal.kind} refused: {refusal.reason}"
            texts.setdefault(text, []).append(refusal.index)
        for element in reading.elements:
            row = codes.find(element.group)
            for text in _oddities(element, row, fate):
                texts.setdefault(text, []).append(element.index)
            if element.area and row:
                (rois if row.is_roi else areas).append(_area(number, element, row))
            elif element.area and unknown is not None:
                areas.append(_unknown_area(number, element, unknown))
        complaints += [Complaint(number, text, tuple(which)) for text, which in texts.items()]
    return Drawing(tuple(rois), tuple(areas), tuple(complaints))


def named(document: Document, number: int) -> str:
    """What to call a document in a message."""
    name = body(document).get("name")
    return f"annotation {name!r}" if isinstance(name, str) and name else f"annotation {number + 1}"


def level_box(roi: Area, scale: Scale, within: Box | None = None) -> Box:
    """The level box of an ROI, clipped to a base box if one is given; perhaps empty."""
    return scale.to_level(roi.box.intersect(within) if within else roi.box)


def paint(
    roi: Area, areas: Iterable[Area], background: int, box: Box, scale: Scale = BASE
) -> NDArray[np.uint8]:
    """``(rows, cols)`` uint8 GT codes of a level box: 0 outside the ROI's outline.

    At another scale than the base, a pixel shows what the base mask has in its middle.
    """
    ordered = sorted(areas, key=_painted_first)
    mask = np.empty((box.height, box.width), np.uint8)
    for band in _bands(box):
        mask[band.within(box)] = _paint_band(roi, ordered, background, Lattice.of(band, scale))
    return mask


def _paint_band(
    roi: Area, areas: Sequence[Area], background: int, lattice: Lattice
) -> NDArray[np.uint8]:
    """Finer than the base, pixels repeat; each is painted once."""
    columns, column = np.unique(lattice.columns, return_inverse=True)
    rows, row = np.unique(lattice.rows, return_inverse=True)
    once = Lattice(columns, rows)
    mask = np.full(once.shape, OUTSIDE, np.uint8)
    part = once.near(roi.box)
    lattice_there = once[part]
    inside = covered(roi.rings, lattice_there)
    canvas = np.full(inside.shape, background, np.uint8)
    for area in areas:
        there = lattice_there.near(area.box)
        piece = lattice_there[there]
        if piece.rows.size and piece.columns.size:
            canvas[there][covered(area.rings, piece)] = area.code
    mask[part] = np.where(inside, canvas, OUTSIDE)
    return mask[np.ix_(row, column)] if once.shape != lattice.shape else mask


def _bands(box: Box) -> Iterator[Box]:
    step = max(1, _BAND_PIXELS // max(1, box.width))
    for top in range(box.y, box.bottom, step):
        yield Box(box.x, top, box.width, step).intersect(box)


def _painted_first(area: Area) -> tuple[tuple[int, ...], float, int, int]:
    return area.order, -area.extent, area.document, area.index


def _oddities(element: Element, row: GTCode | None, fate: str) -> Iterator[str]:
    if not element.area:
        yield f"{element.kind} left out: encloses nothing"
    elif row is None and not element.group:
        yield f"{element.kind} has neither group nor label: {fate}"
    elif row is None:
        yield f"{element.kind} of group {element.group!r}, which the table does not have: {fate}"
    if element.warning:
        yield f"{element.kind}: {element.warning}"


def _area(document: int, element: Element, row: GTCode) -> Area:
    rings = tuple(np.floor(ring).astype(np.int64) for ring in element.rings)
    left, top, right, bottom = element.bounds
    extent = (right - left) * (bottom - top)
    order = (row.overlay_order,)
    return Area(document, element.index, element.group, row.code, order, rings, extent)


def _unknown_area(document: int, element: Element, code: int) -> Area:
    nameless = GTCode(element.group, code, 0, False, False, "")
    return replace(_area(document, element, nameless), order=_ABOVE_ALL)


_ABOVE_ALL = (2**62,)
