"""Does it help to learn each annotator's errors where every region has one annotator only?

``python -m benchmarks.sparse_crowd [--seeds 3] [--steps 300]`` cuts synthetic slides into
regions, lets one of the seven of `simulated_crowd` label each, and trains the same small
network on all labels pooled, through confusion matrices, and on the truth of the same regions.
Dice is of other slides, against exact truth.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from histoloop.annotations.simulated_crowd import CROWD, draw_as
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render
from histoloop.training.crowd_loss import Annotators
from histoloop.training.crowd_training import CrowdSource, crowd_step
from histoloop.training.evaluation import overlaps
from histoloop.training.losses import named
from histoloop.training.samples import Sample

SIDE, BATCH, MPP = 96, 6, 4.0
SLIDE = Size(576, 576)
REGION = 192
LEVELS = ((8, 1), (16, 1), (32, 1), (64, 1))
TRAIN, TEST = range(100, 106), range(200, 203)


def picture(seed: int) -> Sample:
    """A synthetic slide with its truth, tumour or not."""
    specimen = Specimen(SLIDE, MPP, seed=seed, tissue_share=0.8, pen=False)
    image, tissue = render(specimen, Box.of(SLIDE))
    return Sample(f"s{seed}", f"s{seed}", image, (tissue == Tissue.TUMOR).astype(np.uint8), "")


def labelled(pictures: list[Sample], seed: int, *, perfect: bool) -> dict[str, list[Sample]]:
    """Regions of all pictures, each by one annotator, drawn by lot."""
    random = np.random.default_rng(seed)
    crowd: dict[str, list[Sample]] = {one.name: [] for one in CROWD}
    for one in pictures:
        masks = {who.name: draw_as(who, one.truth + 1, seed) - 1 for who in CROWD}
        for box in Box.of(SLIDE).split(REGION):
            place, who = box.within(Box.of(SLIDE)), CROWD[random.integers(len(CROWD))].name
            truth = one.truth if perfect else masks[who]
            name = f"{one.name}-{box.x}-{box.y}"
            crowd[who].append(Sample(name, one.patient, one.image[place], truth[place], ""))
    return {who: samples for who, samples in crowd.items() if samples}


def adam(steps: int) -> Any:
    """The same for all."""
    import keras

    return keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps))


Fit = Callable[[Any, CrowdSource, int], None]


def pooled(loss: str) -> Fit:
    """As if all labels were the truth."""

    def fit(network: Any, source: CrowdSource, steps: int) -> None:
        import tensorflow as tf

        optimizer, measure = adam(steps), named(loss, 1)
        weights = network.trainable_variables

        @tf.function
        def step(pixels: Any, truth: Any, weight: Any) -> None:
            with tf.GradientTape() as tape:
                found = measure(truth, network(pixels, training=True), weight)
            optimizer.apply(tape.gradient(found, weights), weights)

        for *batch, _ in islice(source, steps):
            step(*batch)

    return fit


def through_matrices(network: Any, source: CrowdSource, steps: int) -> None:
    """Each label through its annotator's confusion matrix."""
    annotators = Annotators(len(source.annotators), 2)
    step = crowd_step(network, annotators, adam(steps))
    for batch in islice(source, steps):
        step(*batch)
    for name, matrix in zip(source.annotators, annotators.confusion(), strict=True):
        said = f"tumour of tumour {matrix[1, 1]:.2f}, of the rest {matrix[0, 1]:.2f}"
        print(f"    {name:12} says {said}")


def dice(network: Any, test: list[Sample]) -> float:
    """Mean over the slides."""
    return float(np.mean([one.dice for sample in test for one in overlaps(network, [sample], 1)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from histoloop.models import architectures

    train, test = [picture(seed) for seed in TRAIN], [picture(seed) for seed in TEST]
    arms: dict[str, tuple[Fit, bool]] = {
        "pooled, bce": (pooled("bce"), False),
        "pooled, bce+dice": (pooled("bce+dice"), False),
        "confusion matrices": (through_matrices, False),
        "the truth, bce": (pooled("bce"), True),
    }
    found: dict[str, list[float]] = {name: [] for name in arms}
    for seed in range(options.seeds):
        for name, (fit, perfect) in arms.items():
            start = time.process_time()
            keras.utils.set_random_seed(seed)
            network = architectures.build("lean-unet", 1, levels=LEVELS)
            crowd = labelled(train, seed, perfect=perfect)
            fit(network, CrowdSource(crowd, 1, SIDE, BATCH, seed), options.steps)
            found[name].append(dice(network, test))
            cost = time.process_time() - start
            print(f"seed {seed}: {name}: {found[name][-1]:.3f}, {cost:.0f} CPU s")
    print(
        f"{'trained on':20} "
        + " ".join(f"seed {seed}" for seed in range(options.seeds))
        + "   mean"
    )
    for name, values in found.items():
        print(
            f"{name:20} " + " ".join(f"{one:6.3f}" for one in values) + f" {np.mean(values):6.3f}"
        )


if __name__ == "__main__":
    main()
