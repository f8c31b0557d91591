"""A model's polygons as annotation layers with provenance, none of them too large to send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from histoloop import __version__
from histoloop.annotations.annotation import Annotation, Outline
from histoloop.annotations.runs import SOFTWARE
from histoloop.geometry import Scale
from histoloop.masks.labels import LabelClass
from histoloop.masks.shape_file import ShapeFile

BLOCK = 16_384
"""Base pixels a side of the block that one document holds at most."""

POINTS = 100_000
"""Points of one document at most: some 4 MB to send and a second for a DSA to store."""

_SMALLEST_BLOCK = 16


class Block(NamedTuple):
    """A square of base pixels that owns the polygons whose boxes are centred in it."""

    left: int
    top: int
    side: int


@dataclass(frozen=True)
class Provenance:
    """Where a model's layer comes from; stands in every document's ``attributes``."""

    run: str
    model: str
    digest: str
    mpp: float
    threshold: float

    def attributes(self, label: LabelClass, block: Block, scale: Scale) -> dict[str, object]:
        """As stored, so that a re-push finds its own documents and only those."""
        return {
            "software": f"{SOFTWARE} {__version__}",
            "run": self.run,
            "model": self.model,
            "digest": self.digest,
            "mpp": self.mpp,
            "scale": [scale.x, scale.y],
            "threshold": self.threshold,
            "class": label.name,
            "code": label.code,
            "color": label.color,
            "block": list(block),
        }


def model_layers(
    label: LabelClass, polygons: ShapeFile, scale: Scale, origin: Provenance
) -> Iterator[Annotation]:
    """One annotation per block; a class without polygons has one, empty, in the first block.

    A polygon is never cut: it belongs to the block of its bounding box's centre. A block with
    more than `POINTS` points is quartered. Memory holds the polygons of one block.

    Args:
        polygons: in mask pixels; scale: base pixels per mask pixel.
    """
    for block, members in _by_block(polygons, scale):
        placed = polygons.take(members).mapped((0.0, 0.0), (scale.x, scale.y)).polygon_array()
        yield Annotation(
            name=f"{label.name} ({origin.model})",
            description=f"Predicted by HistoLoop with {origin.model}; not reviewed by a person.",
            attributes=origin.attributes(label, block, scale),
            outlines=tuple(Outline(polygon, label) for polygon in placed),
        )


def _by_block(file: ShapeFile, scale: Scale) -> Iterator[tuple[Block, NDArray[np.intp]]]:
    everything = np.arange(len(file))
    if not len(file):
        yield Block(0, 0, BLOCK), everything
        return
    centres = (file.bounds[:, :2] + file.bounds[:, 2:]) / 2 * [scale.x, scale.y]
    points = np.asarray(file.vertices + file.rings, np.int64)  # a ring ends where it begins
    for block, members in _divided(everything, centres, BLOCK):
        yield from _light_enough(block, members, centres, points)


def _light_enough(
    block: Block, members: NDArray[np.intp], centres: NDArray[np.float64], points: NDArray[np.int64]
) -> Iterator[tuple[Block, NDArray[np.intp]]]:
    side = block.side // 2
    if len(members) == 1 or points[members].sum() <= POINTS or side < _SMALLEST_BLOCK:
        yield block, members
        return
    for quarter, few in _divided(members, centres, side):
        yield from _light_enough(quarter, few, centres, points)


def _divided(
    members: NDArray[np.intp], centres: NDArray[np.float64], side: int
) -> Iterator[tuple[Block, NDArray[np.intp]]]:
    """Members by the block of their centre, blocks row by row."""
    cells = (centres[members] // side).astype(np.int64)
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    starts = np.flatnonzero(np.any(np.diff(cells[order], axis=0) != 0, axis=1)) + 1
    for few in np.split(order, starts):
        column, row = cells[few[0]].tolist()
        yield Block(column * side, row * side, side), members[few]
