"""Boxes and scales."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histoloop.errors import RegionError, UsageError
from histoloop.geometry import Box, Mpp, Scale, Size, region_of_interest

sides = st.integers(1, 5000)
places = st.integers(-5000, 5000)
boxes = st.builds(Box, places, places, sides, sides)
factors = st.floats(0.05, 64)
scales = st.builds(Scale, factors, factors)


@given(boxes, scales)
def test_a_box_is_covered_by_its_way_there_and_back(box: Box, scale: Scale) -> None:
    back = scale.to_base(scale.to_level(box))
    assert back.intersect(box) == box


@given(st.builds(Size, sides, sides), scales)
def test_a_level_covers_its_base_and_overhangs_by_less_than_a_pixel(
    size: Size, scale: Scale
) -> None:
    level = scale.size(size)
    assert level.width * scale.x >= size.width - 1e-3
    assert (level.width - 1) * scale.x < size.width
    assert level.height * scale.y >= size.height - 1e-3
    assert (level.height - 1) * scale.y < size.height


@given(st.builds(Box, places, places, st.integers(1, 300), st.integers(1, 300)))
def test_splitting_is_disjoint_and_covers(box: Box) -> None:
    parts = list(box.split(64))
    assert sum(part.area for part in parts) == box.area
    assert all(part.intersect(box) == part for part in parts)
    for i, one in enumerate(parts):
        assert all(one.intersect(other).empty for other in parts[i + 1 :])


@given(boxes, boxes)
def test_an_intersection_lies_in_both(one: Box, other: Box) -> None:
    shared = one.intersect(other)
    assert shared == other.intersect(one)
    if not shared.empty:
        assert shared.intersect(one) == shared == shared.intersect(other)


def test_scales_keep_x_and_y_apart() -> None:
    scale = Scale.between(Mpp(0.2656, 0.2917), Mpp.square(2.0))
    assert scale.x == pytest.approx(2 / 0.2656)
    assert scale.y == pytest.approx(2 / 0.2917)


@pytest.mark.parametrize("value", [0.0, -1.0, 352.8, float("nan")])
def test_an_implausible_pixel_size_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="plausible"):
        Mpp.square(value)


def test_a_region_is_clipped_and_one_outside_is_refused() -> None:
    size = Size(100, 50)
    assert region_of_interest(None, size, "s") == Box(0, 0, 100, 50)
    assert region_of_interest(Box(90, 40, 50, 50), size, "s") == Box(90, 40, 10, 10)
    with pytest.raises(RegionError, match="0,0,100,50"):
        region_of_interest(Box(100, 0, 5, 5), size, "s")
