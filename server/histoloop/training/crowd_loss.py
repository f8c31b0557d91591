"""Training on what several annotators said, each through a confusion matrix of their own.

Where a picture has one or two annotators out of many, no vote can be held. The network then
learns the truth and, beside it, how each annotator distorts it: what annotator r is expected to
say is ``A_r p`` for the network's ``p``, and the cross-entropy is taken of that (Tanno et al.
2019, arXiv:1902.03680; López-Pérez et al. 2023, for segmentation in pathology). Columns of
``A_r`` are what is said of one true class and sum to 1. They start near the identity; the
trace is held down, as otherwise the network could take the distortion upon itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.training.losses import EPSILON

TRACE = 0.01
"""Weight of the trace in the loss (Tanno et al. 2019, their value)."""

FAITHFUL = 0.9
"""Diagonal of every matrix at first: close to the identity, and not beyond learning."""


class Annotators:
    """The confusion matrices of all annotators.

    Attributes:
        logits: a Keras variable ``(raters, said, true)``; its columns' softmax are the matrices.

    Args:
        classes: of the distribution that the network gives, "none of them" included.
    """

    def __init__(self, raters: int, classes: int) -> None:
        import keras

        near = np.full((classes, classes), (1 - FAITHFUL) / max(1, classes - 1))
        np.fill_diagonal(near, FAITHFUL)
        start = np.repeat(np.log(np.maximum(near, EPSILON))[None], raters, axis=0)
        self.logits = keras.Variable(start.astype(np.float32), name="annotators")

    @property
    def matrices(self) -> Any:
        """``(raters, said, true)`` tensor, each column sums to 1."""
        from keras import ops

        return ops.softmax(self.logits, axis=1)

    def confusion(self) -> NDArray[np.float64]:
        """``(raters, true, said)``, rows sum to 1: as a consensus has them."""
        from keras import ops

        found = np.asarray(ops.convert_to_numpy(self.matrices), np.float64)
        return found.transpose(0, 2, 1)


def crowd_cross_entropy(said: Any, probability: Any, matrices: Any, *, trace: float = TRACE) -> Any:
    """Mean cross-entropy of what annotators said, plus the weighted mean trace.

    Args:
        said: ``(n, h, w, raters, classes)`` float32 one-hot, all 0 where one has not labelled.
        probability: ``(n, h, w, classes)`` distribution of the truth, from the network.
        matrices: ``(raters, said, true)``, of `Annotators`.

    Returns:
        A scalar tensor; the first part is 0 where nobody has labelled anything.
    """
    from keras import ops

    expected = ops.einsum("rst,nhwt->nhwrs", matrices, probability)
    loss = -ops.sum(said * ops.log(ops.clip(expected, EPSILON, 1.0)))
    traces = ops.einsum("rss->r", matrices)
    return loss / (ops.sum(said) + EPSILON) + trace * ops.mean(traces)


def distribution(probability: Any) -> Any:
    """What a network gives as a distribution: a sigmoid of one class is none, and that class.

    A softmax of several classes is one already.
    """
    from keras import ops

    if probability.shape[-1] > 1:
        return probability
    return ops.concatenate([1.0 - probability, probability], axis=-1)


def answers(truth: Any, weight: Any) -> Any:
    """What one annotator said of a batch, ``(n, h, w, 1, classes)``: all 0 where nothing.

    Args:
        truth: ``(n, h, w, c)`` one-hot; weight: ``(n, h, w, 1)``, 0 where not labelled. With
            one channel "none" is an answer, with several a pixel of no class is not.
    """
    from keras import ops

    known = ops.cast(weight > 0, "float32")
    return (distribution(truth) * known)[..., None, :]
