"""A picture's prediction in memory: the bytes that `segment` would store, without the files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from histoloop.geometry import Box
from histoloop.jobs.context import Executor
from histoloop.jobs.plan import Plan
from histoloop.jobs.prediction import predict_shard
from histoloop.jobs.segment import prediction_task, shards_of
from histoloop.models import runtimes
from histoloop.tiling.grid import Cell
from histoloop.tiling.stitching import Probabilities, Stitcher


def predict_whole(plan: Plan, home: Path, executor: Executor) -> Probabilities:
    """``(classes, rows, cols)`` over the plan's frame, 0 where there is no tissue.

    The plan's ``out`` is an empty folder; finished shards stay there.

    Raises:
        ModelError: the runtime cannot run the model.
    """
    task = prediction_task(plan, home)
    task.folder.mkdir(parents=True)
    runtimes.prepare(plan.model, task.runtime, task.cache)
    canvas = np.zeros((len(plan.labels), plan.frame.height, plan.frame.width), np.uint8)
    stitcher = Stitcher(plan.grid, frozenset(plan.cells))
    pending, work = shards_of(plan), partial(predict_shard, task)
    for result in executor.map(work, pending, lambda shard: shard.number, lambda: None):
        for cell, tile in result.tiles.items():
            for done, values in stitcher.add(cell, tile):
                _put(canvas, plan, done, values)
    return canvas


def _put(canvas: Probabilities, plan: Plan, cell: Cell, values: Probabilities) -> None:
    own, kept = plan.grid.cell_box(cell), plan.grid.write_box(cell)
    canvas[:, *kept.within(Box.of(plan.frame))] = values[:, *kept.within(own)]
