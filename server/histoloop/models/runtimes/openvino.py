"""OpenVINO: half TensorFlow's time and memory on a CPU (fp32, |Δp| < 1e-6)."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError
from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.weights import load_network


class OpenVinoRuntime:
    """A network converted once per weights digest and kept in a cache folder."""

    name = RuntimeName.OPENVINO

    def __init__(self, model: Model, threads: int, cache: str) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(converted(model, Path(cache)))
        tile = model.card.tile
        network.reshape([-1, tile, tile, 3])
        limits = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
            # Whole-machine pinning would put the single threads of several workers on one core.
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = core.compile_model(network, "CPU", limits)

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        request = self._compiled.create_infer_request()
        return np.asarray(request.infer({0: pixels}, share_inputs=True)[0])


def converted(model: Model, cache: Path) -> Path:
    """The network in OpenVINO's format; converted in a process of its own if need be.

    TensorFlow is loaded there only: it costs a gigabyte and seconds that a worker never needs.

    Raises:
        ModelError: conversion failed.
    """
    path = cache / "openvino" / f"{model.card.digest}.xml"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        process = multiprocessing.get_context("spawn").Process(target=convert, args=(model, path))
        process.start()
        process.join()
        if process.exitcode or not path.is_file():
            raise ModelError(
                f"{model.card.reference}: cannot be converted for OpenVINO",
                hint="use --runtime tensorflow",
            )
    return path


def convert(model: Model, path: Path) -> None:
    """Write ``path`` (.xml) and its .bin; complete files only appear under the final name."""
    import openvino

    _silence()
    network = openvino.convert_model(load_network(model))
    draft = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    openvino.save_model(network, draft, compress_to_fp16=False)
    draft.with_suffix(".bin").replace(path.with_suffix(".bin"))
    draft.replace(path)


def _silence() -> None:
    """TensorFlow's C++ greets on stderr before it can be told not to."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stderr.fileno())
