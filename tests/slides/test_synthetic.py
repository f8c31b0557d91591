"""Synthetic slides: a pure function of the place, true to their truth, shaped like tissue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histoloop.errors import OutputError, UsageError
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render, write_slide
from histoloop.slides.synthetic.anatomy import Anatomy, around, survey
from histoloop.slides.synthetic.noise import Grid

FINE = Specimen(Size(4096, 3072), mpp=1.0, seed=3)
COARSE = Specimen(Size(1024, 768), mpp=4.0, seed=3)
CENTRE = Box(700, 700, 1100, 900)
"""Of `FINE`: tissue of several kinds, across the borders of blocks."""

CROWDED = (Tissue.TUMOR, Tissue.INFLAMMATORY, Tissue.GLAND)
"""Tissues whose nuclei stand close."""

Rendered = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def centre() -> Rendered:
    return render(FINE, CENTRE)


@pytest.fixture(scope="module")
def overview() -> Rendered:
    return render(COARSE, Box.of(COARSE.size))


def surveyed(window: tuple[float, float, float, float]) -> Anatomy:
    found = survey(FINE, window, around(FINE, window))
    assert found is not None
    return found


def share(labels: np.ndarray, *tissues: Tissue) -> float:
    return float(np.isin(labels, tissues).mean())


def stains(rgb: np.ndarray, specimen: Specimen) -> np.ndarray:
    """Amounts of haematoxylin and eosin, ``(rows, cols, 2)``, unmixed by least squares."""
    density = -np.log(np.maximum(rgb, 1) / np.array(specimen.stain.white))
    vectors = np.array([specimen.stain.haematoxylin, specimen.stain.eosin])
    return density @ np.linalg.pinv(vectors)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 800), st.integers(1, 100), st.integers(1, 100))
def test_any_box_equals_the_crop_of_a_larger_one(centre, dx, dy, width, height):
    box = Box(CENTRE.x + dx, CENTRE.y + dy, width, height)
    for part, whole in zip(render(FINE, box), centre, strict=True):
        assert (part == whole[box.within(CENTRE)]).all()


@pytest.mark.parametrize("top", [400.0, 900.0, 1400.0])
@pytest.mark.parametrize("middle", [700.0, 1000.0, 1200.0, 1450.0])
def test_neighbours_agree_on_what_crosses_their_border(top, middle):
    one, other = (surveyed((x, top, x + 512.0, top + 512)) for x in (middle - 512, middle))
    border = Grid.covering(middle - 4, top + 20, middle + 4, top + 492, one.grid.step)
    for name in ("tissue", "tumor", "fat", "inflammation", "gland", "lumen", "vessel", "fibre"):
        here, there = (a.grid.interpolate(getattr(a, name), border) for a in (one, other))
        near = here > (-np.inf if name == "fibre" else -60)
        assert np.abs(here - there)[near].max(initial=0) < 0.05, name


def test_blocks_meet_without_a_seam():
    rgb, labels = render(FINE, Box(512, 512, 1024, 1024))
    for axis in (0, 1):
        steps = np.abs(np.diff(rgb.astype(int), axis=axis)).mean(axis=(1 - axis, 2))
        assert steps[511] < 1.3 * np.median(steps)
        changes = (np.diff(labels.astype(int), axis=axis) != 0).mean(axis=1 - axis)
        assert changes[511] < np.median(changes) + 0.02


def test_the_seed_decides(centre):
    box = Box(900, 900, 200, 100)
    again = render(replace(FINE), box)
    assert (again[0] == centre[0][box.within(CENTRE)]).all()
    other = render(Specimen(FINE.size, FINE.mpp, seed=4), box)
    assert (other[0] != again[0]).any()


def test_a_finer_scan_shows_the_same_tissue():
    _, labels = render(FINE, Box(1024, 512, 512, 512))
    finer = replace(FINE, size=Size(8192, 6144), mpp=0.5)
    _, twice = render(finer, Box(2048, 1024, 1024, 1024))
    assert (twice[::2, ::2] == labels).mean() > 0.97


@pytest.mark.parametrize("mpp", [0.2, 0.35, 4.0])
def test_any_scale_shows_tissue(mpp):
    extent = Size(2048, 1536)
    specimen = Specimen(extent, mpp, seed=1, pen=False)
    rgb, labels = render(specimen, Box(700, 500, 512, 512))
    assert share(labels, Tissue.GLASS) < 0.9
    assert rgb[labels != Tissue.GLASS].std() > 15


def test_shares_are_those_asked_for():
    for wanted in (0.15, 0.6):
        specimen = Specimen(Size(700, 500), 4.0, seed=5, tumor_share=wanted, tissue_share=0.45)
        _, labels = render(specimen, Box.of(specimen.size))
        tissue = 1 - share(labels, Tissue.GLASS)
        assert tissue == pytest.approx(0.45, abs=0.03)
        assert share(labels, Tissue.TUMOR) / tissue == pytest.approx(wanted, abs=0.05)


def test_a_slide_has_every_tissue_in_sane_amounts(overview):
    _, labels = overview
    assert 0.4 < share(labels, Tissue.GLASS) < 0.6
    assert 0.1 < share(labels, Tissue.STROMA) < 0.5
    assert 0.1 < share(labels, Tissue.TUMOR) < 0.35
    assert 0.002 < share(labels, Tissue.INFLAMMATORY) < 0.1
    assert 0.001 < share(labels, Tissue.GLAND) < 0.1
    assert 0.001 < share(labels, Tissue.LUMEN) < 0.1
    assert labels.max() <= max(Tissue)


def test_the_tumour_truth_has_holes_that_are_lumens(overview):
    _, labels = overview
    tumor = (labels == Tissue.TUMOR).astype(np.uint8)
    contours, parents = cv2.findContours(tumor, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    diameters = []
    for contour, (_, _, _, parent) in zip(contours, parents[0], strict=True):
        hole = np.zeros_like(tumor)
        cv2.drawContours(hole, [contour], -1, 1, cv2.FILLED)
        inside = labels[(hole > 0) & (tumor == 0)]
        if parent >= 0 and inside.size and (inside == Tissue.LUMEN).mean() > 0.9:
            diameters.append(2 * np.sqrt(inside.size / np.pi) * COARSE.mpp)
    assert len(diameters) >= 8
    assert max(diameters) >= 60  # µm


def test_picture_and_truth_agree(centre):
    rgb, labels = centre
    haematoxylin, eosin = np.moveaxis(stains(rgb, FINE), -1, 0)
    stroma = labels == Tissue.STROMA
    for tissue in CROWDED:
        assert haematoxylin[labels == tissue].mean() > 2 * haematoxylin[stroma].mean()
    assert eosin[stroma].mean() > haematoxylin[stroma].mean()
    lumens = rgb[labels == Tissue.LUMEN].mean(axis=1)
    assert np.median(lumens) > 225


def test_a_shifted_truth_agrees_less(centre):
    """Truth lies on the picture to a few µm: any shift by 8 px explains it worse.

    Crowded tissues are taken together: they lie side by side, so that each alone would gain by
    a shift onto its neighbour.
    """
    rgb, labels = centre
    haematoxylin = cv2.blur(stains(rgb, FINE)[..., 0], (9, 9))[20:-20, 20:-20]
    crowded = np.isin(labels, CROWDED)

    def agreement(dy: int, dx: int) -> float:
        shifted = np.roll(crowded, (dy, dx), (0, 1))[20:-20, 20:-20]
        return float(np.corrcoef(haematoxylin.ravel(), shifted.ravel())[0, 1])

    shifts = [(dy, dx) for dy in (-8, 0, 8) for dx in (-8, 0, 8) if dy or dx]
    assert agreement(0, 0) > max(agreement(*shift) for shift in shifts)


def test_glass_is_white_and_even():
    rgb, labels = render(replace(FINE, pen=False), Box(0, 0, 60, 60))
    assert (labels == Tissue.GLASS).all()
    assert rgb.min() > 225
    assert rgb.std(axis=(0, 1)).max() < 3


def test_pen_and_fold_change_the_picture_only(overview):
    rgb, labels = overview
    bare, bare_labels = render(replace(COARSE, pen=False, fold=False), Box.of(COARSE.size))
    assert (bare_labels == labels).all()
    changed = (bare != rgb).any(axis=2)
    assert 0.002 < changed.mean() < 0.1
    assert rgb[changed].mean() < bare[changed].mean() - 25


@pytest.mark.parametrize("wrong", [{"mpp": 0.1}, {"mpp": 9.0}, {"tumor_share": 1.2}, {"seed": -1}])
def test_senseless_specimens_are_refused(wrong):
    with pytest.raises(UsageError):
        Specimen(**{"size": Size(100, 100), **wrong})


def test_slide_and_truth_are_written_as_rendered(tmp_path):
    specimen = Specimen(Size(700, 530), mpp=2.0, seed=2)
    slide, truth, told = tmp_path / "slide.tiff", tmp_path / "truth.tiff", []
    write_slide(specimen, slide, truth=truth, workers=2, progress=told.append)
    rgb, labels = render(specimen, Box.of(specimen.size))
    assert (read(truth)[..., 0] == labels).all()
    assert np.abs(read(slide).astype(int) - rgb).mean() < 6
    for path in (slide, truth):
        with openslide.OpenSlide(path) as opened:
            assert opened.dimensions == specimen.size
            assert float(opened.properties["openslide.mpp-x"]) == pytest.approx(2.0, rel=1e-4)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_unwritable_truth_leaves_no_slide_hanging(tmp_path):
    specimen = Specimen(Size(300, 200), mpp=1.0)
    with pytest.raises(OutputError, match="nowhere"):
        write_slide(specimen, tmp_path / "slide.tiff", truth=tmp_path / "nowhere" / "t.tiff")


def read(path: Path) -> np.ndarray:
    with openslide.OpenSlide(path) as slide:
        return np.array(slide.read_region((0, 0), 0, slide.dimensions))[..., :3]
