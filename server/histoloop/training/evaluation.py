"""How well a network does on pictures that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from histoloop.models.segmenter import normalise
from histoloop.training.augmentation import IGNORED
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.samples import Sample

if TYPE_CHECKING:
    import keras

_CONTEXT = 64
_PIECE = 384
"""Context and piece: multiples of any architecture's stride, small for small pictures."""


def overlaps(network: keras.Model, samples: list[Sample], classes: int) -> list[Overlap]:
    """Per class, pooled over all pictures."""
    total = [Overlap(0, 0, 0, 0)] * classes
    for sample in samples:
        found = sample_overlaps(network, sample, classes)
        total = [one + other for one, other in zip(total, found, strict=True)]
    return total


def sample_overlaps(network: keras.Model, sample: Sample, classes: int) -> list[Overlap]:
    """Per class, on one picture, at probability 0.5."""
    probability = predict_picture(network, sample.image)
    known = sample.truth != IGNORED
    return [
        overlap(probability[..., index] >= 0.5, sample.truth == index + 1, known)
        for index in range(classes)
    ]


def predict_picture(network: keras.Model, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``(rows, cols, 3)`` uint8 → ``(rows, cols, classes)``, piece by piece with context."""
    rows, columns = image.shape[:2]
    around = (_CONTEXT, _CONTEXT + _PIECE)
    padded = np.pad(image, (around, around, (0, 0)), "symmetric")
    bands = [
        np.concatenate(
            [_predict_piece(network, padded, top, left) for left in range(0, columns, _PIECE)],
            axis=1,
        )
        for top in range(0, rows, _PIECE)
    ]
    return np.concatenate(bands)[:rows, :columns]


def _predict_piece(
    network: keras.Model, padded: NDArray[np.uint8], top: int, left: int
) -> NDArray[np.float32]:
    side = _PIECE + 2 * _CONTEXT
    piece = normalise(padded[top : top + side, left : left + side])
    inner = slice(_CONTEXT, -_CONTEXT)
    return np.asarray(network(piece[None], training=False))[0, inner, inner]
