"""Cells and shards."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from histoloop.errors import UsageError
from histoloop.geometry import Box, Size
from histoloop.tiling.grid import Cell, TileGrid, Tiling, shards

FRAME = Size(230, 170)


@st.composite
def tilings(draw) -> Tiling:
    overlap = 2 * draw(st.integers(0, 8))
    halo = draw(st.integers(0, 12))
    step = draw(st.integers(max(2 * overlap, 4), 64))
    return Tiling(step + 2 * halo + overlap, halo, overlap)


@st.composite
def regions(draw) -> Box:
    x, y = draw(st.integers(0, FRAME.width - 1)), draw(st.integers(0, FRAME.height - 1))
    width = draw(st.integers(1, FRAME.width - x))
    return Box(x, y, width, draw(st.integers(1, FRAME.height - y)))


@given(tilings(), regions(), st.integers(0, 30))
def test_write_boxes_cover_the_region_once(tiling, region, shift):
    grid = TileGrid(tiling, FRAME, region, shift)
    seen = np.zeros((region.height, region.width), int)
    for cell in grid.cells:
        assert not grid.reach_box(cell).intersect(region).empty, "its tile has a say"
        if not (box := grid.write_box(cell)).empty:
            seen[box.within(region)] += 1
    assert (seen == 1).all()


@given(tilings(), regions())
def test_a_cell_lies_where_it_lies_whatever_the_region(tiling, region):
    whole = TileGrid(tiling, FRAME, Box.of(FRAME))
    part = TileGrid(tiling, FRAME, region)
    assert set(part.cells) <= set(whole.cells)
    for cell in part.cells:
        assert part.read_box(cell) == whole.read_box(cell)
        assert part.cell_box(cell).x == cell.column * tiling.step


@given(tilings())
def test_a_tile_is_its_cell_with_half_the_overlap_and_the_halo(tiling):
    grid = TileGrid(tiling, FRAME, Box.of(FRAME))
    cell = grid.cells[-1]
    assert grid.read_box(cell).width == tiling.tile
    assert grid.reach_box(cell).width == tiling.reach
    assert grid.read_box(cell).grow(-tiling.halo) == grid.reach_box(cell)


@given(tilings(), regions(), st.integers(1, 5))
def test_shards_hold_every_cell_once_and_are_numbered(tiling, region, side):
    cells = TileGrid(tiling, FRAME, region).cells
    groups = shards(cells, side)
    assert sorted(cell for shard in groups for cell in shard.cells) == sorted(cells)
    assert [shard.number for shard in groups] == list(range(len(groups)))
    for shard in groups:
        assert len({(cell.column // side, cell.row // side) for cell in shard.cells}) == 1


@given(tilings(), regions(), st.data())
def test_islands_hold_all_cells_and_glass_lies_between_any_two(tiling, region, data):
    grid = TileGrid(tiling, FRAME, region)
    cells = data.draw(st.sets(st.sampled_from(grid.cells)))
    islands = grid.islands(cells)
    for cell in cells:
        if not (own := grid.write_box(cell)).empty:
            around = own.grow(1).intersect(region)
            homes = [box for box in islands if box.intersect(around) == around]
            assert len(homes) == 1
            assert homes[0].intersect(region) == homes[0]
    for one, other in combinations(islands, 2):
        assert one.grow(tiling.step - 2).intersect(other).empty


def test_a_shard_keeps_its_cells_together_when_others_have_no_tissue():
    assert shards((Cell(0, 0), Cell(5, 5), Cell(1, 1)), 2) == (
        (0, (Cell(0, 0), Cell(1, 1))),
        (1, (Cell(5, 5),)),
    )


@given(st.integers(1, 120), st.integers(-2, 40), st.integers(-2, 40))
def test_a_tiling_is_refused_or_leaves_room_for_two_ramps(tile, halo, overlap):
    fits = overlap % 2 == 0 and min(halo, overlap) >= 0 and tile >= 2 * halo + 3 * overlap
    assume(tile > 2 * halo + overlap or not fits)
    if fits:
        assert Tiling(tile, halo, overlap).step >= 2 * overlap
    else:
        with pytest.raises(UsageError, match="do not fit"):
            Tiling(tile, halo, overlap)


@given(
    tiles=st.integers(1, 40),
    stride=st.sampled_from([1, 8, 16, 32, 128]),
    overlap=st.sampled_from([0, 16, 32]),
)
def test_tiles_in_step_lie_a_multiple_of_the_stride_apart(tiles, stride, overlap):
    try:
        tiling = Tiling.in_step(tiles * stride, overlap, stride)
    except UsageError:
        least = tiles * stride // 8
        for halo in range(least, least + stride):
            room = tiles * stride - 2 * halo - overlap
            assert room % stride or room < max(1, 2 * overlap)
        return
    assert tiling.step % stride == 0
    assert tiling.tile // 8 <= tiling.halo < tiling.tile // 8 + max(1, stride // 2)
