"""What all tests share: real data where it is, small slides, a tiny real model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # `tests.reference` and `tests.support`, however pytest is started

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile(
    "histoloop",
    deadline=None,
    max_examples=60,
    database=None,
    print_blob=True,
    # Fixtures of these tests hold nothing that an example changes.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("histoloop")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; without it a test fails in CI and is skipped elsewhere."""
    folder = Path(os.environ.get("HISTOLOOP_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        message = f"no test data in {folder}; set HISTOLOOP_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """A home folder whose registry holds `tiny@1`, a network of 5 × 5 px receptive field."""
    from tests.support.tiny_model import save_tiny_model

    home = tmp_path_factory.mktemp("home")
    save_tiny_model(home / "models" / "tiny-1")
    return home


@pytest.fixture(scope="session")
def tiny(home):
    """The tiny model."""
    from histoloop.models.registry import ModelRegistry

    return ModelRegistry(home).get("tiny@1")


@pytest.fixture(scope="session")
def small_slide(tmp_path_factory) -> Path:
    """900 × 700 px at 0.5 × 0.6 µm/px: blobs of stain on glass, colours all different."""
    from tests.support.pictures import tissue_picture

    path = tmp_path_factory.mktemp("slides") / "small.tiff"
    picture = tissue_picture(Size(900, 700), seed=5)
    write_pyramid(path, Size(900, 700), Mpp(0.5, 0.6), [picture], lossless=True)
    return path


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20240229)
