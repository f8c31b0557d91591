"""Fewer vertices for the same mask.

An outline crosses the lines between pixel centres one after the other. Any line through the same
gaps in the same order bounds the same pixels, and two that do so never meet: they share no gap,
and where they share a square of centres each has a corner of its own. So vertices are left out,
from each kept one on, as long as a straight line still passes all gaps between (the funnel of
Lee & Preparata 1984; greedily, as Imai & Iri 1986).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from histoloop.masks.crossings import CLEARANCE, OUTWARDS, Floats, Integers, Pieces

_STRETCH = 128
"""Crossings between two that are kept anyway: stretches are looked at side by side."""


def straighten(pieces: Pieces, tolerance: float, border: NDArray[np.bool_]) -> Pieces:
    """Leave out crossings; the line passes the others at most ``tolerance`` px from where it did.

    Ends of open pieces stay. A tolerance of 1 px or more is all the freedom that the mask gives.

    Args:
        border: ``(crossings,)``, which are on the region's border, that no line may leave.
    """
    if tolerance <= 0 or not len(pieces.share):
        return pieces
    share = pieces.share.copy()
    keep = np.zeros(len(share), bool)
    starts, lengths, last = _stretches(pieces)
    keep[starts] = True
    keep[pieces.offsets[1:][~pieces.closed] - 1] = True
    most = np.where(border, pieces.share, 1 - CLEARANCE)
    _Funnels(pieces, tolerance, most, starts, lengths, last).run(share, keep)
    kept = np.append(0, np.cumsum(keep))
    return replace(
        pieces,
        column=pieces.column[keep],
        row=pieces.row[keep],
        way=pieces.way[keep],
        share=share[keep],
        offsets=kept[pieces.offsets],
    )


def _stretches(pieces: Pieces) -> tuple[Integers, Integers, Integers]:
    """First crossing, steps to the last, and the last, of each; the longest first."""
    begins = pieces.offsets[:-1]
    steps = np.diff(pieces.offsets) - ~pieces.closed
    counts = -(-steps // _STRETCH)
    piece = np.repeat(np.arange(len(begins)), counts)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = begins[piece] + within * _STRETCH
    lengths = np.minimum(_STRETCH, steps[piece] - within * _STRETCH)
    last = starts + lengths
    wraps = pieces.closed[piece] & (last == pieces.offsets[1:][piece])
    last = np.where(wraps, begins[piece], last)
    order = np.argsort(-lengths, kind="stable")
    return starts[order], lengths[order], last[order]


class _Funnels:
    """What can be seen from the last vertex of each stretch through all gaps since.

    Gaps lie in columns by stretch and in rows by step, from their end at the pixel inside to the
    one outside; places on them are counted from 0 to 1 between these.
    """

    def __init__(
        self,
        pieces: Pieces,
        tolerance: float,
        most: Floats,
        starts: Integers,
        lengths: Integers,
        last: Integers,
    ) -> None:
        steps = np.arange(lengths[0] + 1)[:, None]
        self._numbers = np.where(steps < lengths, starts + steps, last)
        self._active = np.searchsorted(-lengths, -np.arange(len(steps)), side="right")
        low = np.maximum(pieces.share - tolerance, CLEARANCE)
        width = np.minimum(pieces.share + tolerance, most) - low
        self._low, self._width = low, width
        self._inner_x, self._inner_y = self._at(pieces, low)
        self._outer_x, self._outer_y = self._at(pieces, low + width)
        self._place = ((pieces.share - low) / width)[self._numbers]
        for ends in (0, lengths):  # vertices that stay where they are
            columns = np.arange(len(starts))
            place = self._place[ends, columns]
            for inner, outer in (
                (self._inner_x, self._outer_x),
                (self._inner_y, self._outer_y),
            ):
                here = inner[ends, columns]
                here = here + place * (outer[ends, columns] - here)
                inner[ends, columns] = outer[ends, columns] = here

    def _at(self, pieces: Pieces, share: Floats) -> tuple[Floats, Floats]:
        out = OUTWARDS[pieces.way]
        x, y = pieces.column + share * out[:, 0], pieces.row + share * out[:, 1]
        return x[self._numbers], y[self._numbers]

    def run(self, share: Floats, keep: NDArray[np.bool_]) -> None:
        """Mark what is kept in between, and where on its gap it lies."""
        eye_x, eye_y = self._inner_x[0].copy(), self._inner_y[0].copy()
        right_x = right_y = left_x = left_y = low = high = np.zeros(0)
        for step, count in enumerate(self._active[1:], start=1):
            eye_x, eye_y = eye_x[:count], eye_y[:count]
            x, y = self._inner_x[step, :count], self._inner_y[step, :count]
            wide_x, wide_y = self._outer_x[step, :count] - x, self._outer_y[step, :count] - y
            inner_x, inner_y = x - eye_x, y - eye_y
            seen_low, seen_high = np.zeros(count), np.ones(count)
            if step > 1:
                right_x, right_y = right_x[:count], right_y[:count]
                left_x, left_y = left_x[:count], left_y[:count]
                # Positive where an end lies left of a bound, on the screen.
                inner_right = right_y * inner_x - right_x * inner_y
                across_right = right_y * wide_x - right_x * wide_y
                inner_left = left_y * inner_x - left_x * inner_y
                across_left = left_y * wide_x - left_x * wide_y
                blind = (inner_right + across_right < 0) | (inner_left > 0)
                cut = np.flatnonzero((inner_right < 0) & ~blind)
                seen_low[cut] = -inner_right[cut] / across_right[cut]
                cut = np.flatnonzero((inner_left + across_left > 0) & ~blind)
                seen_high[cut] = -inner_left[cut] / across_left[cut]
                lost = np.flatnonzero(blind | (seen_low > seen_high))
                place = np.clip(self._place[step - 1, lost], low[lost], high[lost])
                self._keep(step - 1, lost, place, share, keep)
                eye_x[lost], eye_y[lost] = self._point(step - 1, lost, place)
                inner_x[lost], inner_y[lost] = x[lost] - eye_x[lost], y[lost] - eye_y[lost]
                seen_low[lost], seen_high[lost] = 0.0, 1.0
            low, high = seen_low, seen_high
            right_x, right_y = inner_x + low * wide_x, inner_y + low * wide_y
            left_x, left_y = inner_x + high * wide_x, inner_y + high * wide_y

    def _keep(
        self, step: int, lost: Integers, place: Floats, share: Floats, keep: NDArray[np.bool_]
    ) -> None:
        numbers = self._numbers[step, lost]
        share[numbers] = self._low[numbers] + place * self._width[numbers]
        keep[numbers] = True

    def _point(self, step: int, lost: Integers, place: Floats) -> tuple[Floats, Floats]:
        x, y = self._inner_x[step, lost], self._inner_y[step, lost]
        wide_x, wide_y = self._outer_x[step, lost] - x, self._outer_y[step, lost] - y
        return x + place * wide_x, y + place * wide_y
