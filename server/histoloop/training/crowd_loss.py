"""Training on what several annotators said, each through a confusion matrix of their own.

Where a picture has one or two annotators out of many, no vote can be held. The network then
learns the truth and, beside it, how each annotator distorts it: what annotator r is expected to
say is ``A_r p`` for the network's ``p``, and the loss is taken of that (Tanno et al. 2019,
arXiv:1902.03680; López-Pérez et al. 2023, for segmentation in pathology). Columns of ``A_r`` are
what is said of one true class and sum to 1. They start near the identity; the trace is held
down, as otherwise the network could take the distortion upon itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.training.losses import Loss

TRACE = 0.01
"""Weight of the trace in the loss (Tanno et al. 2019, their value)."""

FAITHFUL = 0.9
"""Diagonal of every matrix at first: close to the identity, and not beyond learning."""

RATE = 0.03
"""Learning rate of the matrices at its height: they are few numbers that see few batches."""

ANNOTATORS = "annotators"
"""Name of the variable; its weights do not decay, which would draw everybody to saying nothing."""


class Annotators:
    """The confusion matrices of all annotators.

    One class is two, what is none of it being one; of several each is one.

    Attributes:
        names: of the annotators, in the order of their numbers.
        logits: a Keras variable ``(raters, said, true)``; its columns' softmax are the matrices.

    Args:
        classes: that the network tells apart.
    """

    def __init__(self, names: Sequence[str], classes: int) -> None:
        import keras

        self.names, size = tuple(names), max(2, classes)
        near = np.full((size, size), (1 - FAITHFUL) / (size - 1))
        np.fill_diagonal(near, FAITHFUL)
        start = np.repeat(np.log(near)[None], len(self.names), axis=0)
        self.logits = keras.Variable(start.astype(np.float32), name=ANNOTATORS)

    @property
    def variables(self) -> list[Any]:
        """All that is learnt."""
        return [self.logits]

    def paces(self, learning_rate: float) -> list[tuple[Any, float]]:
        """The factor that makes `RATE` of the network's learning rate."""
        return [(self.logits, RATE / learning_rate if learning_rate else 0.0)]

    @property
    def matrices(self) -> Any:
        """``(raters, said, true)`` tensor, each column sums to 1."""
        from keras import ops

        return ops.softmax(self.logits, axis=1)

    def confusions(self) -> dict[str, NDArray[np.float64]]:
        """By name ``(true, said)``, rows sum to 1: as a consensus has them."""
        from keras import ops

        found = np.asarray(ops.convert_to_numpy(self.matrices), np.float64)
        return dict(zip(self.names, found.transpose(0, 2, 1), strict=True))

    def through(self, loss_of: Loss, trace: float = TRACE) -> Callable[[Any, Any, Any, Any], Any]:
        """A loss of what annotators say, of the network's distribution of the truth.

        It takes ``truth``, ``probability`` and ``weight`` as every loss, and ``who``, ``(n,)``
        int32: the number of the annotator who has labelled each patch. A pixel of weight 0
        weighs nothing, for the network and for the matrices.
        """
        from keras import ops

        def loss(truth: Any, probability: Any, weight: Any, who: Any) -> Any:
            matrices = self.matrices
            expected = said_by(ops.take(matrices, who, axis=0), probability)
            return loss_of(truth, expected, weight) + trace * ops.mean(
                ops.einsum("rss->r", matrices)
            )

        return loss


def said_by(matrices: Any, probability: Any) -> Any:
    """What annotators are expected to say, ``(n, h, w, c)``.

    Args:
        matrices: ``(n, said, true)``, of who has labelled each patch.
        probability: ``(n, h, w, c)`` of the truth: a softmax of several classes, or of one its
            sigmoid, beside which is none.
    """
    from keras import ops

    classes = probability.shape[-1]
    if classes == 1:
        probability = ops.concatenate([1.0 - probability, probability], axis=-1)
    return ops.einsum("nst,nhwt->nhws", matrices, probability)[..., -classes:]
