"""How far a model and the people who reviewed its regions agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from histoloop.annotations.dsa import Document
from histoloop.annotations.elements import read_elements
from histoloop.geometry import Box


@dataclass(frozen=True)
class Agreed:
    """Areas in base px²: of the model's answer, of what people have made of it, and of both."""

    model: float = 0.0
    people: float = 0.0
    both: float = 0.0

    def __add__(self, other: Agreed) -> Agreed:
        return Agreed(self.model + other.model, self.people + other.people, self.both + other.both)

    @property
    def dice(self) -> float | None:
        """`None` where neither has drawn anything."""
        total = self.model + self.people
        return 2 * self.both / total if total else None


@dataclass(frozen=True)
class Gains:
    """Of a queue so far.

    Attributes:
        reviewed: regions accepted or fixed; corrected: those that differ from the answer.
        open: marked to be fixed, and not changed yet; dice: of all that were reviewed, as one.
    """

    reviewed: int = 0
    skipped: int = 0
    corrected: int = 0
    open: int = 0
    area_mm2: float = 0.0
    agreed: Agreed = field(default_factory=Agreed)


def agreed(
    answer: Sequence[Document], drawn: Sequence[Document], box: Box, rois: frozenset[str]
) -> Agreed:
    """Class by class, within a region; later elements do not cover earlier ones.

    Args:
        rois: groups that outline regions, not tissue.
    """
    if answer == drawn:
        area = sum(one.area for one in _by_class(answer, box, rois).values())
        return Agreed(area, area, area)
    mine, theirs = _by_class(answer, box, rois), _by_class(drawn, box, rois)
    both = sum(mine[name].intersection(theirs[name]).area for name in mine.keys() & theirs.keys())
    return Agreed(
        sum(one.area for one in mine.values()), sum(one.area for one in theirs.values()), both
    )


def bare(elements: Iterable[Document]) -> list[Document]:
    """Elements without the ids that an archive gives them."""
    return [{key: value for key, value in one.items() if key != "id"} for one in elements]


def _by_class(
    elements: Sequence[Document], box: Box, rois: frozenset[str]
) -> dict[str, BaseGeometry]:
    within = shapely.box(box.x, box.y, box.right, box.bottom)
    found: dict[str, list[BaseGeometry]] = {}
    for one in read_elements({"elements": list(elements)}).elements:
        if one.area and one.group not in rois:
            found.setdefault(one.group, []).append(one.geometry)
    return {name: shapely.union_all(some).intersection(within) for name, some in found.items()}
