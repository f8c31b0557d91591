"""What a model takes a region of the queue for, as a person would have drawn it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from histoloop.annotations.annotation import Annotation, Outline
from histoloop.annotations.dsa import Document, to_document
from histoloop.annotations.gtcodes import GTCode, GTCodes
from histoloop.geometry import Box, Size
from histoloop.jobs.review import Entry, Queue
from histoloop.masks.labels import LabelClass
from histoloop.masks.trace import ReadMargin
from histoloop.masks.vectorise import vectorise
from histoloop.training.snapshot_classes import classes_of

_SPECK = 16
"""Pixels of the region below which an area is noise: nobody would draw it."""


def elements(queue: Queue, entry: Entry, number: int) -> list[Document]:
    """The ROI and the model's areas in it, in base pixels.

    A region in which the model sees nothing gets the background class, if there is one: an ROI
    without anything in it is nobody's word.
    """
    codes, box = queue.codes, entry.asked.region.box
    roi = next(row for row in codes if row.is_roi)
    groups = _groups(codes, queue.parameters.classes)
    outlines = list(_outlines(entry, queue, groups))
    background = next((row for row in codes if row.is_background), None)
    if not outlines and background:
        whole = shapely.box(box.x, box.y, box.right, box.bottom)
        outlines = [Outline(whole, _label(background))]
    drawn = to_document(Annotation("", tuple(outlines)))
    return [rectangle(box, number, roi), *drawn["elements"]]


def rectangle(box: Box, number: int, roi: GTCode) -> Document:
    """Its outline runs through the outermost pixels: a mask over it has the region's size."""
    red, green, blue = bytes.fromhex(roi.color.removeprefix("#"))
    return {
        "type": "rectangle",
        "center": [box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2, 0],
        "width": box.width - 1,
        "height": box.height - 1,
        "rotation": 0,
        "group": roi.group,
        "label": {"value": f"review {number}"},
        "lineColor": f"rgb({red}, {green}, {blue})",
        "lineWidth": 4,
    }


def _outlines(entry: Entry, queue: Queue, groups: Mapping[str, GTCode]) -> Iterator[Outline]:
    rows, columns = entry.predicted.shape
    box, level = entry.asked.region.box, Box.of(Size(columns, rows))
    scale = np.array([box.width / columns, box.height / rows])

    def to_base(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(points * scale + np.array([box.x, box.y]))

    for index, named in enumerate(queue.model.card.labels, start=1):
        above = np.where(entry.predicted == index, 1, -1).astype(np.int16)
        row = groups.get(named.name) or queue.codes.find(named.name)
        label = _label(row) if row else named
        for polygon in vectorise(_reader(above, level), [level], _SPECK).polygons:
            yield Outline(shapely.transform(polygon, to_base), label)


def _reader(above: NDArray[np.int16], level: Box) -> ReadMargin:
    return lambda box: above[box.within(level)]


def _groups(codes: GTCodes, classes: str | None) -> Mapping[str, GTCode]:
    """The group that stands for each class: of several the first."""
    if classes is None:
        return {}
    rows = {row.code: row for row in codes}
    return {one.name: rows[one.codes[0]] for one in classes_of(codes, classes)}


def _label(row: GTCode) -> LabelClass:
    return LabelClass(row.group, row.code, row.color)
