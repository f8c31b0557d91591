"""TensorFlow through Keras: training's own arithmetic, and GPUs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.weights import load_network


class TensorFlowRuntime:
    """A network called as one compiled function."""

    name = RuntimeName.TENSORFLOW
    concurrent = True

    def __init__(self, model: Model, threads: int) -> None:
        import tensorflow as tf

        _limit_threads(threads)
        network = load_network(model)
        self._call = tf.function(lambda pixels: network(pixels, training=False))

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._call(pixels))


def _limit_threads(threads: int) -> None:
    """Only the first model of a process can say; later ones share its pool."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return
