"""Does it help to learn each annotator's errors where every region has one annotator only?

``python -m benchmarks.sparse_crowd [--seeds 3] [--steps 300]`` cuts synthetic slides into
regions, lets one of the seven of `simulated_crowd` label each, and trains the same small
network on the same patches with all labels pooled, through confusion matrices (what
`histoloop train --crowd` does), and with the truth. Dice is of other slides, against exact truth.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np

from histoloop.annotations.simulated_crowd import CROWD, draw_as
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render
from histoloop.training.evaluation import overlaps
from histoloop.training.patches import annotators_of
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import Sample
from histoloop.training.trainer import Trainer

SIDE, BATCH, EPOCHS, MPP = 96, 6, 6, 4.0
SLIDE = Size(576, 576)
REGION = 192
LEVELS = ((8, 1), (16, 1), (32, 1), (64, 1))
TRAIN, TEST = range(100, 106), range(200, 203)


def picture(seed: int) -> Sample:
    """A synthetic slide with its truth, tumour or not."""
    specimen = Specimen(SLIDE, MPP, seed=seed, tissue_share=0.8, pen=False)
    image, tissue = render(specimen, Box.of(SLIDE))
    return Sample(f"s{seed}", f"s{seed}", image, (tissue == Tissue.TUMOR).astype(np.uint8), "")


def labelled(pictures: list[Sample], seed: int) -> list[Sample]:
    """Regions of all pictures, each by one annotator, drawn by lot."""
    random = np.random.default_rng(seed)
    found = []
    for one in pictures:
        masks = {who.name: draw_as(who, one.truth + 1, seed) - 1 for who in CROWD}
        for box in Box.of(SLIDE).split(REGION):
            place, who = box.within(Box.of(SLIDE)), CROWD[random.integers(len(CROWD))].name
            name, image = f"{one.name}-{box.x}-{box.y}", one.image[place]
            found.append(Sample(name, one.patient, image, masks[who][place], "", annotator=who))
    return found


def as_if_true(crowd: list[Sample]) -> list[Sample]:
    """The same labels, whoever said so."""
    return [replace(one, annotator="") for one in crowd]


def put_right(crowd: list[Sample], pictures: list[Sample]) -> list[Sample]:
    """The same regions with their truth."""
    truth = {one.name: one.truth for one in pictures}
    boxes = {f"{box.x}-{box.y}": box.within(Box.of(SLIDE)) for box in Box.of(SLIDE).split(REGION)}
    found = []
    for one in as_if_true(crowd):
        slide, _, place = one.name.partition("-")
        found.append(replace(one, truth=truth[slide][boxes[place]]))
    return found


def trained(samples: list[Sample], loss: str, seed: int, steps: int) -> Trainer:
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

        return architectures.build("lean-unet", 1, levels=LEVELS)

    trainer = Trainer(build, 1, plan, names)
    for _ in trainer.fit(samples, []):
        pass
    return trainer


def dice(network: Any, test: list[Sample]) -> float:
    """Mean over the slides."""
    return float(np.mean([one.dice for sample in test for one in overlaps(network, [sample], 1)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    train, test = [picture(seed) for seed in TRAIN], [picture(seed) for seed in TEST]
    found: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        crowd = labelled(train, seed)
        arms = {
            f"{what}, {loss}": (samples, loss)
            for loss in ("bce", "bce+dice")
            for what, samples in (
                ("pooled", as_if_true(crowd)),
                ("through matrices", crowd),
                ("the truth", put_right(crowd, train)),
            )
        }
        for name, (samples, loss) in arms.items():
            start = time.process_time()
            trainer = trained(samples, loss, seed, options.steps)
            score = dice(trainer.network, test)
            found.setdefault(name, []).append(score)
            cost = time.process_time() - start
            print(f"seed {seed}: {name}: {score:.3f}, {cost:.0f} CPU s", flush=True)
            for who, matrix in trainer.confusions.items():
                said = f"tumour of tumour {matrix[1, 1]:.2f}, of the rest {matrix[0, 1]:.2f}"
                print(f"    {who:12} says {said}")
    seeds = " ".join(f"seed {seed}" for seed in range(options.seeds))
    print(f"{'trained on':26} {seeds}   mean")
    for name, values in found.items():
        each = " ".join(f"{one:6.3f}" for one in values)
        print(f"{name:26} {each} {np.mean(values):6.3f}")


if __name__ == "__main__":
    main()
