"""People who annotate, made up: for tests, the demo and benchmarks, where the truth is known.

Each sees the truth and draws it as their habits have it: outlines wander, pieces are missed or
taken for another class. One is careless, one works against all others.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.annotators import Role
from histoloop.annotations.consensus_votes import UNSAID, Codes
from histoloop.annotations.dsa import Document
from histoloop.annotations.gtcodes import GTCodes
from histoloop.geometry import Box

CARELESS = "careless"
ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class Habits:
    """How somebody draws.

    Attributes:
        wander: how far outlines leave the truth, standard deviation as a share of the
            picture's shorter side.
        missed: share of the pieces of a class that are left to what lies around them.
        confused: share of the pieces that are taken for another class.
        contrary: calls every class by the name of another.
    """

    name: str
    role: Role = Role.STUDENT
    wander: float = 0.004
    missed: float = 0.0
    confused: float = 0.0
    contrary: bool = False


CROWD = (
    Habits("senior", Role.SENIOR, wander=0.003, missed=0.02, confused=0.01),
    Habits("junior", Role.JUNIOR, wander=0.005, missed=0.05, confused=0.03),
    Habits("student 1", wander=0.008, missed=0.08, confused=0.05),
    Habits("student 2", wander=0.010, missed=0.12, confused=0.05),
    Habits("student 3", wander=0.010, missed=0.06, confused=0.12),
    Habits(CARELESS, wander=0.040, missed=0.30, confused=0.30),
    Habits(ADVERSARIAL, wander=0.010, missed=0.05, confused=0.05, contrary=True),
)
"""Seven, as the evaluation of a consensus has them."""

_PIECE = 1 / 8
"""Shorter sides of a picture that a piece measures: what is missed or confused as a whole."""


def draw_as(habits: Habits, truth: Codes, seed: int) -> Codes:
    """The truth as one person draws it.

    Args:
        truth: ``(rows, cols)`` uint8 codes; 0 and 255, which nobody annotates, stay.
        seed: another one, another day; who it is counts as well.

    Returns:
        ``(rows, cols)`` uint8.
    """
    random = np.random.default_rng([seed, zlib.crc32(habits.name.encode())])
    unsaid = np.isin(truth, UNSAID)
    classes = np.setdiff1d(truth, UNSAID)
    drawn = _wandered(truth, habits.wander, random)
    pieces = _pieces(truth.shape, random)
    number = int(pieces.max()) + 1
    swap = np.arange(256, dtype=np.uint8)
    if len(classes) > 1:
        usual = classes[np.argmax([np.count_nonzero(truth == one) for one in classes])]
        for one in classes:
            others = classes[classes != one]
            lost = random.random(number) < (habits.missed if one != usual else 0)
            wrong = random.random(number) < habits.confused
            instead = np.where(wrong, random.choice(others, number), np.where(lost, usual, one))
            where = (truth == one) & (drawn == one)
            drawn[where] = instead[pieces[where]]
        swap[classes] = np.roll(classes, 1)
    if habits.contrary:
        drawn = swap[drawn]
    return np.where(unsaid, truth, drawn)


def crowd(
    truth: Codes, seed: int, people: tuple[Habits, ...] = CROWD
) -> Iterator[tuple[str, Codes]]:
    """What each of some people draws; as `Votes.of` takes it."""
    for habits in people:
        yield habits.name, draw_as(habits, truth, seed)


def document_of(habits: Habits, mask: Codes, codes: GTCodes, box: Box) -> Document:
    """A mask as somebody would have drawn it in a DSA: an ROI and outlines with holes.

    Rasterised by the same table it gives the mask again, in all classes of the table.

    Args:
        mask: ``(rows, cols)`` uint8 codes over ``box``, in base pixels.
    """
    roi = next(row.group for row in codes if row.is_roi)
    elements = [_rectangle(box, roi)]
    for row in codes.classes:
        if row.code != codes.background:
            elements += _outlines(mask == row.code, box, row.group)
    attributes = {"annotator": habits.name, "role": str(habits.role)}
    return {"name": f"by {habits.name}", "attributes": attributes, "elements": elements}


def _wandered(truth: Codes, wander: float, random: np.random.Generator) -> Codes:
    """Shift every place by a smooth field of displacements."""
    rows, columns = truth.shape
    sigma = wander * min(rows, columns)
    coarse = (max(3, round(rows / (3 * sigma + 6))), max(3, round(columns / (3 * sigma + 6))))
    shifts = [
        cv2.resize(
            random.normal(0, sigma, coarse).astype(np.float32),
            (columns, rows),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    ]
    across = np.arange(columns, dtype=np.float32)[None, :] + shifts[0]
    down = np.arange(rows, dtype=np.float32)[:, None] + shifts[1]
    moved = cv2.remap(truth, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    # What nobody annotates has no outline to be drawn wrongly.
    return np.asarray(np.where(np.isin(moved, UNSAID), truth, moved), np.uint8)


def _pieces(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.intp]:
    """``(rows, cols)`` number of the piece that each pixel is in: nearest of scattered points."""
    side = max(1.0, min(shape) * _PIECE)
    down, across = (max(1, round(length / side)) for length in shape)
    spread = np.indices((down, across)).transpose(1, 2, 0) + random.uniform(0, 1, (down, across, 2))
    points = (spread * np.array(shape) / [down, across]).astype(np.intp).reshape(-1, 2)
    elsewhere = np.ones(shape, np.uint8)
    elsewhere[points[:, 0], points[:, 1]] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, cv2.DIST_MASK_3, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.asarray(nearest, np.intp)


def _rectangle(box: Box, group: str) -> dict[str, Any]:
    centre = [box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2, 0]
    size = {"width": box.width - 1, "height": box.height - 1, "rotation": 0}
    return {"type": "rectangle", "center": centre, **size, "group": group}


def _outlines(mask: NDArray[np.bool_], box: Box, group: str) -> list[dict[str, Any]]:
    """Vertices name pixels, the rim of a hole belongs to the area: as masks are filled."""
    rings, tree = cv2.findContours(
        mask.astype(np.uint8),
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_SIMPLE,
        offset=(box.x, box.y),
    )
    points = [_ring(ring) for ring in rings]
    holes: dict[int, list[Any]] = {}
    for index, (_, _, _, parent) in enumerate(tree[0] if len(rings) else ()):
        if parent >= 0:
            holes.setdefault(int(parent), []).append(points[index])
    return [
        {
            "type": "polyline",
            "closed": True,
            "points": ring,
            "holes": holes.get(index, []),
            "group": group,
            "label": {"value": group},
        }
        for index, ring in enumerate(points)
        if tree[0][index][3] < 0
    ]


def _ring(ring: NDArray[np.int32]) -> list[list[float]]:
    """Points of a contour; one that encloses nothing also goes around its last pixel's corner."""
    points = [[float(x), float(y), 0.0] for x, y in ring[:, 0]]
    if cv2.contourArea(ring) == 0:
        x, y, z = points[-1]
        points += [[x + 0.4, y, z], [x, y + 0.4, z]]
    return points
