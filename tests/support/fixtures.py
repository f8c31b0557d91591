"""Fixtures around a tiny real model, and how Hypothesis behaves; a plugin of `conftest`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support.annotated import GTCODES
from tests.support.dsa.processes import Port
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import save_tiny_model

from histoloop.geometry import Mpp, Size
from histoloop.models.registry import Model, ModelRegistry
from histoloop.slides.pyramid import write_pyramid

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile(
    "histoloop",
    deadline=None,  # a busy machine is no defect
    max_examples=60,
    database=None,
    print_blob=True,
    # The fixtures that properties use hold nothing that an example changes.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("histoloop")


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose registry holds `tiny@1`, a network that sees 2 px around a pixel."""
    home = tmp_path_factory.mktemp("tiny-home")
    save_tiny_model(home / "models" / "tiny-1")
    return home


@pytest.fixture(scope="session")
def tiny(tiny_home: Path) -> Model:
    """The tiny model."""
    return ModelRegistry(tiny_home).get("tiny@1")


@pytest.fixture(scope="session")
def tissue_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """900 × 700 px at 0.5 × 0.6 µm/px: ragged tissue on glass."""
    path = tmp_path_factory.mktemp("slides") / "tissue.tiff"
    size = Size(900, 700)
    write_pyramid(path, size, Mpp(0.5, 0.6), [tissue_picture(size, seed=5)], lossless=True)
    return path


@pytest.fixture
def gtcodes(tmp_path: Path) -> Path:
    """The table of classes that `tests.support.annotated` draws in."""
    path = tmp_path / "codes.csv"
    path.write_text(GTCODES)
    return path


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of loopback where nobody listens but who is told of it."""
    port = Port()
    yield port.number
    port.release()
