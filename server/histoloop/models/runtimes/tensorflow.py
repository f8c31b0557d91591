"""TensorFlow through Keras: training's own arithmetic, and GPUs."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.weights import load_network

_DEVICES = ("nvidia[0-9]*", "kfd", "dxg")
"""In ``/dev``, of NVIDIA's and AMD's drivers and of Windows' for Linux."""


def has_gpu() -> bool:
    """Whether TensorFlow is installed and finds a GPU; it is not loaded where there can be none."""
    if not find_spec("tensorflow"):
        return False
    if sys.platform == "linux" and not any(any(Path("/dev").glob(name)) for name in _DEVICES):
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


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
