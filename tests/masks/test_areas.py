"""Areas at any threshold, and the region around a point, of masks that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from histoloop.geometry import Box, Mpp, Size
from histoloop.masks.areas import tally
from histoloop.masks.labels import LabelClass
from histoloop.masks.mask import Mask, MaskFrame
from histoloop.masks.region import region_at

TUMOR, STROMA = LabelClass("tumor", 1, "#ff0000"), LabelClass("stroma", 2, "#00ff00")
SIDE = 4096
MPP = 2.0
BASE = 0.5


@pytest.fixture
def mask(tmp_path: Path) -> Mask:
    """Tumour of 204 in two squares, of 115 around one of them; stroma of 153 below all."""
    base = Size(round(SIDE * MPP / BASE), round(SIDE * MPP / BASE))
    frame = MaskFrame(base, Mpp.square(BASE), MPP, (TUMOR, STROMA), 512)
    made = Mask.create(tmp_path / "mask", frame)
    finest = np.zeros((2, SIDE, SIDE), np.uint8)
    finest[0, 90:210, 90:210] = 115
    finest[0, 100:200, 100:200] = 204
    finest[0, 300:350, 300:350] = 204
    finest[1, 1000:4000, 500:3500] = 153
    for level, array in enumerate(made.levels):
        array[:] = finest[:, :: 2**level, :: 2**level]
    return made


def test_areas_follow_the_threshold_and_say_how_far_they_hang_on_it(mask: Mask) -> None:
    counted = tally(mask)
    mm2 = (MPP / 1000) ** 2
    squares, rim = 100**2 + 50**2, 120**2 - 100**2
    assert counted.mpp == MPP
    assert counted.mm2(0, 0.5) == pytest.approx(squares * mm2)
    assert counted.mm2(0, 0.4) == pytest.approx((squares + rim) * mm2)
    assert counted.mm2(0, 0.9) == 0
    assert counted.mm2(1, 0.5) == pytest.approx(3000**2 * mm2)
    span = counted.span(0, 0.5)
    assert (span.low, span.mm2, span.high) == pytest.approx(
        (squares * mm2, squares * mm2, (squares + rim) * mm2)
    )


def test_a_region_is_what_is_connected_to_the_point(mask: Mask) -> None:
    to_base = MPP / BASE
    found = region_at(mask, 150 * to_base, 150 * to_base, 0.5)
    assert found is not None
    assert found.label == TUMOR
    assert found.area_mm2 == pytest.approx(100**2 * (MPP / 1000) ** 2)
    assert found.probability == pytest.approx(0.8)
    assert found.outline is not None
    left, top, right, bottom = found.outline.bounds
    assert (left, top, right, bottom) == pytest.approx((400, 400, 800, 800), abs=6)
    wider = region_at(mask, 150 * to_base, 150 * to_base, 0.4)
    assert wider is not None
    assert wider.area_mm2 == pytest.approx(120**2 * (MPP / 1000) ** 2)
    assert region_at(mask, 250 * to_base, 250 * to_base, 0.5) is None


def test_a_large_region_is_measured_whole_if_more_coarsely(mask: Mask) -> None:
    found = region_at(mask, 3400 * MPP / BASE, 1100 * MPP / BASE, 0.5)
    assert found is not None
    assert found.mpp > MPP
    assert found.area_mm2 == pytest.approx(3000**2 * (MPP / 1000) ** 2, rel=0.01)


@pytest.mark.parametrize("point", [(-5, 0), (1e6, 3), (0, SIDE * MPP / BASE)])
def test_beyond_the_slide_there_is_no_region(mask: Mask, point: tuple[float, float]) -> None:
    assert region_at(mask, *point, 0.5) is None


def test_a_mask_of_one_level_is_counted(tmp_path: Path) -> None:
    frame = MaskFrame(Size(64, 64), Mpp.square(1.0), 1.0, (TUMOR,), 64)
    made = Mask.create(tmp_path / "small", frame)
    rows, columns = Box(0, 0, 8, 8).within(Box(0, 0, 64, 64))
    made.levels[0][0, rows, columns] = 255
    assert tally(made).mm2(0, 1.0) == pytest.approx(64 / 1e6)
