"""The stitcher as one would write it first: a float canvas for everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.tiling.grid import Cell, TileGrid
from histoloop.tiling.stitching import Probabilities


def stitch(grid: TileGrid, tiles: dict[Cell, Probabilities]) -> tuple[Box, NDArray[np.float64]]:
    """The box that the reaches of all tiles cover, and their weighted mean; NaN where is none."""
    reaches = {cell: grid.reach_box(cell) for cell in tiles}
    canvas = Box.between(
        min(box.x for box in reaches.values()),
        min(box.y for box in reaches.values()),
        max(box.right for box in reaches.values()),
        max(box.bottom for box in reaches.values()),
    )
    classes = next(iter(tiles.values())).shape[0]
    total = np.zeros((classes, canvas.height, canvas.width))
    weight = np.zeros((canvas.height, canvas.width))
    profile = [_weight(i, grid.tiling.reach, grid.tiling.overlap) for i in range(grid.tiling.reach)]
    window = np.outer(profile, profile)
    for cell, tile in tiles.items():
        place = reaches[cell].within(canvas)
        total[:, *place] += tile * window
        weight[place] += window
    with np.errstate(invalid="ignore"):
        return canvas, total / weight


def _weight(index: int, reach: int, overlap: int) -> float:
    """Height of a trapezium at a pixel's centre: 0 at its foot, 1 after ``overlap`` px."""
    if not overlap:
        return 1.0
    edge = min(index + 0.5, reach - index - 0.5)
    return min(1.0, edge / overlap)
