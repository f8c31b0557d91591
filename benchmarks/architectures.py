"""Every architecture, trained on the same data for the same CPU minutes, in one table.

``python -m benchmarks.architectures DATA --minutes M`` writes ``benchmarks/architectures.md`` and
``.json``. DATA is what ``make build/tumor-data`` makes; options that are not named here are
those of ``histoloop train``, the bundled model's by default. What is finished stays in a folder,
which is printed: the same command goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import shlex
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import architecture_table as table
from benchmarks.architecture_recipe import Recipe
from benchmarks.architecture_trial import Trial
from histoloop.models.architectures import NAMES
from histoloop.training.samples import patient_of
from histoloop.training.tumor_data import BCSS_MPP

FAILED = "failed.txt"
"""Why an architecture has no result."""


@dataclass(frozen=True)
class Race:
    """The same budget for all.

    Attributes:
        seen: the data without validation pictures, whose prediction after each epoch would
            cost a large network more than a small one.
        root: where finished results are kept; patients: those who are left out in turn.
    """

    seen: Path
    root: Path
    patients: tuple[str, ...]
    minutes: float
    epochs: int
    recipe: Recipe
    cores: queue.Queue[int | None] = field(default_factory=queue.Queue)

    def run(self, name: str) -> None:
        """Train and judge an architecture without each patient, unless that is done."""
        recipe, folder = self.recipe.fitted(name), self.root / name
        with self._core() as core:
            for held in self.patients:
                trial = Trial(name, recipe, self.seen, held, folder, core)
                price = _kept(folder / "price.json", trial.price)
                steps = max(1, round(self.minutes * 60 / price / self.epochs))
                found = _kept(folder / f"{held}.json", partial(self._outcome, trial, steps))
                print(
                    f"{name} without {held}: {found['steps']} steps of {price:.3f} s, "
                    f"{found['cpu_s']:.0f} CPU s in all, Dice {table.dice(found['blocks']):.3f}",
                    flush=True,
                )

    def _outcome(self, trial: Trial, steps: int) -> dict[str, Any]:
        spent = trial.train(self.epochs, steps)
        blocks = [asdict(one) for one in trial.blocks(self.root)]
        return {"steps": steps * self.epochs, "cpu_s": spent, "blocks": blocks}

    def time(self, name: str) -> None:
        """Time a trained architecture in both runtimes, unless that is done; one at a time."""
        folder = self.root / name
        with self._core() as core:
            trial = Trial(name, self.recipe, self.seen, self.patients[0], folder, core)
            _kept(folder / "speed.json", lambda: trial.speed(self.root / "cache"))

    def result(self, name: str) -> dict[str, Any]:
        """Everything about an architecture that is there, or why it is not."""
        folder, recipe = self.root / name, self.recipe.fitted(name)
        try:
            return {
                "architecture": name,
                "note": recipe.note,
                "recipe": dict(recipe.options),
                "step_cpu_s": json.loads((folder / "price.json").read_text()),
                **json.loads((folder / "speed.json").read_text()),
                "held_out": {
                    one: json.loads((folder / f"{one}.json").read_text()) for one in self.patients
                },
            }
        except FileNotFoundError as error:
            why = folder / FAILED
            said = why.read_text() if why.is_file() else f"{error.filename} is missing"
            return {"architecture": name, "failed": said}

    def tried(self, what: Callable[[str], None], name: str) -> None:
        """One architecture's failure is said and does not stop the others."""
        why = self.root / name / FAILED
        why.unlink(missing_ok=True)
        try:
            what(name)
        except Exception as error:
            why.parent.mkdir(parents=True, exist_ok=True)
            why.write_text(f"{error}")
            print(f"{name} failed: {error}", file=sys.stderr, flush=True)

    @contextmanager
    def _core(self) -> Iterator[int | None]:
        core = self.cores.get()
        try:
            yield core
        finally:
            self.cores.put(core)


def main(words: list[str]) -> None:
    """Race, then write the table."""
    asked, options = _arguments().parse_known_args(words)
    recipe = Recipe.bundled(options)
    race = _race(asked, recipe)
    print(f"results: {race.root}", flush=True)
    with ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(partial(race.tried, race.run), asked.only))
    for name in asked.only:
        if not (race.root / name / FAILED).is_file():
            race.tried(race.time, name)
    results = [race.result(name) for name in asked.only]
    said = {
        "command": shlex.join(["python", "-m", "benchmarks.architectures", *words]),
        "minutes": asked.minutes,
        "epochs": asked.epochs,
        "recipe": dict(recipe.options),
        "machine": table.machine(),
        "architectures": results,
    }
    out = asked.out.with_suffix("")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(said, indent=1) + "\n")
    out.with_suffix(".md").write_text(text := table.page(said))
    print(text)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks.architectures", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, required=True, help="CPU minutes of steps, each")
    patients = [patient_of(name) for name in BCSS_MPP]
    parser.add_argument("--hold-out", nargs="+", default=patients, metavar="PATIENT")
    parser.add_argument("--only", nargs="+", default=list(NAMES), choices=NAMES, metavar="NAME")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side, a core each")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/architectures.md"))
    return parser


def _race(asked: argparse.Namespace, recipe: Recipe) -> Race:
    key = repr((str(asked.data), asked.minutes, asked.epochs, sorted(recipe.options.items())))
    name = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
    root = Path("build/architectures").resolve() / name
    seen = root / "data"
    seen.mkdir(parents=True, exist_ok=True)
    for part in ("train", "patients.csv"):
        if not (seen / part).exists():
            (seen / part).symlink_to((asked.data / part).resolve())
    race = Race(seen, root, tuple(asked.hold_out), asked.minutes, asked.epochs, recipe)
    known = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    for at in range(asked.jobs):
        race.cores.put(known[at % len(known)])
    return race


def _kept(path: Path, find: Callable[[], Any]) -> Any:
    """What a file says; the first time it is found out, then kept."""
    if not path.is_file():
        found = json.dumps(find(), indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".partial")
        draft.write_text(found)
        draft.replace(path)
    return json.loads(path.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
