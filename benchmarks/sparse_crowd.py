"""Does it help to learn each annotator's errors where every region has one annotator only?

``python -m benchmarks.sparse_crowd DATA [--seeds 3] [--steps 300] [--study NAME]`` cuts pictures
into regions, lets one of the seven of `simulated_crowd` label each, and trains the same small
network on the same patches with all labels pooled, through confusion matrices (what
`histoloop train --crowd` does), and with the truth. Dice, the mean of the classes, is of other
pictures against the truth: synthetic slides, and the other of the two BCSS patients in DATA.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.active_learning import bcss
from histoloop.annotations.simulated_crowd import CROWD, draw_as
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render
from histoloop.training.augmentation import IGNORED
from histoloop.training.evaluation import overlaps
from histoloop.training.patches import annotators_of
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import Sample
from histoloop.training.trainer import Trainer
from histoloop.training.tumor_data import BCSS_MPP

SIDE, BATCH, EPOCHS = 96, 6, 6
REGION = 192
LEVELS = ((8, 1), (16, 1), (32, 1), (64, 1))
TRAIN, TEST = range(100, 106), range(200, 203)
LOSSES = ("bce", "bce+dice")


@dataclass(frozen=True)
class Study:
    """Pictures to learn from and to judge by, with the truth of so many classes."""

    classes: int
    train: list[Sample]
    test: list[Sample]


def synthetic(seed: int, classes: int) -> Sample:
    """A slide with its truth: tumour or not, or tumour, stroma and all other tissue."""
    specimen = Specimen(Size(576, 576), 4.0, seed=seed, tissue_share=0.8, pen=False)
    image, tissue = render(specimen, Box.of(specimen.size))
    truth = (tissue == Tissue.TUMOR).astype(np.uint8)
    if classes > 1:
        truth = np.where(tissue == Tissue.STROMA, 2, np.where(truth, 1, 3)).astype(np.uint8)
        truth[tissue == Tissue.GLASS] = IGNORED
    return Sample(f"s{seed}", f"s{seed}", image, truth, "")


def slides(classes: int) -> Study:
    train, test = ([synthetic(seed, classes) for seed in seeds] for seeds in (TRAIN, TEST))
    return Study(classes, train, test)


def studies(data: Path) -> Iterator[tuple[str, Callable[[], Study]]]:
    """What is measured, by name."""
    yield "tumour", lambda: slides(1)
    yield "three classes", lambda: slides(3)
    for name in BCSS_MPP:
        (other,) = set(BCSS_MPP) - {name}
        yield name, lambda one=name, two=other: Study(1, [bcss(data, one)], [bcss(data, two)])


def labelled(study: Study, seed: int) -> list[Sample]:
    """Regions of all pictures, each by one annotator, drawn by lot."""
    random = np.random.default_rng(seed)
    shift = 1 if study.classes == 1 else 0  # nobody annotates 0, but none is an answer here
    found = []
    for one in study.train:
        masks = {who.name: draw_as(who, one.truth + shift, seed) - shift for who in CROWD}
        for place in places(one):
            who = CROWD[random.integers(len(CROWD))].name
            found.append(replace(part(one, place), truth=masks[who][place], annotator=who))
    return found


def put_right(study: Study) -> list[Sample]:
    """The same regions with their truth."""
    return [part(one, place) for one in study.train for place in places(one)]


def places(picture: Sample) -> Iterator[tuple[slice, slice]]:
    """The regions of a picture."""
    whole = Box.of(picture.size)
    return (box.within(whole) for box in whole.split(REGION))


def part(picture: Sample, place: tuple[slice, slice]) -> Sample:
    """A region."""
    name = f"{picture.name}-{place[1].start}-{place[0].start}"
    return Sample(name, picture.patient, picture.image[place], picture.truth[place], "")


def as_if_true(crowd: list[Sample]) -> list[Sample]:
    """The same labels, whoever said so."""
    return [replace(one, annotator="") for one in crowd]


def trained(samples: list[Sample], classes: int, loss: str, seed: int, steps: int) -> Trainer:
    """By the trainer of `histoloop train`; through matrices if the samples say who labelled."""
    names = annotators_of(samples)
    plan = TrainingPlan(
        epochs=EPOCHS,
        steps=steps // EPOCHS,
        side=SIDE,
        batch=BATCH,
        learning_rate=2e-3,
        loss=loss,
        crowd=bool(names),
        seed=seed,
    )

    def build() -> Any:
        from histoloop.models import architectures

        return architectures.build("lean-unet", classes, levels=LEVELS)

    trainer = Trainer(build, classes, plan, names)
    for _ in trainer.fit(samples, []):
        pass
    return trainer


def dice(network: Any, study: Study) -> float:
    """Mean over the pictures and classes."""
    found = [overlaps(network, [sample], study.classes) for sample in study.test]
    return float(np.mean([one.dice for each in found for one in each]))


def measure(study: Study, seeds: int, steps: int) -> dict[str, list[float]]:
    """Of each seed, by what was trained on."""
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        crowd = labelled(study, seed)
        arms = {
            "pooled": as_if_true(crowd),
            "through matrices": crowd,
            "the truth": put_right(study),
        }
        for loss in LOSSES:
            for what, samples in arms.items():
                start = time.process_time()
                trainer = trained(samples, study.classes, loss, seed, steps)
                score, name = dice(trainer.network, study), f"{what}, {loss}"
                found.setdefault(name, []).append(score)
                cost = time.process_time() - start
                print(f"seed {seed}: {name}: {score:.3f}, {cost:.0f} CPU s", flush=True)
                for who, matrix in trainer.confusions.items():
                    right = " ".join(f"{share:.2f}" for share in np.diagonal(matrix))
                    print(f"    {who:12} calls each class by its name: {right}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--study", help="only this one")
    options = parser.parse_args()
    seeds = " ".join(f"seed {seed}" for seed in range(options.seeds))
    for study, make in studies(options.data):
        if options.study in (None, study):
            found = measure(make(), options.seeds, options.steps)
            print(f"{study:26} {seeds}   mean")
            for name, values in found.items():
                each = " ".join(f"{one:6.3f}" for one in values)
                print(f"{name:26} {each} {np.mean(values):6.3f}")


if __name__ == "__main__":
    main()
