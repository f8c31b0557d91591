"""From samples to weights."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from histoloop.training import losses
from histoloop.training.evaluation import overlaps
from histoloop.training.patches import PatchSource
from histoloop.training.pipeline import prefetched
from histoloop.training.plan import TrainingPlan as TrainingPlan
from histoloop.training.samples import Sample

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Epoch:
    """What an epoch has brought: mean loss, and Dice per class over the validation pictures.

    ``dice`` is empty when there are none.
    """

    number: int
    loss: float
    dice: tuple[float, ...]
    seconds: float


class Trainer:
    """Trains a functional network; `network` holds the averaged float32 weights after each epoch.

    Args:
        build: makes the network anew under the current precision policy.
        classes: channels of its output.
    """

    def __init__(self, build: Callable[[], keras.Model], classes: int, plan: TrainingPlan) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras

        keras.utils.set_random_seed(plan.seed)
        self.plan, self._classes = plan, classes
        self.network = build()
        keras.mixed_precision.set_global_policy(plan.precision)
        try:
            self._training = build()
        finally:
            keras.mixed_precision.set_global_policy("float32")
        self._training.set_weights(self.network.get_weights())
        self._optimizer = keras.optimizers.AdamW(
            plan.learning_rate, weight_decay=plan.weight_decay, clipnorm=1.0
        )
        loss = losses.named(plan.loss, classes)
        self._step = _compiled_step(self._training, self._optimizer, loss)

    def fit(self, train: list[Sample], valid: list[Sample]) -> Iterator[Epoch]:
        """Train; yields after every epoch, when `network` may be saved."""
        plan = self.plan
        source = PatchSource(
            train, self._classes, plan.side, plan.batch, plan.seed, plan.augmentation
        )
        batches = prefetched(source)
        for number in range(1, plan.epochs + 1):
            start = time.perf_counter()
            loss = np.mean([self._advance(batch, number, i) for i, batch in self._steps(batches)])
            found = overlaps(self.network, valid, self._classes) if valid else []
            dice = tuple(one.dice for one in found)
            yield Epoch(number, float(loss), dice, time.perf_counter() - start)

    def shift(self) -> None:
        """Move the trained network's log odds by the plan's ``shift``; once, after `fit`."""
        head = self.network.get_layer("logits")
        kernel, bias = head.get_weights()
        head.set_weights([kernel, bias + self.plan.shift])

    def _steps(self, batches: Iterator[Any]) -> Iterator[tuple[int, Any]]:
        for index in range(self.plan.steps):
            yield index, next(batches)

    def _advance(self, batch: Any, epoch: int, index: int) -> float:
        done = (epoch - 1) * self.plan.steps + index
        self._optimizer.learning_rate.assign(self._rate(done))
        loss = float(self._step(*batch))
        self._average(done)
        return loss

    def _rate(self, done: int) -> float:
        plan = self.plan
        share = done / (plan.epochs * plan.steps)
        warm = min(1.0, (done + 1) / min(plan.steps, 50))
        return plan.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6

    def _average(self, done: int) -> None:
        """Every tenth step is enough; the first ones are forgotten quickly."""
        if done % 10 != 9:
            return
        decay = min(self.plan.average**10, done / (done + 20))
        pairs = zip(self.network.get_weights(), self._training.get_weights(), strict=True)
        self.network.set_weights([old * decay + new * (1 - decay) for old, new in pairs])


def _compiled_step(network: Any, optimizer: Any, loss_of: losses.Loss) -> Callable[..., Any]:
    import tensorflow as tf

    @tf.function  # type: ignore[untyped-decorator]
    def step(pixels: Any, truth: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(truth, network(pixels, training=True), weight)
        weights = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return step  # type: ignore[no-any-return]
