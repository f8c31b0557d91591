"""Do two tile grids, offset by about half a tile, say the same?

Neighbouring tiles of one run lie a cell apart, and so in step with the network's strides as far
as a cell is: the second grid keeps that step, for it shall show what a seam could.

``python -m benchmarks.seam_audit SLIDE [MODEL]`` predicts a slide twice and prints how many
tissue pixels change their label, and how far probabilities move.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from histoloop.config import settings
from histoloop.geometry import Box
from histoloop.jobs.plan import Plan, SegmentParameters
from histoloop.jobs.prediction import predict_shard
from histoloop.jobs.segment import plan_segmentation, prediction_task
from histoloop.models.registry import DEFAULT
from histoloop.slides.folder import SlideFile
from histoloop.tiling.grid import Shard, TileGrid
from histoloop.tiling.stitching import Stitcher


@dataclass(frozen=True)
class Audit:
    """Shares over the tissue pixels of a slide."""

    pixels: int
    flips: float
    difference: float


def audit(slide: Path, model: str, home: Path) -> Audit:
    """Compare the grid at the origin with the one about half a cell further."""
    with TemporaryDirectory() as folder:
        parameters = SegmentParameters(SlideFile(slide), model, Path(folder))
        plan = plan_segmentation(parameters, home)
        one = predict(plan, plan.grid, home)
        shift = half_a_cell(plan.grid.tiling.step, plan.model.card.stride)
        other = predict(plan, replace(plan.grid, shift=shift), home)
    tissue = tissue_pixels(plan)
    flips = ((one >= 128) != (other >= 128))[tissue]
    apart = np.abs(one.astype(np.int16) - other)[tissue]
    return Audit(int(tissue.sum()), float(flips.mean()), float(apart.mean() / 255))


def half_a_cell(step: int, stride: int) -> int:
    """About half a step, px, at which strides begin where those of a neighbouring tile do."""
    unit = math.gcd(step, stride)
    return step // 2 // unit * unit


def predict(plan: Plan, grid: TileGrid, home: Path) -> NDArray[np.uint8]:
    """``(rows, cols)`` of the first class over the whole frame, all tiles predicted."""
    width, height = plan.frame
    picture = np.zeros((height, width), np.uint8)
    with TemporaryDirectory() as folder:
        task = replace(prediction_task(plan, home), grid=grid, folder=Path(folder))
        stitcher = Stitcher(grid, frozenset(grid.cells))
        for number, cell in enumerate(grid.cells):
            tile = predict_shard(task, Shard(number, (cell,))).tiles[cell]
            for done, values in stitcher.add(cell, tile):
                box, own = grid.write_box(done), grid.cell_box(done)
                picture[box.within(Box(0, 0, 0, 0))] = values[0, *box.within(own)]
    return picture


def tissue_pixels(plan: Plan) -> NDArray[np.bool_]:
    """``(rows, cols)`` bool over the frame."""
    width, height = plan.frame
    assert plan.tissue is not None
    rows = ((np.arange(height) + 0.5) * plan.scale.y / plan.tissue.scale.y).astype(int)
    columns = ((np.arange(width) + 0.5) * plan.scale.x / plan.tissue.scale.x).astype(int)
    return plan.tissue.tissue[rows][:, columns]


if __name__ == "__main__":
    found = audit(Path(sys.argv[1]), (sys.argv[2:] or [DEFAULT])[0], settings().home)
    print(f"{'tissue pixels':24} {found.pixels}")
    print(f"{'label flips':24} {found.flips:.4%}")
    print(f"{'mean |Δp|':24} {found.difference:.5f}")
