"""The stored pyramid of a run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histoloop.errors import NotFoundError
from histoloop.geometry import Box, Mpp, Size
from histoloop.masks.labels import LabelClass
from histoloop.masks.mask import Downwards, Mask, MaskFrame
from histoloop.masks.writing import MaskWriter
from histoloop.tiling.grid import Cell

FRAME = MaskFrame(
    Size(3000, 2000), Mpp(0.25, 0.5), 2.0, (LabelClass("tumor", 1, "#ff0000"),), chunk=128
)


def test_levels_are_means_and_nothing_is_lost_at_the_edge(tmp_path: Path) -> None:
    mask = Mask.create(tmp_path / "p.zarr", FRAME)
    assert FRAME.size == Size(375, 500)
    values = np.random.default_rng(0).integers(0, 256, (1, 512, 384)).astype(np.uint8)
    cells = [Cell(column, row) for row in range(4) for column in range(3)]
    writer = MaskWriter(mask, cells)
    for column, row in cells:
        own = Box(128 * column, 128 * row, 128, 128)
        writer.write(Cell(column, row), values[:, *own.within(Box(0, 0, 0, 0))])
    again = Mask.open(tmp_path / "p.zarr")
    assert again.frame == FRAME
    finest = again.read(Box(0, 0, 375, 500))
    assert np.array_equal(finest, values[:, :500, :375])
    coarser = again.read(Box(0, 0, 187, 250), level=1)
    means = finest[:, :, :374].reshape(1, 250, 2, 187, 2).mean(axis=(2, 4))
    assert np.abs(coarser - means).max() <= 0.5


@given(
    heights=st.lists(st.integers(1, 300), min_size=1, max_size=12),
    sides=st.tuples(st.integers(0, 374), st.integers(1, 375)).filter(lambda two: two[0] < two[1]),
)
def test_downwards_the_same_is_read_and_no_chunk_twice(tmp_path, monkeypatch, heights, sides):
    mask = Mask.create(tmp_path / "p.zarr", FRAME)
    values = np.random.default_rng(0).integers(0, 256, (1, 500, 375)).astype(np.uint8)
    mask.levels[0][:] = values
    read, rows = list[int](), Downwards(mask)
    with monkeypatch.context() as patched:
        patched.setattr(mask, "read", lambda box: read.append(box.y) or Mask.read(mask, box))
        for top, bottom in pairwise(np.minimum(np.cumsum([0, *heights]), 500).tolist()):
            if top < bottom:
                box = Box.between(sides[0], top, sides[1], bottom)
                found = rows.read(box)
                assert np.array_equal(found, values[:, top:bottom, sides[0] : sides[1]])
    assert read == sorted(set(read))


@pytest.mark.parametrize("zoom", [1, 4, 16])
def test_a_view_shows_things_where_they_are(tmp_path: Path, zoom: int) -> None:
    mask = Mask.create(tmp_path / "p.zarr", FRAME)
    cell = np.zeros((1, 128, 128), np.uint8)
    cell[:, 32:96, 32:96] = 255  # frame pixels; base: 8 × 4 px each
    MaskWriter(mask, [Cell(1, 1)]).write(Cell(1, 1), cell)
    out = Size(3000 // zoom, 2000 // zoom)
    seen = mask.view(Box(0, 0, out.width * zoom, out.height * zoom), out)[0] >= 128
    rows, columns = np.nonzero(seen)
    assert abs(columns.min() * zoom - 160 * 8) <= max(4, zoom)
    assert abs((columns.max() + 1) * zoom - 224 * 8) <= max(4, zoom)
    assert abs(rows.min() * zoom - 160 * 4) <= max(4, zoom)
    assert abs((rows.max() + 1) * zoom - 224 * 4) <= max(4, zoom)


def test_what_was_not_predicted_reads_as_nothing(tmp_path: Path) -> None:
    mask = Mask.create(tmp_path / "p.zarr", FRAME)
    assert not mask.view(Box(-500, -500, 5000, 5000), Size(64, 64)).any()
    with pytest.raises(NotFoundError):
        Mask.open(tmp_path / "none.zarr")
