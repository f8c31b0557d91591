"""Tiling is invisible: with a network that sees less than the halo, tiles give the whole."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import HALO, RECEPTIVE_RADIUS, save_tiny_model, tiny_network

from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment
from histoloop.masks.mask import Mask
from histoloop.models.segmenter import normalise
from histoloop.models.weights import load_network
from histoloop.slides.folder import SlideFile, open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read


def predicted(slide, home, out, model="tiny@1", **changes):
    parameters = SegmentParameters(SlideFile(slide), model, out, tissue_only=False, **changes)
    report = segment(parameters, home, Context(ThreadExecutor(2)))
    mask = Mask.open(out / "probability.zarr")
    return report, mask.read(Box.of(mask.frame.size))[0].astype(int)


def whole(path, tiny):
    """The frame and its surroundings in one piece, by Keras, without any tiling."""
    slide = open_slide(path)
    scale = Scale.between(slide.mpp, Mpp.square(tiny.card.mpp))
    frame = Box.of(scale.size(slide.size))
    pixels = read(slide, frame.grow(HALO), scale)
    probability = np.asarray(load_network(tiny)(normalise(pixels[None])))[0, ..., 0]
    return np.rint(probability[HALO:-HALO, HALO:-HALO] * 255).astype(int)


@pytest.fixture(scope="module")
def even_slide(tmp_path_factory):
    """At 1 µm/px the model's frame is a level: nothing is resampled between pixels."""
    path, size = tmp_path_factory.mktemp("even") / "even.tiff", Size(610, 450)
    picture = tissue_picture(size, seed=9)
    write_pyramid(path, size, Mpp.square(1.0), [picture], lossless=True)
    return path


def test_the_receptive_field_lies_within_the_halo(tiny):
    assert RECEPTIVE_RADIUS <= HALO == tiny.card.halo


def test_tiles_give_what_the_whole_gives(even_slide, tiny, tiny_home, tmp_path):
    report, found = predicted(even_slide, tiny_home, tmp_path)
    expected = whole(even_slide, tiny)
    assert report.tiles["total"] > 12
    assert np.ptp(expected) > 60, "a constant would prove nothing"
    # Other kernels, other rounding in the 7th digit: never more than one grey value.
    assert np.abs(found - expected).max() <= 1
    assert (found == expected).mean() > 0.999
    assert report.seam["label_flips"] == 0
    assert report.seam["mean_difference"] == 0


def test_tiles_give_the_whole_where_pixels_fall_between_those_of_a_level(
    tissue_slide, tiny, tiny_home, tmp_path
):
    _, found = predicted(tissue_slide, tiny_home, tmp_path)
    apart = np.abs(found - whole(tissue_slide, tiny))
    assert apart.max() <= 3  # a pixel read may differ by one grey value (PIL's float32)
    assert apart.mean() < 0.1


ROIS = {
    "edges-inside-cells": Box(211, 137, 401, 333),
    "edge-near-a-cell-border": Box(264, 222, 240, 200),
    "edge-on-a-cell-border": Box(256, 214, 256, 212),
}


def test_a_region_is_the_same_bytes_as_in_the_whole(tissue_slide, tiny_home, tmp_path):
    roi = ROIS["edges-inside-cells"]
    inside, part, all_of_it = region_and_whole(tissue_slide, tiny_home, tmp_path, "tiny@1", roi)
    assert part[inside].any()
    assert np.array_equal(part[inside], all_of_it[inside])
    part[inside] = 0
    assert not part.any(), "nothing is predicted outside the region"


@pytest.fixture(scope="module")
def wide_home(tmp_path_factory):
    """A model that sees 17 px around a pixel, more than its halo, as real models do."""
    home = tmp_path_factory.mktemp("wide-home")
    save_tiny_model(home / "models" / "wide-1", tiny_network(dilation=8), name="wide")
    return home


@pytest.mark.parametrize(
    "name",
    [
        "edges-inside-cells",
        "edge-near-a-cell-border",
        "edge-on-a-cell-border",
    ],
)
def test_a_region_is_the_whole_s_also_for_a_model_that_sees_beyond_its_halo(
    tissue_slide, wide_home, tmp_path, name
):
    roi = ROIS[name]
    inside, part, all_of_it = region_and_whole(tissue_slide, wide_home, tmp_path, "wide@1", roi)
    assert np.array_equal(part[inside], all_of_it[inside])


def region_and_whole(slide, home, folder, model, roi):
    _, all_of_it = predicted(slide, home, folder / "whole", model)
    _, part = predicted(slide, home, folder / "part", model, roi=roi)
    frame = Mask.open(folder / "part" / "probability.zarr").frame
    return frame.scale.to_level(roi).within(Box.of(frame.size)), part, all_of_it
