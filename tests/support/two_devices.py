"""The same trainings on one device and on two, in a process of its own.

TensorFlow takes the processor for two devices only if it is told so before it starts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from tests.training.test_training import PLAN, sample

from histoloop.errors import UsageError
from histoloop.models import architectures
from histoloop.training.augmentation import IGNORED
from histoloop.training.replicas import Replicas
from histoloop.training.trainer import Trainer

SHORT = replace(PLAN, epochs=1, steps=4, side=16, batch=3, average=0.0)
"""Three patches: one device sees two of them, the other one."""

VARIANTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "clipped": ({"clip_norm": 0.1}, ()),
    "half": ({"precision": "mixed_float16"}, ()),
    "crowd": ({"crowd": True}, ("one", "other")),
}


def main() -> None:
    """Print what the tests ask for as one line of JSON."""
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    two = Replicas(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    found: dict[str, Any] = {"devices": two.count, "differences": {}}
    for name, (changes, annotators) in VARIANTS.items():
        start, one, both, again = (
            trained(replicas, annotators, changes | more)
            for replicas, more in (
                (Replicas(), {"learning_rate": 0.0}),
                (Replicas(), {}),
                (two, {}),
                (two, {}),
            )
        )
        found["differences"][name] = {
            "moved": difference(start, one),
            "devices": difference(one, both),
            "again": difference(both, again),
        }
    try:
        two.refuse_small(1)
    except UsageError as error:
        found["refused"] = str(error)
    print(json.dumps(found))


def trained(
    replicas: Replicas, annotators: tuple[str, ...], changes: dict[str, Any]
) -> list[np.ndarray]:
    def build() -> Any:
        return architectures.build("unet", 1, levels=2, base_filters=2, dropout=0.0)

    data = [sample("a", seed=1), sample("b", seed=2)]
    data[1].truth[:40] = IGNORED
    if annotators:
        data = [replace(one, annotator=who) for one, who in zip(data, annotators, strict=True)]
    trainer = Trainer(build, 1, replace(SHORT, **changes), annotators, replicas)
    list(trainer.fit(data, []))
    return [*trainer.network.get_weights(), *trainer.confusions.values()]


def difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
