"""Tissue and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.tissue import ink, stained
from tests.support.pictures import GLASS, PINK

from histoloop.errors import MissingScaleError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.tiling.tissue import _ink, _stained, find_tissue

SIZE, MPP = Size(600, 500), 4.0
BLOB = Box(100, 100, 200, 150)
STROKE = Box(400, 300, 150, 60)

PENS = {"green": (40, 150, 60), "blue": (50, 60, 190), "black": (20, 22, 21)}


def slide_of(folder, marks):
    random = np.random.default_rng(0)
    picture = np.full((SIZE.height, SIZE.width, 3), GLASS, np.float32)
    for box, colour in marks:
        picture[box.within(Box.of(SIZE))] = colour
    picture = np.clip(picture + random.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
    write_pyramid(folder / "s.tiff", SIZE, Mpp.square(MPP), [picture], lossless=True)
    return open_slide(folder / "s.tiff")


def test_blank_glass_has_no_tissue(tmp_path):
    mask = find_tissue(slide_of(tmp_path, []))
    assert not mask.tissue.any()
    assert not mask.touches(Box.of(SIZE))


def test_stained_tissue_is_found_where_it_is(tmp_path):
    mask = find_tissue(slide_of(tmp_path, [(BLOB, PINK)]))
    assert mask.share(BLOB.grow(-8)) == 1
    assert mask.share(Box(320, 0, 280, 500)) == 0
    assert mask.share(Box.of(SIZE)) == pytest.approx(BLOB.area / (600 * 500), rel=0.1)


@pytest.mark.parametrize("pale", [(228, 214, 226), (236, 219, 230), (212, 204, 209)])
def test_pale_tissue_is_kept(tmp_path, pale):
    mask = find_tissue(slide_of(tmp_path, [(BLOB, pale)]))
    assert mask.share(BLOB.grow(-8)) > 0.95


@pytest.mark.parametrize("pen", PENS)
def test_ink_is_dropped_and_tissue_beside_it_kept(tmp_path, pen):
    mask = find_tissue(slide_of(tmp_path, [(BLOB, PINK), (STROKE, PENS[pen])]))
    assert mask.share(STROKE) < 0.02
    assert mask.share(BLOB.grow(-8)) > 0.95


def test_a_speck_of_dust_is_no_tissue(tmp_path):
    assert not find_tissue(slide_of(tmp_path, [(Box(300, 300, 8, 8), PINK)])).tissue.any()


def test_the_surroundings_of_tissue_are_worth_computing(tmp_path):
    mask = find_tissue(slide_of(tmp_path, [(BLOB, PINK)]))
    beside = Box(BLOB.right + 4, BLOB.y + 40, 8, 8)  # 16 to 48 µm away
    far = Box(BLOB.right + 60, BLOB.y + 40, 8, 8)  # 240 µm away
    assert mask.touches(beside)
    assert not mask.touches(far)


def test_without_a_scale_nothing_is_guessed(data):
    with pytest.raises(MissingScaleError):
        find_tissue(open_slide(data / "slides/TCGA-CR-7395-01A-01-TS1.svs"))


def test_real_tissue_is_found_on_a_real_slide(data):
    slide = open_slide(data / "slides/CMU-1-Small-Region.svs")
    share = find_tissue(slide).share(Box.of(slide.size))
    assert 0.3 < share <= 1.0


@given(st.integers(0, 2**32), st.sampled_from([40, 90, 256]), st.integers(200, 255))
def test_colours_are_judged_as_slowly_and_obviously(seed, brightest, lamp):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, brightest, (40, 50, 3), np.uint8)
    white = np.array([lamp, 255, 240], np.float32)
    assert np.array_equal(_stained(pixels, white), stained(pixels, white))
    assert np.array_equal(_ink(pixels), ink(pixels))
