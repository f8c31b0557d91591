"""Storing cells as they come."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import mask_pyramid as reference

from histoloop.geometry import Box, Mpp, Size
from histoloop.masks.labels import LabelClass
from histoloop.masks.mask import Mask, MaskFrame
from histoloop.masks.writing import MaskWriter
from histoloop.tiling.grid import Cell, TileGrid, Tiling

CLASSES = (LabelClass("tumor", 1, "#ff0000"), LabelClass("stroma", 2, "#00ff00"))
CHUNK = 16


@st.composite
def plans(draw):
    """A frame, and cells of it in the order in which they come."""
    size = Size(draw(st.integers(1, 150)), draw(st.integers(1, 150)))
    frame = MaskFrame(size, Mpp.square(1.0), 1.0, CLASSES, CHUNK)
    grid = TileGrid(Tiling(CHUNK, 0, 0), size, Box.of(size))
    cells = draw(st.lists(st.sampled_from(grid.cells), unique=True))
    return frame, cells


def is_right(mask: Mask, finest) -> bool:
    expected = reference.levels(mask.frame, finest)
    found = [np.asarray(level[:]) for level in mask.levels]
    return all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@given(plans(), st.data())
def test_every_level_is_the_mean_of_the_finer_one_in_whatever_order_cells_come(plan, data):
    frame, cells = plan
    looks = data.draw(st.sets(st.integers(0, len(cells)))) | {len(cells)}
    random = np.random.default_rng(len(cells))
    finest = np.zeros((len(CLASSES), frame.size.height, frame.size.width), np.uint8)
    with TemporaryDirectory() as folder:
        mask = Mask.create(Path(folder) / "p.zarr", frame)
        writer = MaskWriter(mask, cells)
        for index, cell in enumerate(cells):
            values = random.integers(0, 256, (len(CLASSES), CHUNK, CHUNK), np.uint8)
            writer.write(cell, values)
            box = Box(CHUNK * cell.column, CHUNK * cell.row, CHUNK, CHUNK)
            seen = box.intersect(Box.of(frame.size))
            finest[:, *seen.within(Box(0, 0, 0, 0))] = values[:, *seen.within(box)]
            if index in looks:
                writer.flush()
                assert is_right(mask, finest), "what has come is seen"
        assert is_right(mask, finest), "all of it is stored without being asked"


def test_what_is_nothing_takes_no_place_and_the_files_are_whole(tmp_path):
    frame = MaskFrame(Size(64, 64), Mpp.square(1.0), 1.0, CLASSES, CHUNK)
    mask = Mask.create(tmp_path / "p.zarr", frame)
    writer = MaskWriter(mask, [Cell(0, 0), Cell(1, 0)])
    nothing = np.zeros((2, CHUNK, CHUNK), np.uint8)
    writer.write(Cell(0, 0), nothing)
    assert not mask.chunk_path(0, 0, 0, 0).exists()
    some = nothing.copy()
    some[1] = 200
    writer.write(Cell(1, 0), some)
    assert not mask.chunk_path(0, 0, 0, 1).exists()
    assert mask.chunk_path(0, 1, 0, 1).exists()
    assert not list(tmp_path.rglob("*.partial"))
