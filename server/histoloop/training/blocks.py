"""A picture in blocks: what little can be resampled where there is but one (Künsch 1989)."""

from __future__ import annotations

import itertools

import numpy as np

from histoloop.training.augmentation import IGNORED
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.scoring import Labels

BLOCKS = 5
"""Blocks along a side: each holds many nests of cells, and 25 can be drawn again."""


def block_overlaps(
    predicted: Labels, truth: Labels, classes: int
) -> tuple[tuple[Overlap, ...], ...]:
    """For each block of the picture where anything is known, an overlap per class.

    Args:
        predicted, truth: ``(rows, cols)`` class index from 1.
    """
    rows, columns = (
        np.linspace(0, side, BLOCKS + 1).round().astype(int).tolist() for side in truth.shape
    )
    found = []
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            one, true = predicted[top:bottom, left:right], truth[top:bottom, left:right]
            if (known := true != IGNORED).any():
                each = (overlap(one == c, true == c, known) for c in range(1, classes + 1))
                found.append(tuple(each))
    return tuple(found)
