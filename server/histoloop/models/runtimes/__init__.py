"""What runs a network: one function from pixels to probabilities per runtime."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError
from histoloop.models.registry import Model


class RuntimeName(StrEnum):
    """Runtimes that a user can ask for."""

    AUTO = "auto"
    OPENVINO = "openvino"
    TENSORFLOW = "tensorflow"


class Precision(StrEnum):
    """Arithmetic that a user can ask for."""

    FP32 = "fp32"
    INT8 = "int8"


class Runtime(Protocol):
    """A loaded network."""

    @property
    def name(self) -> RuntimeName: ...

    @property
    def concurrent(self) -> bool:
        """Whether several threads can call it at once and all get on."""
        ...

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(n, tile, tile, 3)`` in [-1, 1] → ``(n, tile, tile, classes)`` in [0, 1]."""
        ...


def load(
    model: Model, wanted: RuntimeName, threads: int, cache: Path, network: Path | None = None
) -> Runtime:
    """Load a model with a runtime; `auto` takes OpenVINO, twice as fast on CPUs, if it is there.

    Args:
        threads: CPU threads of one prediction; cache: folder for converted networks.
        network: one in OpenVINO's format in the place of that which the weights make.

    Raises:
        ModelError: the runtime is not installed or cannot load the model.
    """
    name = choose(wanted)
    if name is RuntimeName.OPENVINO:
        from histoloop.models.runtimes.openvino import OpenVinoRuntime, converted

        return OpenVinoRuntime(model, threads, network or converted(model, cache))
    from histoloop.models.runtimes.tensorflow import TensorFlowRuntime

    return TensorFlowRuntime(model, threads)


def prepare(model: Model, wanted: RuntimeName, cache: Path) -> None:
    """Do once what every worker's `load` would do anew: convert the network.

    Raises:
        ModelError: the runtime is not installed or cannot convert the model.
    """
    if choose(wanted) is RuntimeName.OPENVINO:
        from histoloop.models.runtimes.openvino import converted

        converted(model, cache)


def reason(wanted: RuntimeName) -> str:
    """Why `choose` takes the runtime that it takes, in a few words.

    Raises:
        ModelError: it is not installed.
    """
    if choose(wanted) is wanted:
        return "as asked for"
    if choose(wanted) is RuntimeName.OPENVINO:
        return "OpenVINO is installed, and about twice as fast as TensorFlow on CPUs"
    return "OpenVINO is not installed"


def choose(wanted: RuntimeName) -> RuntimeName:
    """The runtime that will run.

    Raises:
        ModelError: it is not installed.
    """
    if wanted is RuntimeName.AUTO:
        return RuntimeName.OPENVINO if find_spec("openvino") else RuntimeName.TENSORFLOW
    if not find_spec(wanted.value):
        raise ModelError(
            f"runtime {wanted} is not installed", hint=f'pip install "histoloop[{wanted}]"'
        )
    return wanted
