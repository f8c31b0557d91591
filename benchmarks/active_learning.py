"""Is labelling what the review queue asks for worth more than labelling anything else?

``python -m benchmarks.active_learning DATA [--seeds 3]`` trains a small network on a few regions,
lets `review_queue` rank all others, and goes on training with the tenth that it asks for, with a
tenth drawn by lot, and with all of them. Dice, the mean of the classes, is against exact truth on
other slides of synthetic tissue, and against the published masks on the other of the two BCSS
patients in DATA.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from histoloop.geometry import Box, Size
from histoloop.models.segmenter import normalise, turned_answers
from histoloop.slides.synthetic import Specimen, Tissue, render
from histoloop.training.evaluation import overlaps
from histoloop.training.losses import named
from histoloop.training.patches import PatchSource
from histoloop.training.review_queue import observe, rank
from histoloop.training.samples import Sample
from histoloop.training.tumor_data import BCSS_MPP

SIDE, BATCH = 96, 6
SHARE = 0.1
LEVELS = ((8, 1), (16, 1), (32, 1), (64, 1))
STEPS, TURNS = 200, 8


@dataclass(frozen=True)
class Study:
    """Regions to choose from, how many are labelled at the start, pictures to judge by."""

    name: str
    classes: int
    start: int
    pool: list[Sample]
    test: list[Sample]


def synthetic(seed: int) -> Sample:
    """A slide: tumour or not; glass is ignored."""
    specimen = Specimen(Size(576, 576), 4.0, seed=seed, tissue_share=0.8, pen=False)
    image, tissue = render(specimen, Box.of(specimen.size))
    truth = (tissue == Tissue.TUMOR).astype(np.uint8)
    truth[tissue == Tissue.GLASS] = 255
    return Sample(f"s{seed}", f"s{seed}", image, truth, "")


def bcss(data: Path, name: str) -> Sample:
    """A published region at 1 µm/px: tumour or not."""
    image = np.asarray(Image.open(data / "bcss" / f"{name}_rgb.jpg"))
    mask = np.asarray(Image.open(data / "bcss" / f"{name}_tumor.png"))
    mpp = BCSS_MPP[name]
    size = (round(image.shape[1] * mpp.x), round(image.shape[0] * mpp.y))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    truth = cv2.resize((mask > 0).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return Sample(name, name, small, truth, "")


def regions(picture: Sample) -> Iterator[Sample]:
    """Whole squares of a picture with any tissue; each is drawn as often as any other."""
    whole = Box.of(picture.size)
    for box in whole.split(SIDE):
        place = box.within(whole)
        truth = picture.truth[place]
        if truth.shape == (SIDE, SIDE) and (truth != 255).any():
            name = f"{picture.name}-{box.x}-{box.y}"
            yield Sample(name, name, picture.image[place], truth, "")


def studies(data: Path) -> Iterator[Study]:
    """What is measured."""
    pool = [one for seed in range(300, 308) for one in regions(synthetic(seed))]
    yield Study("synthetic", 1, 12, pool, [synthetic(seed) for seed in range(400, 404)])
    for name in BCSS_MPP:
        (other,) = set(BCSS_MPP) - {name}
        yield Study(f"{name} → other", 1, 4, list(regions(bcss(data, name))), [bcss(data, other)])


@dataclass
class Trainer:
    """A network that is trained from given weights, again and again, without compiling anew."""

    classes: int

    def __post_init__(self) -> None:
        import keras
        import tensorflow as tf

        from histoloop.models import architectures

        self.network = architectures.build("lean-unet", self.classes, levels=LEVELS)
        rate = keras.optimizers.schedules.CosineDecay(2e-3, STEPS)
        self.optimizer = keras.optimizers.AdamW(rate)
        measure, weights = named("bce", self.classes), self.network.trainable_variables
        self.optimizer.build(weights)

        @tf.function
        def step(pixels: Any, truth: Any, weight: Any) -> None:
            with tf.GradientTape() as tape:
                found = measure(truth, self.network(pixels, training=True), weight)
            self.optimizer.apply(tape.gradient(found, weights), weights)

        self.step = step
        self.answer = tf.function(lambda pixels: self.network(pixels, training=False))

    def fresh(self, seed: int) -> list[Any]:
        """Untrained weights."""
        import keras

        from histoloop.models import architectures

        keras.utils.set_random_seed(seed)
        weights: list[Any] = architectures.build(
            "lean-unet", self.classes, levels=LEVELS
        ).get_weights()
        return weights

    def fit(self, weights: list[Any], samples: list[Sample], seed: int) -> list[Any]:
        """What the weights become in `STEPS` steps on these samples."""
        self.network.set_weights(weights)
        for variable in self.optimizer.variables:
            if "learning_rate" not in variable.path:
                variable.assign(np.zeros(variable.shape, variable.dtype))
        for batch in islice(PatchSource(samples, self.classes, SIDE, BATCH, seed), STEPS):
            self.step(*batch)
        trained: list[Any] = self.network.get_weights()
        return trained

    def asked_for(self, pool: list[Sample], most: int) -> list[Sample]:
        """What the queue would have labelled; the network is as it was trained last."""
        pixels = normalise(np.stack([one.image for one in pool]))
        together = np.stack(list(turned_answers(self._predict, pixels, TURNS)), axis=1)
        seen = [
            observe(one.name, Box.of(one.size), one.image, members)
            for one, members in zip(pool, together, strict=True)
        ]
        by_name = {one.name: one for one in pool}
        return [by_name[one.region.slide] for one in rank(seen, most)]

    def _predict(self, pixels: Any) -> Any:
        parts = np.array_split(pixels, max(1, len(pixels) // 16))
        return np.concatenate([np.asarray(self.answer(part)) for part in parts])


def dice(network: Any, study: Study) -> float:
    """Mean over classes, pictures pooled."""
    return float(np.mean([one.dice for one in overlaps(network, study.test, study.classes)]))


def measured(study: Study, trainer: Trainer, seed: int) -> dict[str, float]:
    """Dice at the start and after each choice of labels, from the same weights."""
    random = np.random.default_rng(seed)
    order = [study.pool[at] for at in random.permutation(len(study.pool))]
    known, pool = order[: study.start], order[study.start :]
    start, few = trainer.fit(trainer.fresh(seed), known, seed), round(SHARE * len(pool))
    found = {"at the start": dice(trainer.network, study)}
    arms = {"queue": trainer.asked_for(pool, few), "by lot": pool[:few], "all": pool}
    for name, chosen in arms.items():
        trainer.fit(start, known + chosen, seed + 1)
        found[name] = dice(trainer.network, study)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    start = time.process_time()
    for study in studies(options.data):
        keras.utils.set_random_seed(0)
        trainer = Trainer(study.classes)
        rows = [measured(study, trainer, seed) for seed in range(options.seeds)]
        few = round(SHARE * (len(study.pool) - study.start))
        print(f"{study.name}: {few} of {len(study.pool) - study.start} regions more")
        for name in rows[0]:
            values = [row[name] for row in rows]
            shown = " ".join(f"{one:6.3f}" for one in values)
            print(f"  {name:13} {shown}   mean {np.mean(values):.3f}", flush=True)
    print(f"{time.process_time() - start:.0f} CPU s")


if __name__ == "__main__":
    main()
