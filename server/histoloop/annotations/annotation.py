"""What somebody, or some model, drew on a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shapely import Polygon

from histoloop.masks.labels import LabelClass


@dataclass(frozen=True)
class Outline:
    """A closed polygon with holes, in base pixels, of one class."""

    polygon: Polygon
    label: LabelClass


@dataclass(frozen=True)
class Annotation:
    """A named layer of outlines.

    Attributes:
        attributes: provenance; for a model's layer its run, model, digest, mpp, threshold.
    """

    name: str
    outlines: tuple[Outline, ...]
    description: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
