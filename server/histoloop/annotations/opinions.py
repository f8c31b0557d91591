"""Two views of one slide, a run's or a person's, and where they give other classes.

Classes are the same if their names are, whatever the case; codes are not compared. Where a view
says nothing, because it was not asked there, it does not disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.coverage import Corners, Lattice, box_of, covered
from histoloop.annotations.dsa import Document
from histoloop.annotations.elements import Element, read_elements
from histoloop.geometry import Box, Scale, Size
from histoloop.masks.labels import labels
from histoloop.masks.mask import Mask

Codes = NDArray[np.uint8]


class Kind(IntEnum):
    """How two views of a pixel differ."""

    SAME = 0
    ONLY_THIS = 1
    ONLY_OTHER = 2
    OTHER_CLASS = 3


class Opinion(Protocol):
    """What somebody, or some model, says of a slide.

    Attributes:
        names: of its classes; scope: the base box that it speaks of.
    """

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def scope(self) -> Box: ...

    def codes(self, box: Box, scale: Scale, names: Sequence[str]) -> Codes:
        """``(rows, cols)`` of a level box: 1 + the place of the class in ``names``, 0 for none."""
        ...


@dataclass(frozen=True)
class RunOpinion:
    """A run's, at a threshold.

    Attributes:
        region: base box that was predicted.
    """

    mask: Mask
    region: Box
    threshold: float

    @property
    def names(self) -> Sequence[str]:
        return [one.name for one in self.mask.frame.classes]

    @property
    def scope(self) -> Box:
        return self.region

    def codes(self, box: Box, scale: Scale, names: Sequence[str]) -> Codes:
        base = scale.to_base(box)
        values = self.mask.view(base, Size(box.width, box.height))
        joint = [replace(one, code=_code(one.name, names)) for one in self.mask.frame.classes]
        return labels(values, tuple(joint), self.threshold)


class DrawnOpinion:
    """A person's: areas by their group, a later one over an earlier one.

    It speaks of its outlines of a group that outlines regions; without any, of the box around
    all that was drawn.

    Args:
        roi_groups: those groups, whatever the case of their letters; see `roi_groups`.
    """

    def __init__(self, document: Document, roi_groups: Collection[str]) -> None:
        regions = {group.casefold() for group in roi_groups}
        drawn = [one for one in read_elements(document).elements if one.area]
        rois = [one for one in drawn if one.group.casefold() in regions]
        self._areas = [_painted(one) for one in drawn if one not in rois]
        self._scope = _around([_painted(one).box for one in rois or drawn])

    @property
    def names(self) -> Sequence[str]:
        return list(dict.fromkeys(one.group for one in self._areas))

    @property
    def scope(self) -> Box:
        return self._scope

    def codes(self, box: Box, scale: Scale, names: Sequence[str]) -> Codes:
        lattice = Lattice.of(box, scale)
        codes = np.zeros(lattice.shape, np.uint8)
        for area in self._areas:
            there = lattice.near(area.box)
            piece = lattice[there]
            if piece.rows.size and piece.columns.size:
                codes[there][covered(area.rings, piece)] = _code(area.group, names)
        return codes


def joint_names(this: Opinion, other: Opinion) -> list[str]:
    """The classes of both, each once, those of the first before the others."""
    known: dict[str, str] = {}
    for name in (*this.names, *other.names):
        known.setdefault(name.casefold(), name)
    return list(known.values())


def both(this: Opinion, other: Opinion, box: Box, scale: Scale) -> tuple[Codes, Codes]:
    """What each says of a level box by `joint_names`; 0 from both where not both speak."""
    names = joint_names(this, other)
    shared = scale.to_level(this.scope.intersect(other.scope)).intersect(box)
    found = (
        np.zeros((box.height, box.width), np.uint8),
        np.zeros((box.height, box.width), np.uint8),
    )
    if not shared.empty:
        for one, into in zip((this, other), found, strict=True):
            into[shared.within(box)] = one.codes(shared, scale, names)
    return found


def kinds(this: Codes, other: Codes) -> Codes:
    """The `Kind` of each pixel."""
    found = np.full(this.shape, Kind.OTHER_CLASS, np.uint8)
    found[other == 0] = Kind.ONLY_THIS
    found[this == 0] = Kind.ONLY_OTHER
    found[this == other] = Kind.SAME
    return found


@dataclass(frozen=True)
class _Area:
    group: str
    rings: tuple[Corners, ...]
    box: Box


def _painted(element: Element) -> _Area:
    rings = tuple(np.floor(ring).astype(np.int64) for ring in element.rings)
    return _Area(element.group or "unnamed", rings, box_of(rings[0]))


def _around(boxes: Sequence[Box]) -> Box:
    if not boxes:
        return Box(0, 0, 0, 0)
    return Box.between(
        min(box.x for box in boxes),
        min(box.y for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _code(name: str, names: Sequence[str]) -> int:
    return [one.casefold() for one in names].index(name.casefold()) + 1
