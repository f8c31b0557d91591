"""What several annotators said of the same pixels, without keeping it pixel by pixel.

Of R annotators and K classes there are at most (K + 1)^R different answers, on real regions a
few thousand: whatever is computed of an answer is computed once for all pixels that have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.errors import AnnotationError

Codes = NDArray[np.uint8]

UNSAID = (OUTSIDE, 255)
"""Mask codes with which an annotator says nothing of a pixel: outside, or ignored."""

_LARGEST_TABLE = 50_000_000


@dataclass(frozen=True)
class Votes:
    """The answers to the pixels of one region.

    Attributes:
        raters: who answered; at least one.
        codes: the classes that anybody named, ascending.
        answers: ``(answers, raters)`` int16 index into ``codes``, -1 where one said nothing.
        pixels: ``(answers,)`` int64, how many pixels got this answer.
        where: ``(rows, cols)`` int32 index into ``answers``.
    """

    raters: tuple[str, ...]
    codes: tuple[int, ...]
    answers: NDArray[np.int16]
    pixels: NDArray[np.int64]
    where: NDArray[np.int32]

    @classmethod
    def of(cls, masks: Iterable[tuple[str, Codes]]) -> Votes:
        """Count masks, ``(rows, cols)`` uint8 each, one after the other; one is held at a time.

        Raises:
            AnnotationError: there is none, an annotator stands there twice, or sizes differ.
        """
        raters: list[str] = []
        columns = np.zeros((1, 0), np.uint8)
        where: NDArray[np.int32] | None = None
        for name, mask in masks:
            if where is None:
                where = np.zeros(mask.shape, np.int32)
            _check(name, mask, raters, where.shape)
            raters.append(name)
            present, where = _compact(where, mask, len(columns) * 256)
            columns = np.column_stack([columns[present // 256], (present % 256).astype(np.uint8)])
        if where is None:
            raise AnnotationError("there is no annotator to agree with anybody")
        pixels = np.bincount(where.ravel(), minlength=len(columns)).astype(np.int64)
        codes, answers = _indexed(columns)
        if not codes:
            raise AnnotationError("no annotator has labelled a pixel of this region")
        return cls(tuple(raters), codes, answers, pixels, where)

    @cached_property
    def said(self) -> NDArray[np.int64]:
        """``(answers,)`` how many annotators said something."""
        return np.asarray((self.answers >= 0).sum(axis=1), np.int64)

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """``(answers, classes)`` how many annotators named each class."""
        return self.weighted(np.ones(len(self.raters)))

    def weighted(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(answers, classes)`` summed weight, ``(raters,)``, of those who named each class."""
        total = np.zeros((len(self.answers), len(self.codes)))
        for rater, weight in enumerate(weights):
            spoke = self.answers[:, rater] >= 0
            total[spoke, self.answers[spoke, rater]] += weight
        return total

    def only(self, raters: Sequence[int]) -> Votes:
        """The same answers as if the others had said nothing; one annotator at least."""
        return replace(
            self,
            raters=tuple(self.raters[one] for one in raters),
            answers=self.answers[:, list(raters)],
        )


def _check(name: str, mask: Codes, known: Sequence[str], shape: tuple[int, ...]) -> None:
    if name in known:
        raise AnnotationError(
            f"annotator {name} stands there twice", hint="give each annotator one mask"
        )
    if mask.shape != shape:
        raise AnnotationError(
            f"the mask of {name} is {mask.shape[::-1]} px, the others are {shape[::-1]} px",
            hint="masks of one region have one size",
        )


def _compact(
    where: NDArray[np.int32], mask: Codes, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Keys ``256 where + mask`` that occur, ascending, and the place of each pixel's among them.

    Args:
        limit: above all keys.
    """
    if limit > _LARGEST_TABLE:  # so many different answers: sort them
        present, place = np.unique(where.astype(np.int64) * 256 + mask, return_inverse=True)
        return present, place.reshape(mask.shape).astype(np.int32)
    keys = where * np.int32(256) + mask
    there = np.zeros(limit, bool)
    there[keys.ravel()] = True
    present = np.flatnonzero(there)
    table = np.zeros(limit, np.int32)
    table[present] = np.arange(len(present))
    return present, table[keys]


def _indexed(columns: Codes) -> tuple[tuple[int, ...], NDArray[np.int16]]:
    codes = tuple(int(code) for code in np.unique(columns) if code not in UNSAID)
    table = np.full(256, -1, np.int16)
    table[list(codes)] = np.arange(len(codes))
    return codes, table[columns]
