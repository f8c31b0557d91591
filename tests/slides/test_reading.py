"""Pixels at any place and scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.pictures import noise, ramps

from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import level_for, read, thumbnail

SIZE = Size(613, 541)
SCALES = [Scale(1, 1), Scale(2, 2), Scale(4, 4), Scale(1.7, 1.7), Scale(3.4, 2.9), Scale(0.6, 0.7)]


@pytest.fixture(scope="module")
def picture():
    return noise(SIZE)


@pytest.fixture(scope="module")
def slide(picture, tmp_path_factory):
    path = tmp_path_factory.mktemp("reading") / "noise.tiff"
    write_pyramid(path, SIZE, Mpp(0.5, 0.6), [picture], lossless=True)
    return open_slide(path)


def fold(place: int, length: int) -> int:
    while not 0 <= place < length:
        place = -1 - place if place < 0 else 2 * length - 1 - place
    return place


def write_slide(path, picture, mpp=0.5):
    size = Size(picture.shape[1], picture.shape[0])
    write_pyramid(path, size, Mpp.square(mpp), [picture], lossless=True)
    return open_slide(path)


@settings(max_examples=80)
@given(st.data(), st.sampled_from(SCALES))
def test_a_pixel_depends_on_its_place_and_not_on_the_box(slide, data, scale):
    frame = Box.of(scale.size(SIZE))
    whole = read(slide, frame, scale).astype(int)
    x = data.draw(st.integers(0, frame.width - 1))
    y = data.draw(st.integers(0, frame.height - 1))
    width = data.draw(st.integers(1, min(150, frame.width - x)))
    height = data.draw(st.integers(1, min(150, frame.height - y)))
    box = Box(x, y, width, height)
    apart = np.abs(read(slide, box, scale) - whole[box.within(frame)]).max()
    # PIL takes the place of a box as float32: between the pixels of a level that rounds.
    assert apart <= (0 if scale.x == int(scale.x) else 1)


@given(st.integers(-400, 700), st.integers(-400, 700), st.integers(1, 90), st.integers(1, 90))
def test_beyond_the_edge_the_picture_is_mirrored(slide, picture, x, y, width, height):
    box = Box(x, y, width, height)
    inside = not box.intersect(Box.of(SIZE)).empty
    pixels = read(slide, box, Scale(1, 1))
    rows = [fold(row, SIZE.height) for row in range(y, y + height)]
    columns = [fold(column, SIZE.width) for column in range(x, x + width)]
    mirrored = picture[rows][:, columns]
    assert np.array_equal(pixels, mirrored if inside else np.full_like(pixels, 255))


def test_base_pixels_come_as_they_are(slide, picture):
    assert np.array_equal(read(slide, Box.of(SIZE), Scale(1, 1)), picture)


def test_red_is_red_and_right_is_right(tmp_path):
    picture = ramps(Size(640, 512))
    slide = write_slide(tmp_path / "ramps.tiff", picture)
    small = read(slide, Box(0, 0, 160, 128), Scale(4, 4)).astype(int)
    assert small[64, 150, 0] > small[64, 10, 0] + 200, "red grows to the right"
    assert small[120, 80, 1] > small[8, 80, 1] + 200, "green grows downwards"
    assert (small[..., 2] == 40).all(), "blue is constant"


@pytest.mark.parametrize("scale", [s for s in SCALES if s.x >= 1], ids=str)
def test_shrinking_keeps_the_mean_of_a_region(slide, picture, scale):
    frame = scale.size(SIZE)
    box = Box(frame.width // 4, frame.height // 4, frame.width // 2, frame.height // 2)
    pixels = read(slide, box, scale)
    left, top = round(box.x * scale.x), round(box.y * scale.y)
    right, bottom = round(box.right * scale.x), round(box.bottom * scale.y)
    expected = picture[top:bottom, left:right].mean(axis=(0, 1))
    assert pixels.mean(axis=(0, 1)) == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize("scale", [Scale(2, 2), Scale(3, 3), Scale(5.3, 3.7)], ids=str)
def test_a_ramp_stays_where_it_is_at_any_scale(tmp_path, scale):
    """A shift of half a pixel between levels would show as an offset."""
    size = Size(1020, 1020)
    picture = np.zeros((1020, 1020, 3), np.uint8)
    picture[..., 0] = (np.arange(1020) // 4)[None, :]
    slide = write_slide(tmp_path / f"ramp-{scale.x}.tiff", picture)
    frame = scale.size(size)
    row = read(slide, Box.of(frame), scale)[5, :, 0].astype(float)
    centres = (np.arange(frame.width) + 0.5) * scale.x  # base px
    inner = slice(3, -3)
    assert np.abs(row - (centres - 2) / 4)[inner].max() <= 1.0
    assert np.abs((row - (centres - 2) / 4)[inner].mean()) <= 0.25


def test_the_level_read_is_the_coarsest_that_is_fine_enough(slide):
    assert level_for(slide, Scale(1, 1)).downsample == 1
    assert level_for(slide, Scale(1.99, 4)).downsample == 1
    assert level_for(slide, Scale(2, 3)).downsample == 2
    assert level_for(slide, Scale(0.5, 0.5)).downsample == 1
    assert level_for(slide, Scale(100, 100)) == slide.levels[0]


def test_a_thumbnail_keeps_the_aspect_and_never_enlarges(slide):
    assert max(thumbnail(slide, 100).shape[:2]) == 100
    assert thumbnail(slide, 5000).shape[:2] == (SIZE.height, SIZE.width)
