"""What a training runs on, and in which precision."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from histoloop.training.replicas import Replicas

_CPUS = Path("/proc/cpuinfo")
_TENSOR_CORES = (7, 0)


@dataclass(frozen=True)
class Device:
    """GPUs that a training is shared by, or the processor when there are none.

    Attributes:
        kind: "GPU" or "CPU"; count: of GPUs, all named ``name``, of all machines together, or of
            this machine's logical cores.
        capability: CUDA compute capability of the first GPU, `None` of a CPU.
    """

    kind: str
    name: str
    count: int
    capability: tuple[int, int] | None = None

    @property
    def tensor_cores(self) -> bool:
        """Whether float16 is multiplied faster: GPUs since Volta, but not the GTX 16 line."""
        return (self.capability or (0, 0)) >= _TENSOR_CORES and "GTX 16" not in self.name

    def record(self, precision: str, why: str) -> dict[str, Any]:
        """For a model's card."""
        return asdict(self) | {"precision": precision, "precision_why": why}


def device_in_use(replicas: Replicas | None = None) -> Device:
    """What TensorFlow computes on: the first GPU, those of all replicas, or the processor."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return Device("CPU", _processor(), os.cpu_count() or 1)
    found = tf.config.experimental.get_device_details(gpus[0])
    capability, name = found.get("compute_capability"), str(found.get("device_name", "unknown"))
    return Device("GPU", name, (replicas or Replicas()).count, capability)


def precision_for(asked: str, device: Device) -> tuple[str, str]:
    """The precision to train in, and why; "auto" is decided by the device."""
    if asked != "auto":
        return asked, "as asked for"
    if device.tensor_cores:
        return "mixed_float16", "this GPU has tensor cores"
    why = "this GPU has no tensor cores" if device.kind == "GPU" else "there is no GPU"
    return "float32", why


def _processor() -> str:
    """What the system calls it."""
    try:
        lines = _CPUS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
