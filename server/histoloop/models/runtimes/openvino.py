"""OpenVINO: half TensorFlow's time and memory on a CPU (fp32, |Δp| < 1e-6)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError
from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.weights import load_network

_FIRST, _READY = threading.Lock(), threading.Event()
"""The first inference of a process is made alone. OpenVINO's binding sets itself up in it, and
of two threads there one waits for the other's lock and holds what that one waits for."""


class OpenVinoRuntime:
    """A network of a model, in OpenVINO's format."""

    name = RuntimeName.OPENVINO
    concurrent = False

    def __init__(self, model: Model, threads: int, path: Path) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(path)
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
        if _READY.is_set():
            return self._infer(pixels)
        with _FIRST:
            found = self._infer(pixels)
            _READY.set()
            return found

    def _infer(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        request = self._compiled.create_infer_request()
        return np.asarray(request.infer({0: pixels}, share_inputs=True)[0])


def converted(model: Model, cache: Path) -> Path:
    """The network in OpenVINO's format, kept by its weights' digest.

    It is converted in a process of its own, if need be.

    TensorFlow is loaded there only: it costs a gigabyte and seconds that a worker never needs.

    Raises:
        ModelError: conversion failed.
    """
    path = cache / "openvino" / f"{model.card.digest}.xml"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", __name__, str(model.folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise failed(model, "converted", done.stderr, "use --runtime tensorflow")
    return path


def failed(model: Model, what: str, said: str, hint: str) -> ModelError:
    """The one answer to a process that did not make a network."""
    reason = (said.strip().splitlines() or ["no reason given"])[-1]
    return ModelError(
        f"{model.card.reference}: cannot be {what} for OpenVINO ({reason})", hint=hint
    )


def convert(folder: Path, path: Path) -> None:
    """Write the network of a model folder to ``path`` (.xml)."""
    silence()
    import openvino

    save(openvino.convert_model(load_network(Model(folder, read_card(folder)))), path)


def silence() -> None:
    """Let nothing leave the machine, in a process that does nothing else than make a network.

    OpenVINO's converters report their use to their makers unless they find no telemetry package;
    here they find none.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


def save(network: Any, path: Path) -> None:
    """Write ``path`` (.xml) and its .bin; complete files only appear under the final name."""
    import openvino

    draft = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    openvino.save_model(network, draft, compress_to_fp16=False)
    draft.with_suffix(".bin").replace(path.with_suffix(".bin"))
    draft.replace(path)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
