"""Boxes, scales and regions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histoloop.errors import RegionError, UsageError
from histoloop.geometry import Box, Mpp, Scale, Size, region_of_interest

coordinates = st.integers(-3000, 3000)
sides = st.integers(1, 3000)
boxes = st.builds(Box, coordinates, coordinates, sides, sides)
factors = st.one_of(
    st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0, 16.0]),
    st.floats(0.05, 60.0, allow_nan=False),
)
scales = st.builds(Scale, factors, factors)


def covers(outer: Box, inner: Box) -> bool:
    return inner.intersect(outer) == inner


@given(boxes, scales)
def test_a_box_survives_the_way_to_a_level_and_back(box, scale):
    assert covers(scale.to_base(scale.to_level(box)), box)


@given(boxes, scales)
def test_a_level_box_survives_the_way_to_the_base_and_back(box, scale):
    assert covers(scale.to_level(scale.to_base(box)), box)


@given(boxes, scales)
def test_the_level_box_is_the_smallest_that_covers(box, scale):
    level = scale.to_level(box)
    noise = 1e-5
    assert level.x * scale.x <= box.x + noise * scale.x
    assert (level.x + 1) * scale.x > box.x - noise * scale.x
    assert level.right * scale.x >= box.right - noise * scale.x
    assert (level.right - 1) * scale.x < box.right + noise * scale.x


@given(st.builds(Size, sides, sides), scales)
def test_a_level_as_large_as_its_base_has_the_same_extent_within_a_pixel(size, scale):
    level = scale.size(size)
    assert Box.of(level) == scale.to_level(Box.of(size))
    assert 0 <= level.width * scale.x - size.width + 1e-5 * scale.x < 1.001 * scale.x


def test_rounding_noise_adds_no_pixel():
    scale = Scale.between(Mpp.square(0.1), Mpp.square(0.3))  # 2.9999999999999996
    assert scale.size(Size(900, 300)) == (300, 100)


def test_scales_along_both_axes_are_kept_apart():
    scale = Scale.between(Mpp(0.25, 0.5), Mpp.square(1.0))
    assert scale == Scale(4.0, 2.0)
    assert scale.to_level(Box(4, 4, 8, 8)) == Box(1, 2, 2, 4)


@given(
    st.builds(Box, st.integers(-90, 90), st.integers(-90, 90), st.integers(1, 90), sides),
    st.integers(1, 70),
)
def test_split_covers_the_box_once_in_aligned_pieces(box, step):
    box = box._replace(height=box.height % 90 + 1)
    seen = np.zeros((box.height, box.width), int)
    for part in box.split(step):
        assert not part.empty
        assert max(part.width, part.height) <= step
        assert part.x // step == (part.right - 1) // step
        assert part.y // step == (part.bottom - 1) // step
        seen[part.within(box)] += 1
    assert (seen == 1).all()


@given(boxes, boxes)
def test_what_boxes_share_lies_in_both(one, other):
    shared = one.intersect(other)
    assert shared == other.intersect(one)
    if not shared.empty:
        assert covers(one, shared)
        assert covers(other, shared)


def test_boxes_that_only_touch_share_nothing():
    assert Box(0, 0, 4, 4).intersect(Box(4, 0, 4, 4)).empty


def test_within_addresses_an_array_over_another_box():
    array = np.arange(20).reshape(4, 5)
    assert array[Box(12, 21, 2, 1).within(Box(10, 20, 5, 4))].tolist() == [[7, 8]]


@pytest.mark.parametrize("value", [0.0, -0.25, 0.019, 30.1, 352.8, float("nan"), float("inf")])
def test_an_implausible_pixel_size_is_refused(value):
    with pytest.raises(UsageError, match="plausible"):
        Mpp.square(value)
    with pytest.raises(UsageError, match="plausible"):
        Mpp(0.5, value)
    assert Mpp.plausible(value, 0.5) is None
    assert Mpp.plausible(0.5, value) is None


@pytest.mark.parametrize("value", [0.02, 0.25, 30.0])
def test_a_plausible_pixel_size_is_taken(value):
    assert Mpp.plausible(value, 0.5) == Mpp(value, 0.5)


def test_a_region_is_clipped_to_the_slide():
    slide = Size(100, 50)
    assert region_of_interest(None, slide, "s") == Box(0, 0, 100, 50)
    assert region_of_interest(Box(-10, 40, 30, 30), slide, "s") == Box(0, 40, 20, 10)


@pytest.mark.parametrize("box", [Box(100, 0, 5, 5), Box(-5, 0, 5, 5), Box(0, 50, 1, 1)])
def test_a_region_outside_the_slide_is_refused_with_the_slide_s_extent(box):
    with pytest.raises(RegionError, match=r"s\.svs.*outside.*0,0,100,50"):
        region_of_interest(box, Size(100, 50), "s.svs")
