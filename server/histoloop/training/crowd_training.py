"""Training a network on a crowd: each batch shows what one annotator has labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from histoloop.geometry import Box
from histoloop.training.augmentation import Augmentation
from histoloop.training.crowd_loss import Annotators, answers, crowd_cross_entropy, distribution
from histoloop.training.patches import Batch, PatchSource
from histoloop.training.samples import Sample

RATE = 0.03
"""Learning rate of the confusion matrices' logits."""

Step = Callable[[Any, Any, Any, Any], Any]
"""Takes pixels, truth, weight and the annotator's number; gives the loss."""


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

    def batch_at(self, step: int) -> tuple[Batch, int]:
        """The batch of a step, and the number of the annotator who has labelled it."""
        random = np.random.default_rng((self._seed, step, 1))
        who = int(random.choice(len(self._sources), p=self._shares))
        return self._sources[who].batch_at(step), who

    def __iter__(self) -> Iterator[tuple[Batch, int]]:
        step = 0
        while True:
            yield self.batch_at(step)
            step += 1


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
