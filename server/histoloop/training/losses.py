"""Losses in which an ignored pixel weighs nothing.

All take ``truth`` and ``probability`` of shape ``(n, h, w, c)`` and ``weight`` of shape
``(n, h, w, 1)``, float32, and return a scalar tensor, least where both agree. The label of a
pixel of weight 0 is put away before anything is computed: no gradient can depend on it, not
even by a rounding.

The binary ones judge every channel for itself. Their categorical twins are for a softmax: they
ask for the probability of the true class alone; a pixel of no class has no say in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from histoloop.errors import UsageError

Loss = Callable[[Any, Any, Any], Any]

EPSILON = 1e-6

FOCAL_GAMMA = 2.0
FOCAL_ALPHA = 0.25
"""Lin et al. 2017, arXiv:1708.02002: their best on COCO."""

TVERSKY_FALSE_POSITIVE = 0.3
TVERSKY_FALSE_NEGATIVE = 0.7
"""Salehi et al. 2017, arXiv:1706.05721: what is missed costs more than what is overcalled."""


def cross_entropy(truth: Any, probability: Any, weight: Any) -> Any:
    """Mean binary cross-entropy over channels and weighted pixels."""
    from keras import ops

    truth, p = _known(truth, weight), _clipped(probability)
    loss = -(truth * ops.log(p) + (1.0 - truth) * ops.log(1.0 - p))
    return _mean(loss, weight)


def soft_dice(truth: Any, probability: Any, weight: Any) -> Any:
    """One minus the Dice of the whole batch, averaged over channels (Milletari et al. 2016)."""
    from keras import ops

    shared, predicted, true = _areas(truth, probability, weight)
    return 1.0 - ops.mean((2.0 * shared + 1.0) / (predicted + true + 1.0))


def soft_iou(truth: Any, probability: Any, weight: Any) -> Any:
    """One minus intersection over union of the whole batch, averaged over channels."""
    from keras import ops

    shared, predicted, true = _areas(truth, probability, weight)
    return 1.0 - ops.mean((shared + 1.0) / (predicted + true - shared + 1.0))


def tversky(truth: Any, probability: Any, weight: Any) -> Any:
    """One minus the Tversky index of the whole batch, averaged over channels."""
    from keras import ops

    shared, predicted, true = _areas(truth, probability, weight)
    wrong = TVERSKY_FALSE_POSITIVE * (predicted - shared) + TVERSKY_FALSE_NEGATIVE * (true - shared)
    return 1.0 - ops.mean((shared + 1.0) / (shared + wrong + 1.0))


def focal(truth: Any, probability: Any, weight: Any) -> Any:
    """Binary cross-entropy in which what is nearly right weighs little, averaged."""
    from keras import ops

    truth, p = _known(truth, weight), _clipped(probability)
    hit = truth * p + (1.0 - truth) * (1.0 - p)
    balance = truth * FOCAL_ALPHA + (1.0 - truth) * (1.0 - FOCAL_ALPHA)
    return _mean(-balance * (1.0 - hit) ** FOCAL_GAMMA * ops.log(hit), weight)


def categorical_cross_entropy(truth: Any, probability: Any, weight: Any) -> Any:
    """Minus the log of the true class's probability, mean over weighted pixels."""
    from keras import ops

    truth, p = _known(truth, weight), _clipped(probability)
    return _mean(ops.sum(-truth * ops.log(p), axis=-1, keepdims=True), weight)


def categorical_focal(truth: Any, probability: Any, weight: Any) -> Any:
    """Categorical cross-entropy in which what is nearly right weighs little, averaged."""
    from keras import ops

    truth, p = _known(truth, weight), _clipped(probability)
    loss = -truth * (1.0 - p) ** FOCAL_GAMMA * ops.log(p)
    return _mean(ops.sum(loss, axis=-1, keepdims=True), weight)


def both(one: Loss, other: Loss) -> Loss:
    """The sum of two: cross-entropy calibrates, an overlap minds the rare class."""

    def loss(truth: Any, probability: Any, weight: Any) -> Any:
        return one(truth, probability, weight) + other(truth, probability, weight)

    return loss


BINARY: dict[str, Loss] = {
    "bce": cross_entropy,
    "dice": soft_dice,
    "bce+dice": both(cross_entropy, soft_dice),
    "iou": soft_iou,
    "bce+iou": both(cross_entropy, soft_iou),
    "focal": focal,
    "tversky": tversky,
}

CATEGORICAL: dict[str, Loss] = {
    "cce": categorical_cross_entropy,
    "cce+dice": both(categorical_cross_entropy, soft_dice),
    "cce+iou": both(categorical_cross_entropy, soft_iou),
    "cfocal": categorical_focal,
}

LOSSES = BINARY | CATEGORICAL


def named(name: str, classes: int) -> Loss:
    """The loss of that name, for so many output channels.

    Raises:
        UsageError: there is none, or it needs a softmax and there is one channel.
    """
    if name not in LOSSES:
        raise UsageError(f"unknown loss {name!r}", hint=f"known: {', '.join(LOSSES)}")
    if name in CATEGORICAL and classes == 1:
        raise UsageError(
            f"loss {name} chooses among classes and there is only one",
            hint=f"take one of {', '.join(BINARY)}",
        )
    return LOSSES[name]


def _known(truth: Any, weight: Any) -> Any:
    """The truth, 0 wherever it weighs nothing."""
    from keras import ops

    return ops.where(weight > 0, truth, 0.0)


def _clipped(probability: Any) -> Any:
    """Away from 0 and 1, where the logarithm ends."""
    from keras import ops

    return ops.clip(probability, EPSILON, 1.0 - EPSILON)


def _mean(loss: Any, weight: Any) -> Any:
    """Over channels and weighted pixels; 0 where nothing has weight."""
    from keras import ops

    return ops.sum(loss * weight) / (ops.sum(weight) * loss.shape[-1] + EPSILON)


def _areas(truth: Any, probability: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Weighted areas per channel, ``(c,)`` each: shared, predicted, true."""
    from keras import ops

    truth, axes = _known(truth, weight), (0, 1, 2)
    return (
        ops.sum(truth * probability * weight, axes),
        ops.sum(probability * weight, axes),
        ops.sum(truth * weight, axes),
    )
