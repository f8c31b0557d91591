"""Blending tiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import stitching as reference

from histoloop.geometry import Box, Size
from histoloop.tiling.grid import Cell, TileGrid, Tiling, shards
from histoloop.tiling.stitching import SeamAudit, Stitcher, quantise, window

TILING = Tiling(tile=32, halo=4, overlap=6)
FRAME = Size(80, 60)
GRID = TileGrid(TILING, FRAME, Box.of(FRAME))


def random_tiles(cells, seed=0, classes=2):
    random = np.random.default_rng(seed)
    shape = (classes, TILING.reach, TILING.reach)
    return {cell: random.integers(0, 256, shape, np.uint8) for cell in cells}


def stitched(grid, tiles, order=None):
    stitcher = Stitcher(grid, frozenset(tiles))
    found = {}
    for cell in order or tiles:
        for done, values in stitcher.add(cell, tiles[cell]):
            assert done not in found, "a cell is given once"
            found[done] = values
    return found, stitcher


@given(st.integers(0, 20), st.integers(0, 40))
def test_windows_laid_over_each_other_sum_to_a_constant(half, extra):
    overlap = 2 * half
    tiling = Tiling(3 * overlap + extra + 1, 0, overlap)
    weights = window(tiling)
    assert len(weights) == tiling.reach
    line = np.zeros(tiling.step * 3 + overlap, np.int64)
    for index in range(3):
        line[index * tiling.step : index * tiling.step + tiling.reach] += weights
    inner = line[overlap : len(line) - overlap]
    assert len(set(inner.tolist())) == 1
    assert weights.min() > 0


cells_of_grid = st.sets(st.sampled_from(GRID.cells), min_size=1)


@given(cells_of_grid, st.integers(0, 1000))
def test_the_blend_equals_the_float_canvas_within_one_grey(cells, seed):
    tiles = random_tiles(sorted(cells), seed)
    found, _ = stitched(GRID, tiles)
    canvas, expected = reference.stitch(GRID, tiles)
    assert set(found) == set(tiles)
    for cell, values in found.items():
        truth = expected[:, *GRID.cell_box(cell).within(canvas)]
        assert np.abs(values - truth).max() <= 0.5 + 1e-9  # it is rounded to the nearest


@given(st.permutations(GRID.cells))
def test_the_order_of_tiles_changes_nothing(order):
    tiles = random_tiles(GRID.cells)
    expected, straight = stitched(GRID, tiles)
    found, turned = stitched(GRID, tiles, order)
    assert set(found) == set(GRID.cells)
    for cell, values in found.items():
        assert values.tobytes() == expected[cell].tobytes()
    assert turned.seam.summary() == pytest.approx(straight.seam.summary())
    assert turned.seam.flips == straight.seam.flips


@given(st.integers(1, 6), cells_of_grid)
def test_how_cells_are_sharded_changes_nothing(side, cells):
    tiles = random_tiles(sorted(cells))
    expected, _ = stitched(GRID, tiles)
    order = [cell for shard in shards(tuple(sorted(cells)), side) for cell in shard.cells]
    found, _ = stitched(GRID, tiles, order)
    assert {cell: v.tobytes() for cell, v in found.items()} == {
        cell: v.tobytes() for cell, v in expected.items()
    }


@given(st.data())
def test_no_tile_is_kept_when_all_have_come(data):
    cells = sorted(data.draw(cells_of_grid))
    tiles = random_tiles(cells)
    _, stitcher = stitched(GRID, tiles, data.draw(st.permutations(cells)))
    assert stitcher._tiles == {}


def test_row_by_row_only_two_rows_of_tiles_are_held():
    frame = Size(TILING.step * 6, TILING.step * 30)
    grid = TileGrid(TILING, frame, Box.of(frame))
    stitcher = Stitcher(grid, frozenset(grid.cells))
    tile = np.zeros((1, TILING.reach, TILING.reach), np.uint8)
    most = 0
    for cell in grid.cells:
        list(stitcher.add(cell, tile))
        most = max(most, len(stitcher._tiles))
    assert most <= 2 * 6 + 2


def test_where_tiles_agree_the_blend_is_what_they_say():
    values = np.random.default_rng(1).integers(0, 256, (1, 120, 140), np.uint8)
    canvas = Box(-20, -20, 140, 120)
    tiles = {cell: values[:, *GRID.reach_box(cell).within(canvas)] for cell in GRID.cells}
    found, stitcher = stitched(GRID, tiles)
    for cell, blended in found.items():
        assert (blended == values[:, *GRID.cell_box(cell).within(canvas)]).all()
    assert stitcher.seam.flips == 0
    assert stitcher.seam.difference == 0
    assert stitcher.seam.pixels > 0


def test_a_cell_comes_as_soon_as_its_planned_neighbours_have():
    cells = (Cell(0, 0), Cell(1, 0), Cell(2, 0))
    tiles = random_tiles(cells)
    stitcher = Stitcher(GRID, frozenset(cells))
    came = [[done for done, _ in stitcher.add(cell, tiles[cell])] for cell in cells]
    assert came == [[], [Cell(0, 0)], [Cell(1, 0), Cell(2, 0)]]


def test_the_seam_audit_counts_flips_and_differences():
    audit = SeamAudit()
    audit.compare(np.array([127, 0, 255], np.uint8), np.array([128, 51, 255], np.uint8))
    assert audit.summary() == pytest.approx(
        {"pixels": 3, "label_flips": 1 / 3, "mean_difference": 52 / 255 / 3}
    )


def test_quantising_rounds_to_the_nearest_and_clips():
    values = np.array([-0.1, 0.0, 0.499 / 255, 0.501 / 255, 1.0, 1.2], np.float32)
    assert quantise(values).tolist() == [0, 0, 0, 1, 255, 255]
