"""Pyramids as other programs read them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import large_image_source_tiff
import numpy as np
import openslide
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from histoloop.errors import OutputError
from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid

MPP = Mpp(0.2517, 0.3333)


def gradient(width: int, height: int) -> np.ndarray:
    """Colours that no two channels share, so that no exchange of channels goes unseen."""
    y, x = np.mgrid[:height, :width]
    rgb = (220 * x // width, 40 + 60 * y // height, 250 - 200 * y // height)
    return np.stack(rgb, axis=-1).astype(np.uint8)


def codes(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return ((x // 29 + y // 17) % 7).astype(np.uint8)


def size_of(pixels: np.ndarray) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])


def by_openslide(path: Path, level: int = 0) -> np.ndarray:
    with openslide.OpenSlide(path) as slide:
        return np.array(slide.read_region((0, 0), level, slide.level_dimensions[level]))[..., :3]


@pytest.mark.parametrize("size", [(1, 1), (255, 257), (513, 1025), (2049, 777)])
def test_both_readers_find_size_levels_and_mpp(tmp_path, size):
    path = tmp_path / "slide.tiff"
    write_pyramid(path, Size(*size), MPP, [gradient(*size)])
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "generic-tiff"
        assert slide.dimensions == size
        found = [float(slide.properties[f"openslide.mpp-{axis}"]) for axis in "xy"]
        assert found == pytest.approx([MPP.x, MPP.y], rel=1e-4)
        halves = zip(slide.level_dimensions, slide.level_dimensions[1:], strict=False)
        assert all(half == (-(-w // 2), -(-h // 2)) for (w, h), half in halves)
        assert max(slide.level_dimensions[-1]) <= 256
        levels = slide.level_count
    source = large_image_source_tiff.open(path)
    metadata = source.getMetadata()
    assert (metadata["sizeX"], metadata["sizeY"], metadata["levels"]) == (*size, levels)
    found = [metadata["mm_x"] * 1000, metadata["mm_y"] * 1000]
    assert found == pytest.approx([MPP.x, MPP.y], rel=1e-4)


def test_colours_survive_in_every_level_and_reader(tmp_path):
    pixels = gradient(701, 533)
    path = tmp_path / "slide.tiff"
    write_pyramid(path, size_of(pixels), MPP, [pixels])
    assert np.abs(by_openslide(path).astype(int) - pixels).max() < 12
    half = pixels[:532, :700].reshape(266, 2, 350, 2, 3).mean(axis=(1, 3))
    assert np.abs(by_openslide(path, 1)[:266, :350] - half).max() < 12
    region, _ = large_image_source_tiff.open(path).getRegion(format="numpy")
    assert np.abs(region[..., :3].astype(int) - pixels).max() < 12


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 700), st.integers(1, 700), st.lists(st.integers(0, 700), max_size=6))
def test_codes_survive_any_bands_and_any_size(tmp_path_factory, width, height, cuts):
    labels = codes(width, height)
    path = tmp_path_factory.mktemp("mask") / "mask.tiff"
    bands = np.split(labels, sorted(min(cut, height) for cut in cuts))
    write_pyramid(path, size_of(labels), MPP, bands, nearest=True)
    with openslide.OpenSlide(path) as slide:
        levels = slide.level_count
    for level in range(levels):
        expected = labels[:: 2**level, :: 2**level]
        assert (by_openslide(path, level) == expected[..., None]).all()


def test_lossless_rgb_is_exact(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
    path = tmp_path / "slide.tiff"
    write_pyramid(path, size_of(pixels), MPP, [pixels], lossless=True)
    assert (by_openslide(path) == pixels).all()


def test_a_band_may_be_reused_by_its_producer(tmp_path):
    labels, path = codes(300, 600), tmp_path / "mask.tiff"

    def bands():
        band = np.empty((100, 300), np.uint8)
        for top in range(0, 600, 100):
            band[:] = labels[top : top + 100]
            yield band

    write_pyramid(path, size_of(labels), MPP, bands(), nearest=True)
    assert (by_openslide(path)[..., 0] == labels).all()


def test_a_description_is_kept(tmp_path):
    path = tmp_path / "slide.tiff"
    write_pyramid(path, Size(20, 10), MPP, [gradient(20, 10)], description="made for a test")
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["tiff.ImageDescription"] == "made for a test"


@pytest.mark.parametrize("rows", [599, 601])
def test_bands_that_do_not_fit_leave_nothing(tmp_path, rows):
    with pytest.raises(ValueError, match="600"):
        write_pyramid(tmp_path / "slide.tiff", Size(40, 600), MPP, [gradient(40, rows)])
    assert list(tmp_path.iterdir()) == []


def test_a_band_of_another_width_or_type_is_refused(tmp_path):
    for band in (gradient(41, 600), gradient(40, 600).astype(np.float32)):
        with pytest.raises(ValueError, match="does not fit"):
            write_pyramid(tmp_path / "slide.tiff", Size(40, 600), MPP, [band])


def test_a_failing_producer_leaves_the_former_file(tmp_path):
    path = tmp_path / "slide.tiff"
    write_pyramid(path, Size(40, 600), MPP, [gradient(40, 600)])
    before = path.read_bytes()

    def bands():
        yield gradient(40, 300)
        raise RuntimeError("the scanner caught fire")

    with pytest.raises(RuntimeError, match="fire"):
        write_pyramid(path, Size(40, 600), MPP, bands())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_no_slide(tmp_path):
    script = """
import os, signal, sys
from pathlib import Path
import numpy as np
from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid
def bands():
    yield np.zeros((600, 900, 3), np.uint8)
    os.kill(os.getpid(), signal.SIGKILL)
write_pyramid(Path(sys.argv[1]), Size(900, 1200), Mpp.square(0.5), bands())
"""
    path = tmp_path / "slide.tiff"
    ended = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not path.exists()


@pytest.mark.parametrize("place", ["nowhere/slide.tiff", "file/slide.tiff", "folder"])
def test_an_unwritable_path_is_one_clear_line(tmp_path, place):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        write_pyramid(tmp_path / place, Size(40, 60), MPP, [gradient(40, 60)])
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux' own figures")
def test_memory_does_not_grow_with_the_slide(tmp_path):
    script = """
import re, sys
from pathlib import Path
import numpy as np
from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
def write(height):
    row = (np.arange(20_000) // 300 % 5).astype(np.uint8)
    bands = (np.tile(row, (min(100, height - y), 1)) for y in range(0, height, 100))
    write_pyramid(Path(sys.argv[1]), Size(20_000, height), Mpp.square(0.5), bands, nearest=True)
    return peak()
print(write(1_000), write(16_000))
"""
    command = [sys.executable, "-c", script, tmp_path / "mask.tiff"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    small, large = (float(figure) for figure in ended.stdout.split())
    assert large - small < 60  # MiB; the larger mask alone has 305
