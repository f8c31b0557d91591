"""One step of a training: loss, gradients, update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from histoloop.errors import UsageError
from histoloop.training.crowd_loss import ANNOTATORS
from histoloop.training.plan import TrainingPlan
from histoloop.training.replicas import Replicas

PRETRAINED = "encoder_"
"""What the names of layers that start from pretrained weights begin with."""

Pace = tuple[Any, float]
"""A variable, and the factor on its learning rate."""


def optimizer_of(plan: TrainingPlan) -> Any:
    """The plan's optimizer; for float16 one that scales the loss, and skips steps that overflow."""
    import keras

    clip = {"clipnorm": plan.clip_norm, "clipvalue": plan.clip_value}
    optimizer = (
        keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay, **clip)
        if plan.optimizer == "adamw"
        else keras.optimizers.Adam(plan.learning_rate, **clip)
    )
    if plan.optimizer == "adamw":
        optimizer.exclude_from_weight_decay(var_names=[ANNOTATORS])
    if plan.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def slow_down(network: Any, rate: float) -> list[Pace]:
    """The pretrained weights that are to learn at a rate of their own; frozen where it is 0.

    Raises:
        UsageError: another rate than 1 is asked for, and no layer is pretrained.
    """
    if rate == 1.0:
        return []
    layers = [layer for layer in network.layers if layer.name.startswith(PRETRAINED)]
    if not layers:
        raise UsageError(
            f"encoder_rate is {rate}, but the network has no pretrained layers",
            hint="leave it out, or take an architecture with a pretrained encoder",
        )
    for layer in layers if rate == 0 else ():
        layer.trainable = False  # and its batch normalisation infers
    return [(weight, rate) for layer in layers for weight in layer.trainable_variables]


def compiled_step(
    network: Any,
    optimizer: Any,
    loss_of: Callable[..., Any],
    paces: list[Pace],
    beside: list[Any],
    replicas: Replicas,
) -> Callable[..., Any]:
    """Updates the network by a batch (pixels, truth, weight, …); returns what `Trainer` adds up.

    That is the loss, how many of the batch's known pixels, each counted for every class, were
    rightly in or out at probability 0.5, and how many are known. A network of several outputs
    is judged by the sum of their losses, and counted by the first.

    Args:
        loss_of: takes what follows the weight in a batch, too.
        paces: weights whose update is multiplied by a factor: with Adam another gradient would
            be as large a step.
        beside: variables of the loss, learnt with the network's.
        replicas: in whose scope network and optimizer were made.
    """
    import tensorflow as tf

    def learn(pixels: Any, truth: Any, weight: Any, *more: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(network(pixels, training=True))
            said = [replicas.whole(one, truth.shape[0]) for one in outputs]
            loss = sum(loss_of(truth, one, weight, *more) for one in said)
            scaled = optimizer.scale_loss(loss)
        own, common = tape.gradient(scaled, (network.trainable_variables, beside))
        # A replica knows only its share of the first, and all of the others.
        gradients = replicas.total([*own, *(one / replicas.count for one in common)])
        known = tf.broadcast_to(weight > 0, tf.shape(truth))
        right = known & ((said[0] >= 0.5) == (truth >= 0.5))
        return gradients, (loss, tf.math.count_nonzero(right), tf.math.count_nonzero(known))

    @tf.function  # type: ignore[untyped-decorator]
    def step(pixels: Any, *rest: Any) -> Any:
        gradients, told = replicas.run(learn, pixels, *rest)
        before = [tf.identity(one.value) for one, _ in paces]
        _update(optimizer, gradients, [*network.trainable_variables, *beside], replicas)
        for (one, rate), old in zip(paces, before, strict=True):
            one.assign(old + rate * (one.value - old))
        return told

    return lambda pixels, *rest: step(replicas.share(pixels), *rest)


def _update(optimizer: Any, gradients: list[Any], weights: list[Any], replicas: Replicas) -> None:
    """Once for all replicas, by gradients that are summed and not clipped yet."""
    import keras

    if replicas.strategy and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # Its `apply` insists on a replica, where the inner one would clip and sum once more.
        optimizer._common_apply(gradients, weights)
    else:
        optimizer.apply(gradients, weights)
