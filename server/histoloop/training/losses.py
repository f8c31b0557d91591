"""Losses in which an ignored pixel weighs nothing.

All take ``truth`` and ``probability`` of shape ``(n, h, w, c)`` and ``weight`` of shape
``(n, h, w, 1)``, float32, and return a scalar tensor.
"""

from __future__ import annotations

from typing import Any

EPSILON = 1e-6


def cross_entropy(truth: Any, probability: Any, weight: Any) -> Any:
    """Mean binary cross-entropy over channels and weighted pixels."""
    from keras import ops

    p = ops.clip(probability, EPSILON, 1.0 - EPSILON)
    loss = -(truth * ops.log(p) + (1.0 - truth) * ops.log(1.0 - p))
    return ops.sum(loss * weight) / (ops.sum(weight) * truth.shape[-1] + EPSILON)


def soft_dice(truth: Any, probability: Any, weight: Any) -> Any:
    """One minus the Dice of the whole batch, averaged over channels (Milletari et al. 2016)."""
    from keras import ops

    axes = (0, 1, 2)
    shared = ops.sum(truth * probability * weight, axes)
    total = ops.sum((truth + probability) * weight, axes)
    return 1.0 - ops.mean((2.0 * shared + 1.0) / (total + 1.0))


def cross_entropy_and_dice(truth: Any, probability: Any, weight: Any) -> Any:
    """Their sum: the first calibrates, the second minds the rare class."""
    return cross_entropy(truth, probability, weight) + soft_dice(truth, probability, weight)
