"""The same trainings on one device and on two, in a process of its own.

TensorFlow takes the processor for two devices only if it is told so before it starts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf
from tests.training.test_training import PLAN, sample

from histoloop.errors import UsageError
from histoloop.models import architectures
from histoloop.training.augmentation import IGNORED
from histoloop.training.checkpoint import Checkpoint
from histoloop.training.replicas import Replicas
from histoloop.training.samples import Sample
from histoloop.training.trainer import Trainer

SHORT = replace(PLAN, epochs=1, steps=4, side=16, batch=3, average=0.0)
"""Three patches: one device sees two of them, the other one."""

VARIANTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "clipped": ({"clip_norm": 0.1}, ()),
    "half": ({"precision": "mixed_float16"}, ()),
    "crowd": ({"crowd": True}, ("one", "other")),
    "deep": ({"deep_supervision": True}, ()),
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
    found["moved_house"] = moved_house(two)
    try:
        two.refuse_small(1)
    except UsageError as error:
        found["refused"] = str(error)
    print(json.dumps(found))


def moved_house(two: Replicas) -> dict[str, float]:
    """How far weights end from those of one device when a second joins, or leaves, after a kill."""
    changes = {"epochs": 2, "clip_norm": 0.1}
    whole = trained(Replicas(), (), changes)
    found = {}
    for name, before, after in (("joins", Replicas(), two), ("leaves", two, Replicas())):
        with TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder) / "checkpoint.npz", {})
            first = trainer_of(before, (), changes)
            next(first.fit(samples(()), []))
            first.keep(checkpoint)
            second = trainer_of(after, (), changes)
            second.resume(checkpoint)
            list(second.fit(samples(()), []))
        found[name] = difference(whole, second.network.get_weights())
    return found


def trained(
    replicas: Replicas, annotators: tuple[str, ...], changes: dict[str, Any]
) -> list[np.ndarray]:
    trainer = trainer_of(replicas, annotators, changes)
    list(trainer.fit(samples(annotators), []))
    return [*trainer.network.get_weights(), *trainer.confusions.values()]


def trainer_of(replicas: Replicas, annotators: tuple[str, ...], changes: dict[str, Any]) -> Trainer:
    def build() -> Any:
        levels = 3 if changes.get("deep_supervision") else 2
        return architectures.build("unet", 1, levels=levels, base_filters=2, dropout=0.0)

    return Trainer(build, 1, replace(SHORT, **changes), annotators, replicas)


def samples(annotators: tuple[str, ...]) -> list[Sample]:
    data = [sample("a", seed=1), sample("b", seed=2)]
    data[1].truth[:40] = IGNORED
    if annotators:
        data = [replace(one, annotator=who) for one, who in zip(data, annotators, strict=True)]
    return data


def difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
