"""A slide and a model → what segmenting costs beside the bare model: rounds that take turns."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import RegionError
from histoloop.jobs.context import Context, Executor, SilentListener
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.prediction import PredictionTask, lent_segmenter
from histoloop.jobs.report import STAGES, Report
from histoloop.jobs.segment import (
    calibrated,
    plan_segmentation,
    prediction_task,
    segment,
    shards_of,
)
from histoloop.models.runtimes import Precision
from histoloop.models.segmenter import normalise
from histoloop.slides.reading import read

Result = TypeVar("Result")

KEPT = 32
"""Tiles from all over the slide that the bare model predicts again and again: 3 MB each."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of all cores of this process."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Benchmark:
    """What was measured.

    Attributes:
        tiles: predicted in every round; bare, whole: each round's cost of the model alone, fed
            from memory, and of the whole journey from the slide to the files.
        report: of a run before the rounds, which also warmed everything up.
        reports: of the rounds.
    """

    tiles: int
    bare: tuple[Cost, ...]
    whole: tuple[Cost, ...]
    report: Report
    reports: tuple[Report, ...]

    def overhead(self, kind: str = "wall") -> list[float]:
        """Whole ÷ bare, round by round, sorted; ``kind`` is a field of `Cost`."""
        pairs = zip(self.whole, self.bare, strict=True)
        return sorted(getattr(whole, kind) / getattr(bare, kind) for whole, bare in pairs)

    def stages(self) -> dict[str, float]:
        """Median seconds of each; what workers do is summed over them."""
        return {
            stage: statistics.median(one.seconds[stage] for one in self.reports)
            for stage in (*STAGES, "total")
        }

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "tiles": self.tiles,
            "bare": [asdict(one) for one in self.bare],
            "whole": [asdict(one) for one in self.whole],
            "overhead": {kind: self.overhead(kind) for kind in ("wall", "cpu")},
            "seconds": self.stages(),
            "report": self.report.document(),
        }


def benchmark(
    parameters: SegmentParameters,
    home: Path,
    executor: Executor,
    rounds: int,
    told: Callable[[str], None] = lambda _said: None,
) -> Benchmark:
    """Segment a slide again and again, in turn with the bare model on as many tiles.

    Args:
        parameters: their ``out`` is not written to; ``tta`` is 1.
        told: hears of every round.

    Raises:
        HistoloopError: whatever keeps the slide from being segmented, or there is no tissue.
    """
    with TemporaryDirectory(prefix="histoloop-benchmark-") as folder:
        asked = replace(parameters, out=Path(folder) / "run", resume=False)
        journey = _Journey(asked, home, executor)
        told("warming up")
        _, report = journey.once()
        bare = Bare.of(asked, home, executor)
        costs, reports = list[tuple[Cost, Cost]](), list[Report]()
        for number in range(1, rounds + 1):
            alone = bare.once()
            whole, one = journey.once()
            costs.append((alone, whole))
            reports.append(one)
            told(f"round {number} of {rounds}: {whole.wall / alone.wall:.3f}")
    alones, wholes = zip(*costs, strict=True)
    return Benchmark(sum(map(len, bare.parts)), alones, wholes, report, tuple(reports))


@dataclass(frozen=True)
class _Journey:
    """The whole of a segmentation, files and all."""

    parameters: SegmentParameters
    home: Path
    executor: Executor

    def once(self) -> tuple[Cost, Report]:
        context = Context(self.executor, SilentListener())
        cost, report = _timed(lambda: segment(self.parameters, self.home, context))
        shutil.rmtree(self.parameters.out)
        return cost, report


@dataclass(frozen=True)
class Bare:
    """The model alone: what it sees lies in memory, what it says is dropped.

    Attributes:
        kept: ``(1, tile, tile, 3)`` in [-1, 1] each; parts: which of them are predicted together,
            as many as a run's shards have tiles.
    """

    task: PredictionTask
    kept: tuple[NDArray[np.float32], ...]
    parts: tuple[tuple[int, ...], ...]
    executor: Executor

    @classmethod
    def of(cls, asked: SegmentParameters, home: Path, executor: Executor) -> Bare:
        plan = plan_segmentation(asked, home)
        if asked.precision is Precision.INT8:
            plan = calibrated(plan, home)
        if not plan.cells:
            raise RegionError(
                f"{plan.slide.name}: shows no tissue to predict",
                hint="name another slide or region",
            )
        cells = plan.cells[:: -(-len(plan.cells) // KEPT)]
        pixels = (read(plan.slide, plan.grid.read_box(cell), plan.scale) for cell in cells)
        kept = tuple(normalise(one[None]) for one in pixels)
        numbers = cycle(range(len(kept)))
        parts = tuple(tuple(islice(numbers, len(one.cells))) for one in shards_of(plan))
        return cls(prediction_task(plan, home), kept, parts, executor)

    def once(self) -> Cost:
        work = partial(self.executor.map, self._predict, self.parts, len, lambda: None)
        return _timed(lambda: list(work()))[0]

    def _predict(self, part: Sequence[int]) -> None:
        with lent_segmenter(self.task) as segmenter:
            for number in part:
                segmenter.runtime(self.kept[number])


def _timed(work: Callable[[], Result]) -> tuple[Cost, Result]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu), result
