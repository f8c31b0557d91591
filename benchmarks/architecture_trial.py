"""One architecture of a comparison: the price of its step, its training, its verdict, its speed.

``python -m benchmarks.architecture_trial price|speed …`` measures in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.architecture_cost import cost
from benchmarks.architecture_recipe import Recipe
from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.judgement import channels
from histoloop.jobs.plan import SegmentParameters, make_plan
from histoloop.jobs.train import TrainParameters, class_cards, load_splits
from histoloop.jobs.whole_picture import predict_whole
from histoloop.masks.labels import labels
from histoloop.models import architectures, runtimes
from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.segmenter import normalise
from histoloop.models.weights import load_network
from histoloop.training.augmentation import IGNORED
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.samples import each_picture
from histoloop.training.worst_tiles import SIDE as BLOCK

_STEPS = 5
"""Of each of three epochs; the first warms up. Two hold one averaging of the weights."""

_ROUNDS = 7

_SERIAL = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Trial:
    """An architecture, and everything that its training depends on.

    Attributes:
        data: folder with train/{images,masks}; held: the patient who is left out.
        folder: where it is kept; core: the CPU core to run on, `None` for any.
    """

    name: str
    recipe: Recipe
    data: Path
    held: str
    folder: Path
    core: int | None

    @property
    def model(self) -> Path:
        return self.folder / f"without-{self.held}"

    def price(self) -> float:
        """CPU seconds of a step."""
        words = (self.name, str(self.data), self.held, *self.recipe.arguments)
        return float(self._measured("price", *words))

    def train(self, epochs: int, steps: int) -> float:
        """Train into `model`; returns the CPU seconds of the whole process."""
        shutil.rmtree(self.model, ignore_errors=True)  # nothing of another budget is resumed
        command = [str(Path(sys.executable).with_name("histoloop")), "train"]
        command += ["--data", str(self.data), "--out", str(self.model), "--hold-out", self.held]
        command += ["--architecture", self.name, "--name", self.name]
        command += ["--epochs", str(epochs), "--steps", str(steps), *self.recipe.arguments]
        return self._run(command)[1]

    def blocks(self, home: Path) -> list[Overlap]:
        """What `histoloop segment` would say of the held-out pictures, block by block."""
        model = Model(self.model, read_card(self.model))
        pictures = each_picture(self.data, "train", *self.recipe.scales)
        found = []
        for address, sample in pictures:
            if sample.patient != self.held:
                continue
            with TemporaryDirectory() as folder:
                asked = SegmentParameters(address, str(self.model), Path(folder))
                plan = make_plan(asked, address.open(), model, run=None)
                probabilities = predict_whole(plan, home, ThreadExecutor(1))
            predicted = labels(probabilities, channels(model.card), 0.5) == 1
            true, known = sample.truth == 1, sample.truth != IGNORED
            for box in plan.grid.region.split(BLOCK):
                place = box.within(plan.grid.region)
                found.append(overlap(predicted[place], true[place], known[place]))
        return found

    def speed(self, cache: Path) -> dict[str, float]:
        """Parameters, work and CPU time of the trained network; see `_speed`."""
        found: dict[str, float] = json.loads(self._measured("speed", str(self.model), str(cache)))
        return found

    def _measured(self, what: str, *words: str) -> str:
        return self._run([sys.executable, "-m", __name__, what, *words])[0].splitlines()[-1]

    def _run(self, command: list[str]) -> tuple[str, float]:
        """What a command prints on one core with one thread, and the CPU seconds it took.

        Raises:
            RuntimeError: it failed; with the last line that it said.
        """
        if self.core is not None and shutil.which("taskset"):
            command = ["taskset", "-c", str(self.core), *command]
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "log.txt"
        with log.open("w+") as said, log.with_suffix(".errors").open("w+") as errors:
            process = subprocess.Popen(
                command, stdout=said, stderr=errors, env={**os.environ, **_SERIAL}
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            errors.seek(0)
            if process.returncode:
                last = (errors.read().strip().splitlines() or [f"exit {process.returncode}"])[-1]
                raise RuntimeError(last)
            return said.read(), usage.ru_utime + usage.ru_stime


def _price(name: str, data: Path, held: str, recipe: Recipe) -> float:
    """CPU seconds of a step of the real trainer with real patches, cutting them included."""
    from histoloop.training.plan import TrainingPlan
    from histoloop.training.trainer import Trainer

    mpp, assumed = recipe.scales
    asked = TrainParameters(
        data, Path(os.devnull), mpp=mpp, assumed_mpp=assumed, architecture=name, hold_out=held
    )
    classes = len(class_cards(asked))
    plan = TrainingPlan(epochs=3, steps=_STEPS, **recipe.plan)
    trainer = Trainer(lambda: architectures.build(name, classes), classes, plan)
    epochs = trainer.fit(load_splits(asked)["train"], [])
    next(epochs)
    start = time.process_time()
    next(epochs)
    next(epochs)
    return (time.process_time() - start) / (2 * _STEPS)


def _speed(folder: Path, cache: Path) -> dict[str, float]:
    """Parameters, GMAC per megapixel, and CPU ms per megapixel of tile in both runtimes.

    A megapixel is 2^20 px. One thread each, in turns; the median of rounds.
    """
    model = Model(folder, read_card(folder))
    counted = cost(load_network(model))
    kinds = (RuntimeName.TENSORFLOW, RuntimeName.OPENVINO)
    loaded = {kind: runtimes.load(model, kind, 1, cache) for kind in kinds}
    side = model.card.tile
    grey = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    pixels = normalise(grey)
    seconds: dict[RuntimeName, list[float]] = {kind: [] for kind in kinds}
    for _ in range(_ROUNDS + 1):
        for kind, runtime in loaded.items():
            start = time.process_time()
            runtime(pixels)
            seconds[kind].append(time.process_time() - start)
    share = side**2 / 2**20
    times = {str(kind): statistics.median(seconds[kind][1:]) / share * 1e3 for kind in kinds}
    return {"parameters": counted.parameters, "gmac": counted.gmac, **times}


def main(what: str, *words: str) -> Any:
    """Print one measurement."""
    if what == "speed":
        return json.dumps(_speed(Path(words[0]), Path(words[1])))
    return _price(words[0], Path(words[1]), words[2], Recipe.bundled(words[3:]))


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
