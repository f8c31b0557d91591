"""Slide → prediction: the journey of a segmentation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from histoloop.errors import ModelError
from histoloop.geometry import Box
from histoloop.jobs import outputs
from histoloop.jobs.context import Context, Listener, Progress
from histoloop.jobs.pace import Pace
from histoloop.jobs.plan import Plan, SegmentParameters, make_plan
from histoloop.jobs.prediction import PredictionTask, predict_shard
from histoloop.jobs.report import Report, Tally
from histoloop.jobs.result_pictures import refuse_too_large, write_pictures
from histoloop.masks.mask import Mask
from histoloop.masks.writing import MaskWriter
from histoloop.models import runtimes
from histoloop.models.registry import ModelRegistry
from histoloop.models.runtimes import Precision, choose, quantised
from histoloop.slides.reading import read
from histoloop.tiling.grid import Cell, Shard, shards
from histoloop.tiling.stitching import Probabilities, Stitcher

_SHARD_SIDE = 2
"""Cells a side: some seconds of work on a core, which is what a kill can cost."""

_FEW = 16
"""Cells that come one by one: somebody waits for so small a region to show."""

_LOOK_S, _LOOK_SHARE = 1.0, 0.02
"""Between two writings of what is still to change, and how much of the time they may take; the
first comes at once."""


def segment(
    parameters: SegmentParameters,
    home: Path,
    context: Context,
    run: str | None = None,
    admit: Callable[[Plan], None] = lambda _plan: None,
) -> Report:
    """Predict a slide, or a region of it, and write everything that derives from it.

    Args:
        home: where models and caches are; run: identifier, a new one by default.
        admit: called before anything is computed; what it raises ends the run.

    Raises:
        HistoloopError: what was asked for is impossible, or the slide is damaged.
        CancelledError: the listener's ``check`` said so; finished shards stay for a resume.
    """
    tally = Tally()
    context.listener.progress(Progress("tissue"))
    with tally.timed("tissue"):
        plan = plan_segmentation(parameters, home, run)
    if parameters.precision is Precision.INT8:
        context.listener.progress(Progress("calibrate"))
        with tally.timed("calibrate"):
            plan = calibrated(plan, home)
    if parameters.resume and (done := outputs.finished(parameters, plan.digest)):
        return _completed(plan, done, context)
    admit(plan)
    folder = outputs.prepare(parameters.out, plan.digest, resume=parameters.resume)
    mask = Mask.create(folder / outputs.PROBABILITY, plan.mask_frame)
    stitcher = _predict(plan, home, mask, tally, context)
    context.listener.progress(Progress("trace", tally.tiles, tally.tiles))
    results = outputs.write(plan, mask, folder, tally, context.listener.check)
    with tally.timed("write"):
        pictures = write_pictures(plan, mask, folder, context.listener.check)
    report = outputs.report(plan, results, tally, stitcher.seam.summary(), pictures)
    outputs.finish(folder, report)
    return report


def plan_segmentation(parameters: SegmentParameters, home: Path, run: str | None = None) -> Plan:
    """Open the slide and the model and settle what will be computed."""
    slide = parameters.slide.open()
    model = ModelRegistry(home).get(parameters.model)
    choose(parameters.runtime)
    plan = make_plan(parameters, slide, model, run)
    if parameters.pictures.wanted:
        refuse_too_large(plan.region, slide.name)
    return plan


def calibrated(plan: Plan, home: Path) -> Plan:
    """With the int8 network that is kept, or one calibrated on tissue from all over the plan.

    Raises:
        ModelError: int8 is not good enough.
    """
    cache = home / "cache"
    found = quantised.calibration(plan.model, cache) or _calibration(plan, cache)
    return replace(plan, calibration=found)


def _calibration(plan: Plan, cache: Path) -> quantised.Calibration:
    cells = plan.cells[:: -(-len(plan.cells) // quantised.TILES) or 1]
    if not cells:
        raise ModelError(
            f"{plan.slide.name}: shows no tissue to calibrate int8 on",
            hint="leave --precision int8 out",
        )
    slide = plan.slide
    tiles = [read(slide, plan.grid.read_box(cell), plan.scale) for cell in cells]
    return quantised.calibrate(plan.model, cache, slide.name, slide.fingerprint, tiles)


def _completed(plan: Plan, done: Report, context: Context) -> Report:
    """A complete run, with the pictures that are asked for now."""
    if not plan.parameters.pictures.wanted:
        return done
    folder = plan.parameters.out
    mask = Mask.open(folder / outputs.PROBABILITY)
    names = write_pictures(plan, mask, folder, context.listener.check)
    report = replace(done, pictures=outputs.pictures_made(plan.parameters, names))
    outputs.finish(folder, report)
    return report


def _predict(plan: Plan, home: Path, mask: Mask, tally: Tally, context: Context) -> Stitcher:
    """Predict all cells; store each as soon as its neighbours have come."""
    listener = context.listener
    stitcher = Stitcher(plan.grid, frozenset(plan.cells))
    task = prediction_task(plan, home)
    runtimes.prepare(plan.model, task.runtime, task.cache)
    store = _Store(plan, MaskWriter(mask, plan.cells), listener)
    work = partial(predict_shard, task)
    pending = shards_of(plan)
    pace = Pace("predict", len(plan.cells))
    listener.progress(pace.advance(0))
    for result in context.executor.map(work, pending, _rank(plan, context), listener.check):
        tally.add(result)
        for cell, tile in result.tiles.items():
            with tally.timed("stitch"):
                complete = list(stitcher.add(cell, tile))
            with tally.timed("store"):
                store.keep(complete)
        listener.progress(pace.advance(len(result.tiles)))
    with tally.timed("store"):
        store.show()
    return stitcher


def shards_of(plan: Plan) -> tuple[Shard, ...]:
    """What workers are given, one at a time."""
    return shards(plan.cells, _SHARD_SIDE if len(plan.cells) > _FEW else 1)


def prediction_task(plan: Plan, home: Path) -> PredictionTask:
    """What every shard of a plan has in common."""
    p, kept = plan.parameters, plan.calibration
    return PredictionTask(
        slide=p.slide,
        fingerprint=plan.slide.fingerprint,
        mpp=plan.mpp,
        model=plan.model.folder,
        digest=plan.model.card.digest,
        grid=plan.grid,
        tta=p.tta,
        runtime=choose(p.runtime),
        network=quantised.network(kept, home / "cache") if kept else None,
        threads=1,
        cache=home / "cache",
        folder=p.out.resolve() / outputs.SHARDS,
    )


@dataclass
class _Store:
    """Writes finished cells; tells the listener of them as often as somebody would look."""

    plan: Plan
    writer: MaskWriter
    listener: Listener
    _news: list[Box] = field(default_factory=list)
    _next: float = -math.inf

    def keep(self, complete: Sequence[tuple[Cell, Probabilities]]) -> None:
        for cell, values in complete:
            self.writer.write(cell, self._asked(cell, values))
            box = self.plan.base_box(cell)
            self._news += [] if box.empty else [box]
        if time.monotonic() >= self._next:
            self.show()

    def show(self) -> None:
        """Have on disk what the listener hears of."""
        if self._news:
            began = time.monotonic()
            self.writer.flush()
            self.listener.ready(self._news)
            now = time.monotonic()
            self._news, self._next = [], now + max(_LOOK_S, (now - began) / _LOOK_SHARE)

    def _asked(self, cell: Cell, values: Probabilities) -> Probabilities:
        """What lies outside the region was not asked for."""
        own, asked = self.plan.grid.cell_box(cell), self.plan.grid.write_box(cell)
        if asked == own:
            return values
        kept = np.zeros_like(values)
        kept[:, *asked.within(own)] = values[:, *asked.within(own)]
        return kept


def _rank(plan: Plan, context: Context) -> Callable[[Shard], float]:
    """What somebody looks at first, the rest row by row, so that few tiles wait for others."""

    def rank(shard: Shard) -> float:
        if (focus := context.listener.focus()) is None:
            return shard.number
        boxes = [plan.base_box(cell) for cell in shard.cells]
        if any(not box.intersect(focus).empty for box in boxes):
            return shard.number - 1e12
        return shard.number

    return rank
