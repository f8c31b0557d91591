"""Training a network on a crowd: each batch shows what one annotator has labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import DatasetError
from histoloop.geometry import Box
from histoloop.training.augmentation import Augmentation
from histoloop.training.crowd_loss import Annotators, answers, crowd_cross_entropy, distribution
from histoloop.training.patches import PatchSource
from histoloop.training.samples import (
    Sample,
    SlideSample,
    address_of,
    load,
    meaning_of_folder,
    pictures,
)
from histoloop.training.snapshot import rater_masks_of, read_snapshot

RATE = 0.03
"""Learning rate of the confusion matrices' logits."""

CrowdBatch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], np.int32]
"""A `Batch`, and the number of the annotator who has labelled it."""

Step = Callable[[Any, Any, Any, Any], Any]
"""Takes pixels, truth, weight and the annotator's number; gives the loss."""


def load_crowd(data: Path, mpp: float, assumed: float | None = None) -> dict[str, list[Sample]]:
    """The training pictures of a snapshot as each annotator has labelled them, by name.

    Raises:
        DatasetError: it is no snapshot, or its files do not fit.
        MissingScaleError: a picture does not say its scale and nothing is assumed.
    """
    snapshot = read_snapshot(data)
    if snapshot is None:
        raise DatasetError(
            f"{data}: does not say who has labelled what",
            hint="a crowd is kept in a snapshot: make one with histoloop dataset build",
        )
    meaning, rois = meaning_of_folder(data, None), {roi.name: roi for roi in snapshot.rois}
    crowd: dict[str, list[Sample]] = {}
    for picture in pictures(data, "train"):
        roi, shared = rois[picture.name], None
        address = address_of(picture, assumed)
        for number, rater in enumerate(roi.raters):
            mask = data / rater_masks_of(roi) / f"{number:02d}.png"
            sample = load(picture._replace(mask=mask), address, mpp, meaning)
            if not isinstance(sample, SlideSample):  # held once, however many have labelled it
                shared = sample.image if shared is None else shared
                sample = replace(sample, image=shared)
            crowd.setdefault(rater.annotator, []).append(sample)
    return crowd


class CrowdSource:
    """Augmented patches of one annotator at a time, of each as often as they have labelled.

    Args:
        crowd: the pictures that each annotator has labelled, `IGNORED` where they have not.
    """

    def __init__(
        self,
        crowd: Mapping[str, list[Sample]],
        classes: int,
        side: int,
        batch: int,
        seed: int,
        how: Augmentation | None = None,
    ) -> None:
        self.annotators = tuple(sorted(crowd))
        self._seed = seed
        self._sources = [
            PatchSource(crowd[name], classes, side, batch, seed, how or Augmentation())
            for name in self.annotators
        ]
        areas = [sum(Box.of(one.size).area for one in crowd[name]) for name in self.annotators]
        self._shares = np.array(areas, float) / sum(areas)

    def __iter__(self) -> Iterator[CrowdBatch]:
        return map(self.batch_at, count())

    def batch_at(self, step: int) -> CrowdBatch:
        """The batch of a step, counted from 0 over all epochs; safe in any thread.

        Raises:
            SlideError, DatasetError: a file that is read by region cannot be decoded there.
        """
        random = np.random.default_rng((self._seed, step, 1))
        who = int(random.choice(len(self._sources), p=self._shares))
        return *self._sources[who].batch_at(step), np.int32(who)


def crowd_step(network: Any, annotators: Annotators, optimizer: Any) -> Step:
    """A compiled step that trains network and confusion matrices together.

    The matrices are few numbers that each see few batches: they learn at a `RATE` of their own.
    """
    import keras
    import tensorflow as tf

    weights, logits = network.trainable_variables, [annotators.logits]
    matrices = keras.optimizers.Adam(RATE)
    matrices.build(logits)
    optimizer.build(weights)

    @tf.function  # type: ignore[untyped-decorator]
    def step(pixels: Any, truth: Any, weight: Any, who: Any) -> Any:
        with tf.GradientTape() as tape:
            probability = distribution(network(pixels, training=True))
            own = annotators.matrices[who][None]
            loss = crowd_cross_entropy(answers(truth, weight), probability, own)
        of_weights, of_logits = tape.gradient(loss, (weights, logits))
        optimizer.apply(of_weights, weights)
        matrices.apply(of_logits, logits)
        return loss

    return step  # type: ignore[no-any-return]
