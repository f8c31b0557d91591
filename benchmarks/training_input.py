"""Whether training waits for its patches: the same step on fresh patches and on one batch.

``python -m benchmarks.training_input [--rounds N] [--steps N] [--workers N]`` trains the bundled
model's network by its recipe (192 px at 1 µm/px, 4 a batch, mixed_bfloat16) on synthetic tissue,
in rounds that take turns: patches drawn, augmented and prefetched as `histoloop train` does, and
a batch that is kept. It prints images a second, their ratio and CPU seconds per step.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from tempfile import TemporaryDirectory

import numpy as np

from histoloop.training.patches import Batch, PatchSource
from histoloop.training.pipeline import WORKERS, prefetched
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import Sample

PLAN = TrainingPlan(side=192, batch=4, precision="mixed_bfloat16")
EDGE = 2048


@dataclass(frozen=True)
class Round:
    """Seconds a step took: on the clock, and of all cores of this process."""

    wall: float
    cpu: float


def main(rounds: int, steps: int, workers: int) -> None:
    """Measure and print."""
    source = PatchSource(samples(), 1, PLAN.side, PLAN.batch, PLAN.seed, PLAN.augmentation)
    step, kept = train_step(), source.batch_at(0)
    fresh = prefetched(source, workers=workers)
    ways: dict[str, Iterator[Batch]] = {"kept batch": repeat(kept), "fresh patches": fresh}
    for batches in ways.values():
        run(step, batches, 3)
    found: dict[str, list[Round]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, batches in ways.items():
            found[name].append(run(step, batches, steps))
    print(f"{os.cpu_count()} cores, {workers} workers, {rounds} rounds of {steps} steps each")
    for name, one in found.items():
        wall, cpu = (statistics.median(getattr(each, kind) for each in one) for kind in KINDS)
        print(f"{name:14} {PLAN.batch / wall:6.1f} images/s  {1000 * cpu:6.0f} ms CPU a step")
    for kind, said in KINDS.items():
        pairs = zip(*found.values(), strict=True)
        ratios = sorted(getattr(kept, kind) / getattr(fresh, kind) for kept, fresh in pairs)
        middle = statistics.median(ratios)
        print(f"ratio of {said}: {middle:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    began = time.process_time()
    for index in range(20):
        source.batch_at(index)
    print(f"a batch costs {50 * (time.process_time() - began):.1f} ms of CPU to draw")


KINDS = {"wall": "images/s", "cpu": "images per CPU second"}


def run(step: Callable[..., object], batches: Iterator[Batch], steps: int) -> Round:
    """Mean of some steps."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        float(step(*next(batches))[0])  # type: ignore[index]
    return Round((time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps)


def samples() -> list[Sample]:
    """Two patients' synthetic tissue, as the recipe's pictures are held."""
    from pathlib import Path

    import tifffile

    from histoloop.geometry import Box, Scale, Size
    from histoloop.slides.folder import open_slide
    from histoloop.slides.reading import read
    from histoloop.slides.synthetic import Specimen, Tissue, write_slide

    found = []
    with TemporaryDirectory() as folder:
        for seed in (1, 2):
            slide, truth = Path(folder, f"{seed}.tiff"), Path(folder, f"{seed}-truth.tiff")
            write_slide(Specimen(Size(EDGE, EDGE), 1.0, seed=seed), slide, truth=truth)
            image = read(open_slide(slide), Box(0, 0, EDGE, EDGE), Scale(1.0, 1.0))
            codes = (tifffile.imread(truth, level=0) == Tissue.TUMOR).astype(np.uint8)
            found.append(Sample(str(seed), str(seed), image, codes, str(seed)))
    return found


def train_step() -> Callable[..., object]:
    """Of `Trainer`, for the bundled architecture."""
    from histoloop.models import architectures
    from histoloop.training.trainer import Trainer

    return Trainer(lambda: architectures.build("lean-unet", 1), 1, PLAN)._step


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--workers", type=int, default=WORKERS)
    asked = parser.parse_args()
    main(asked.rounds, asked.steps, asked.workers)
