"""A model's polygons as annotation layers with provenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from shapely import Polygon

from histoloop import __version__
from histoloop.annotations.annotation import Annotation, Outline
from histoloop.geometry import Scale
from histoloop.masks.labels import LabelClass

BLOCK = 16_384
"""Base pixels a side of the block that one document holds: MongoDB ends a document at 16 MB."""


@dataclass(frozen=True)
class Provenance:
    """Where a model's layer comes from; stands in every document's ``attributes``."""

    run: str
    model: str
    digest: str
    mpp: float
    threshold: float

    def attributes(self, label: LabelClass, block: tuple[int, int]) -> dict[str, object]:
        """As stored, so that a re-push finds its own documents and only those."""
        return {
            "software": f"HistoLoop {__version__}",
            "run": self.run,
            "model": self.model,
            "digest": self.digest,
            "mpp": self.mpp,
            "threshold": self.threshold,
            "class": label.name,
            "block": list(block),
        }


def model_layers(
    label: LabelClass, polygons: list[Polygon], scale: Scale, origin: Provenance
) -> Iterator[Annotation]:
    """One annotation per block; a class without polygons has one, empty, in block (0, 0).

    A polygon is never cut: it belongs to the block of its bounding box's centre.

    Args:
        polygons: in mask pixels; scale: base pixels per mask pixel.
    """
    placed = shapely.transform(polygons, lambda points: points * [scale.x, scale.y])
    for block, members in _by_block(list(placed)).items():
        yield Annotation(
            name=f"{label.name} ({origin.model})",
            description=f"Predicted by HistoLoop with {origin.model}; not reviewed by a person.",
            attributes=origin.attributes(label, block),
            outlines=tuple(Outline(polygon, label) for polygon in members),
        )


def _by_block(polygons: list[Polygon]) -> dict[tuple[int, int], list[Polygon]]:
    blocks: dict[tuple[int, int], list[Polygon]] = {}
    for polygon in polygons:
        left, top, right, bottom = polygon.bounds
        block = int((left + right) / 2 // BLOCK), int((top + bottom) / 2 // BLOCK)
        blocks.setdefault(block, []).append(polygon)
    return blocks or {(0, 0): []}
