"""How well a network does on pictures that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.models.segmenter import normalise
from histoloop.training.augmentation import IGNORED
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.samples import Sample

if TYPE_CHECKING:
    import keras

_CONTEXT = 64
_PIECE = 384
"""Context and piece: multiples of any architecture's stride, small for small pictures."""

_WHOLE = _PIECE + 2 * _CONTEXT


def overlaps(network: keras.Model, samples: list[Sample], classes: int) -> list[Overlap]:
    """Per class, pooled over all pictures."""
    total = [Overlap(0, 0, 0, 0)] * classes
    for sample in samples:
        found = sample_overlaps(network, sample, classes)
        total = [one + other for one, other in zip(total, found, strict=True)]
    return total


def sample_overlaps(network: keras.Model, sample: Sample, classes: int) -> list[Overlap]:
    """Per class, on one picture, at probability 0.5."""
    total = [Overlap(0, 0, 0, 0)] * classes
    for place in Box.of(sample.size).split(_PIECE):
        around = Box(place.x, place.y, _PIECE, _PIECE).grow(_CONTEXT)
        image, codes = sample.region(around)
        inner = slice(_CONTEXT, -_CONTEXT)
        probability, truth = _predict_piece(network, image), codes[inner, inner]
        known = truth != IGNORED
        total = [
            one + overlap(probability[..., index] >= 0.5, truth == index + 1, known)
            for index, one in enumerate(total)
        ]
    return total


def predict_picture(network: keras.Model, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``(rows, cols, 3)`` uint8 → ``(rows, cols, classes)``, piece by piece with context."""
    rows, columns = image.shape[:2]
    around = (_CONTEXT, _CONTEXT + _PIECE)
    padded = np.pad(image, (around, around, (0, 0)), "symmetric")
    bands = [
        np.concatenate(
            [
                _predict_piece(network, padded[top : top + _WHOLE, left : left + _WHOLE])
                for left in range(0, columns, _PIECE)
            ],
            axis=1,
        )
        for top in range(0, rows, _PIECE)
    ]
    return np.concatenate(bands)[:rows, :columns]


def _predict_piece(network: keras.Model, piece: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``(_WHOLE, _WHOLE, 3)`` → its inner ``(_PIECE, _PIECE, classes)``."""
    inner = slice(_CONTEXT, -_CONTEXT)
    return np.asarray(network(normalise(piece)[None], training=False))[0, inner, inner]
