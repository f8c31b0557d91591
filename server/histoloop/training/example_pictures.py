"""A few places of the validation pictures, looked at after every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from histoloop.geometry import Box
from histoloop.masks.labels import LabelClass
from histoloop.training.augmentation import IGNORED
from histoloop.training.evaluation import predict_picture
from histoloop.training.samples import Sample
from histoloop.training.scoring import Labels
from histoloop.training.worst_tiles import SIDE, Tile, panels

if TYPE_CHECKING:
    import keras

FOLDER = "samples"

_MOST = 3
_CONTEXT = 64
_GAP = 8


@dataclass(frozen=True)
class Examples:
    """Places that stay the same over a training: drawn by its seed, one a picture.

    Attributes:
        places: picture and box, px at the model's scale, of at most `SIDE` a side.
    """

    classes: tuple[LabelClass, ...]
    places: tuple[tuple[Sample, Box], ...]

    @classmethod
    def choose(cls, valid: Sequence[Sample], classes: Sequence[LabelClass], seed: int) -> Examples:
        """At most three pictures, each at a place with as many classes as any of its places."""
        random = np.random.default_rng(seed)
        drawn = random.permutation(len(valid))[:_MOST]
        chosen = [valid[index] for index in sorted(drawn)]
        return cls(tuple(classes), tuple((one, _place(one, random)) for one in chosen))

    def write(self, folder: Path, network: keras.Model, epoch: int) -> None:
        """Write ``epoch-NNN.png``: a row a place, of picture, truth and prediction."""
        if not self.places:
            return
        folder.mkdir(exist_ok=True)
        rows = [panels(self._tile(network, *place), self.classes) for place in self.places]
        gap = np.full((_GAP, rows[0].shape[1], 3), 255, np.uint8)
        stack = np.vstack([part for row in rows for part in (gap, row)][1:])
        Image.fromarray(stack).save(folder / f"epoch-{epoch:03}.png")

    def _tile(self, network: keras.Model, sample: Sample, box: Box) -> Tile:
        image, truth = sample.region(box.grow(_CONTEXT))
        inner = (slice(_CONTEXT, -_CONTEXT),) * 2
        predicted = _codes(predict_picture(network, image)[inner])
        known = truth[inner] != IGNORED
        wrong = int(np.count_nonzero(known & (truth[inner] != predicted)))
        parts = (image[inner].copy(), truth[inner].copy(), predicted)  # cv2 draws on whole rows
        return Tile(sample.name, box, wrong, int(np.count_nonzero(known)), *parts)


def forget(folder: Path) -> None:
    """Remove the pictures of an earlier training."""
    for path in folder.glob("epoch-*.png"):
        path.unlink()


def _place(sample: Sample, random: np.random.Generator) -> Box:
    places = list(Box.of(sample.size).split(SIDE))
    found = [_variety(sample.region(box)[1]) for box in places]
    best = [box for box, count in zip(places, found, strict=True) if count == max(found)]
    return best[int(random.integers(len(best)))]


def _variety(truth: Labels) -> int:
    return len(set(np.unique(truth).tolist()) - {0, IGNORED})


def _codes(probability: np.ndarray) -> Labels:
    """``(rows, cols, classes)`` → the likeliest class from 1 that reaches a half, else 0."""
    best = probability.argmax(axis=-1)
    reached = probability.max(axis=-1) >= 0.5
    return np.where(reached, best + 1, 0).astype(np.uint8)
