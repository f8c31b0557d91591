"""OpenVINO: half TensorFlow's time and memory on a CPU (fp32, |Δp| < 1e-6)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError
from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.weights import load_network


class OpenVinoRuntime:
    """A network converted once per weights digest and kept in a cache folder."""

    name = RuntimeName.OPENVINO

    def __init__(self, model: Model, threads: int, cache: Path) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(converted(model, cache))
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
        command = [sys.executable, "-m", __name__, str(model.folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ModelError(
                f"{model.card.reference}: cannot be converted for OpenVINO ({reason})",
                hint="use --runtime tensorflow",
            )
    return path


def convert(folder: Path, path: Path) -> None:
    """Write ``path`` (.xml) and its .bin; complete files only appear under the final name.

    OpenVINO's converter reports its use to its makers unless it finds no telemetry package; in
    this process, which does nothing else, it finds none: nothing leaves the machine.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    network = openvino.convert_model(load_network(Model(folder, read_card(folder))))
    draft = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    openvino.save_model(network, draft, compress_to_fp16=False)
    draft.with_suffix(".bin").replace(path.with_suffix(".bin"))
    draft.replace(path)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
