"""Where outlines cross the lines between pixel centres, and how one crossing leads to the next.

Marching squares (Lorensen & Cline 1987). A crossing lies between a pixel inside and a neighbour
outside, so that each such pair has one, and a step goes through the square of four centres that
the outline enters there. What is inside lies on the right of the way: outlines run clockwise
around what they enclose, on the screen, and the other way round holes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import depth_first_order

CLEARANCE = 1 / 16
"""How near to a pixel's centre an outline may pass, px: what rounds its vertices by less, or a
scan line that computes in floats, cannot change a pixel or let two outlines touch."""

DOWN, WEST, UP, EAST = range(4)
"""Ways of an outline; the pixel outside lies one turn to the left of it."""

OUTWARDS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
"""By way: step (x, y) from the pixel inside to the one outside."""

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pieces:
    """Outlines of a strip, from crossing to crossing, one after the other.

    A piece is closed, or goes from one of the strip's open sides to one of them.

    Attributes:
        column, row: of the pixel inside; way: where the outline goes; all ``(crossings,)``.
        share: how far towards the pixel outside, in (0, 1).
        offsets: ``(pieces + 1,)`` where pieces begin and the last ends.
        closed: ``(pieces,)``.
        beside: ``(pairs, 2)`` pieces that bound one stretch of pixels inside.
    """

    column: Integers
    row: Integers
    way: NDArray[np.int8]
    share: Floats
    offsets: Integers
    closed: NDArray[np.bool_]
    beside: Integers

    def points(self, left: float, top: float) -> Floats:
        """``(crossings, 2)``: x, y, where the centre of the first pixel is (left, top)."""
        out = OUTWARDS[self.way]
        x = self.column + self.share * out[:, 0] + left
        return np.column_stack([x, self.row + self.share * out[:, 1] + top])


def follow(field: NDArray[np.int16], open_above: bool, open_below: bool) -> Pieces:
    """The outlines of where a field is positive.

    Args:
        field: ``(rows, cols)``, never 0; its rim must not be positive, but in the first or last
            row if that side is open.
    """
    rows, stride = field.shape
    inside = field.ravel() > 0
    beside = np.flatnonzero(inside[1:] != inside[:-1])
    above = np.flatnonzero(inside[stride:] != inside[:-stride])
    pixel = np.concatenate(
        [beside + ~inside[beside], above + stride * ~inside[above]], dtype=np.int32
    )
    way = np.concatenate(
        [np.where(inside[beside], DOWN, UP), np.where(inside[above], WEST, EAST)], dtype=np.int8
    )
    leaves = np.zeros(len(pixel), bool)
    enters = np.zeros(len(pixel), bool)
    if open_above:
        first = np.flatnonzero(beside < stride)
        leaves[first], enters[first] = way[first] == UP, way[first] == DOWN
    if open_below:
        last = np.flatnonzero(beside >= (rows - 1) * stride)
        leaves[last], enters[last] = way[last] == DOWN, way[last] == UP
    number = np.empty(2 * field.size, np.int32)
    number[beside] = np.arange(len(beside))
    number[above + field.size] = np.arange(len(beside), len(pixel))
    following = _next(field.ravel(), inside, stride, pixel, way, leaves, number)
    return _pieces(field, pixel, way, following, enters, len(beside))


def _next(
    field: NDArray[np.int16],
    inside: NDArray[np.bool_],
    stride: int,
    pixel: NDArray[np.int32],
    way: NDArray[np.int8],
    leaves: NDArray[np.bool_],
    number: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Number of the crossing that follows each; -1 where the outline leaves the strip."""
    outwards = np.array([1, stride, -1, -stride], np.int32)
    other = pixel + outwards[way]
    ahead = np.where(leaves, 0, outwards[(way + 1) & 3])
    near, far = pixel + ahead, other + ahead
    near_in, far_in = inside[near], inside[far]
    saddle = np.flatnonzero(far_in & ~near_in & ~leaves)
    corners = [field[at[saddle]].astype(np.int32) for at in (pixel, other, near, far)]
    joined = near_in.copy()
    joined[saddle] = np.sum(corners, axis=0) > 0
    left = far_in & joined
    right = ~near_in & ~left
    pixel_next = np.where(left, far, np.where(right, pixel, near))
    way_next = (way + 3 * left + right) & 3
    upper_left = pixel_next + np.array([0, 0, -1, -stride], np.int32)[way_next]
    following: NDArray[np.int32] = number[upper_left + (way_next & 1) * field.size]
    following[leaves] = -1
    return following


def _pieces(
    field: NDArray[np.int16],
    pixel: NDArray[np.int32],
    way: NDArray[np.int8],
    following: NDArray[np.int32],
    enters: NDArray[np.bool_],
    beside: int,
) -> Pieces:
    stride = field.shape[1]
    turns = np.flatnonzero((following >= 0) & (way != EAST))
    turns = following[turns][way[following[turns]] == EAST]  # every closed outline has one
    order, offsets = walk(following, np.concatenate([np.flatnonzero(enters), turns]))
    piece = np.empty(len(pixel), np.int32)
    piece[order] = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    pairs = piece[:beside].reshape(-1, 2)  # in a row, outlines are crossed in and out in turn
    pixel, way = pixel[order], way[order]
    other = pixel + np.array([1, stride, -1, -stride], np.int32)[way]
    values = field.ravel()
    here, there = values[pixel].astype(np.int32), values[other].astype(np.int32)
    row, column = np.divmod(pixel, np.int32(stride))
    return Pieces(
        column,
        row,
        way,
        np.clip(here / (here - there), CLEARANCE, 1 - CLEARANCE),
        offsets,
        ~enters[order[offsets[:-1]]],
        pairs[pairs[:, 0] != pairs[:, 1]],
    )


def walk(following: Integers, starts: Integers) -> tuple[Integers, Integers]:
    """Chains and rings in the order of their links.

    Args:
        following: the next of each, -1 at the end of a chain; none is the next of two.
        starts: where to begin; what is reached from one before is skipped.

    Returns:
        The numbers in order, and where each chain begins, and the last ends.
    """
    count, roots = len(following), len(starts)
    if not roots:
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    has = following >= 0
    stem = np.column_stack([starts, count + 1 + np.arange(roots)]).ravel()[:-1]
    targets = np.concatenate([following[has], stem])
    ends = np.concatenate(
        [[0], np.cumsum(has), has.sum() + 2 * np.arange(1, roots), [len(targets)]]
    )
    graph = csr_array((np.ones(len(targets)), targets, ends), shape=(count + roots,) * 2)
    found: NDArray[Any] = depth_first_order(graph, count, return_predecessors=False)
    is_stem = found >= count
    begins = np.flatnonzero(~is_stem[1:] & is_stem[:-1]) + 1
    kept = np.cumsum(~is_stem)
    offsets = np.append(kept[begins] - 1, kept[-1])
    return found[~is_stem], offsets
