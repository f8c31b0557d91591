"""Fixtures that several folders share; nothing of the real data is ever copied into the repo."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.tumor_data import BCSS_MPP

ROOT = Path(__file__).parent.parent

pytest_plugins = [
    "tests.support.fixtures",
    "tests.support.dsa.fixtures",
    "tests.support.postgres",
]


@pytest.fixture(scope="session")
def data() -> Path:
    """The shared real data: missing, it fails in CI and skips elsewhere."""
    folder = Path(os.environ.get("HISTOLOOP_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"no test data at {folder}; set HISTOLOOP_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def bcss(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both BCSS regions as pyramidal TIFF with their mpp."""
    folder = tmp_path_factory.mktemp("bcss")
    for name, mpp in BCSS_MPP.items():
        pixels = np.asarray(Image.open(data / "bcss" / f"{name}_rgb.jpg"))
        size = Size(pixels.shape[1], pixels.shape[0])
        write_pyramid(folder / f"{name}.tiff", size, mpp, [pixels])
    return {name: folder / f"{name}.tiff" for name in BCSS_MPP}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose caches the session shares."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def plain_slide(tmp_path: Path) -> Path:
    """A small slide of 0.5 µm/px, noisy tissue on white glass."""
    random = np.random.default_rng(0)
    pixels = np.full((600, 800, 3), 245, np.uint8)
    pixels[100:500, 150:700] = random.integers(90, 200, (400, 550, 3))
    path = tmp_path / "plain.tiff"
    write_pyramid(path, Size(800, 600), Mpp.square(0.5), [pixels], lossless=True)
    return path
