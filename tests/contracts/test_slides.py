"""What every slide owes its reader, whatever file it comes from."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tifffile
from PIL import Image
from pydantic import SecretStr
from tests.support.pictures import ramps

from histoloop.errors import NotFoundError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.dsa.site import DsaSite, Login
from histoloop.slides.dsa.store import DsaSlideStore
from histoloop.slides.folder import open_slide
from histoloop.slides.large_image_slide import LargeImageSlide
from histoloop.slides.pyramid import write_pyramid

SIZE = Size(700, 530)


def _pyramid(folder, data):
    path = folder / "pyramid.tiff"
    write_pyramid(path, SIZE, Mpp(0.5, 0.6), [ramps(SIZE)], lossless=True)
    return open_slide(path)


def _openslide(folder, data):
    import large_image_source_openslide

    path = data / "slides" / "CMU-1-Small-Region.svs"
    return LargeImageSlide("svs", path, large_image_source_openslide.open(path))


def _picture(suffix):
    def make(folder, data):
        path = folder / f"picture{suffix}"
        Image.fromarray(ramps(SIZE)).save(path, **({"quality": 95} if suffix == ".jpg" else {}))
        return open_slide(path)

    return make


def _strips(folder, data):
    path = folder / "strips.tif"
    tifffile.imwrite(path, ramps(SIZE), photometric="rgb", rowsperstrip=16)
    return open_slide(path)


def _dsa(folder, request):
    """A slide with odd sides and its own scale along y, uploaded to a real DSA."""
    dsa = request.getfixturevalue("dsa")
    path = folder / "pyramid.tiff"
    write_pyramid(path, SIZE, Mpp(0.5, 0.6), [ramps(SIZE)], lossless=True)
    site = DsaSite(dsa.url, folder, Login(token=SecretStr(dsa.token("reader"))))
    return DsaSlideStore(site).open(dsa.upload(path))


MAKERS = {
    "pyramid": _pyramid,
    "svs": lambda folder, data: open_slide(data / "slides" / "CMU-1-Small-Region.svs"),
    "svs-by-openslide": _openslide,
    "dicom": lambda folder, data: open_slide(data / "slides" / "gcp_jpeg.dicom"),
    "jpeg": _picture(".jpg"),
    "png": _picture(".png"),
    "untiled-tiff": _strips,
}


@pytest.fixture(scope="module", params=[*MAKERS, pytest.param("dsa", marks=pytest.mark.dsa)])
def slide(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    if request.param == "dsa":
        return _dsa(folder, request)
    files = request.param in ("svs", "svs-by-openslide", "dicom")
    data = request.getfixturevalue("data") if files else None
    return MAKERS[request.param](folder, data)


def test_levels_halve_from_the_base_upwards(slide):
    assert [level.zoom for level in slide.levels] == list(range(len(slide.levels)))
    assert slide.levels[-1].size == slide.size
    assert slide.levels[-1].downsample == 1
    for level in slide.levels:
        assert level.downsample == 2 ** (len(slide.levels) - 1 - level.zoom)
        assert level.size.width == -(-slide.size.width // level.downsample)
        assert level.size.height == -(-slide.size.height // level.downsample)


def test_every_level_can_be_read_up_to_its_last_pixel(slide):
    for level in slide.levels:
        width, height = min(37, level.size.width), min(23, level.size.height)
        box = Box(level.size.width - width, level.size.height - height, width, height)
        pixels = slide.read_level(level.zoom, box)
        assert pixels.shape == (height, width, 3)
        assert pixels.dtype == np.uint8


def test_a_box_across_tiles_is_made_of_its_parts(slide):
    zoom = len(slide.levels) - 1
    box = Box(slide.tile.width - 30, slide.tile.height - 20, 70, 50)
    pixels = slide.read_level(zoom, box)
    for part in box.split(35):
        assert np.array_equal(slide.read_level(zoom, part), pixels[part.within(box)])


def test_a_coarse_level_shows_what_the_base_shows(slide):
    coarse = slide.levels[max(0, len(slide.levels) - 3)]
    base = slide.read_level(len(slide.levels) - 1, Box.of(slide.size))
    pixels = slide.read_level(coarse.zoom, Box.of(coarse.size)).astype(float)
    step = coarse.downsample
    rows, columns = slide.size.height // step, slide.size.width // step
    means = base[: rows * step, : columns * step].reshape(rows, step, columns, step, 3)
    apart = np.abs(pixels[:rows, :columns] - means.mean(axis=(1, 3)))
    assert np.median(apart) <= 4
    assert np.abs(pixels.mean(axis=(0, 1)) - base.mean(axis=(0, 1))).max() <= 4


def test_identity_is_stable_and_safe_in_a_url(slide):
    assert re.fullmatch(r"[0-9a-zA-Z]+", slide.id)
    assert re.fullmatch(r"[0-9a-f]{32}", slide.fingerprint)
    assert slide.fingerprint == slide.fingerprint
    assert slide.format


def test_scale_is_plausible_or_unknown(slide):
    assert slide.mpp is None or min(slide.mpp.x, slide.mpp.y) >= 0.02


def test_associated_pictures_are_rgb_and_an_unknown_one_is_said_to_be_missing(slide):
    for name in slide.associated():
        pixels = slide.associated_image(name)
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
    with pytest.raises(NotFoundError, match="nothing-of-the-kind"):
        slide.associated_image("nothing-of-the-kind")


def test_openslide_and_the_tiff_source_show_the_same_pixels(data):
    fast, slow = MAKERS["svs"](None, data), _openslide(None, data)
    box = Box(500, 700, 300, 200)
    one = fast.read_level(len(fast.levels) - 1, box).astype(int)
    other = slow.read_level(len(slow.levels) - 1, box).astype(int)
    assert np.abs(one - other).max() <= 3  # decoders of JPEG differ by rounding
