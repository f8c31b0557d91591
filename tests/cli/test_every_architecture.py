"""Every architecture by name: trained for a step by `train`, used by `segment`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.models.test_architectures import SMALL
from tests.support.pictures import tissue_picture
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.geometry import Size
from histoloop.models import architectures

SIZE = Size(96, 80)
DEEP = {"efficientnet-unet", "efficientnet-lite-unet"}
"""To compile one step of these takes as long as all that is done with four others."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A picture to train on, with a mask of its dark parts, and one to segment."""
    root = tmp_path_factory.mktemp("every")
    pixels = tissue_picture(SIZE, 0)
    dark = (pixels.astype(int).sum(axis=2) < 480).astype(np.uint8)
    for kind, content in (("images", pixels), ("masks", dark)):
        folder = root / "data/train" / kind
        folder.mkdir(parents=True)
        Image.fromarray(content).save(folder / "one.png")
    Image.fromarray(tissue_picture(SIZE, 7)).save(root / "new.png")
    return root


@pytest.fixture
def eager(request):
    """Steps of the deep ones run as they are written."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(request.node.callspec.params["name"] in DEEP)
    yield
    tf.config.run_functions_eagerly(False)


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", architectures.NAMES)
def test_an_architecture_is_trained_and_then_segments(name, project):
    model, out = project / name, project / f"{name}-results"
    shape = [f"--arch-config={key}={value}" for key, value in SMALL[name].items()]
    size = ("--side", 64, "--batch", 2, "--tile", 128, "--halo", 16)
    run(
        *("train", "--data", project / "data", "--architecture", name, *shape, *size),
        *("--epochs", 1, "--steps", 1, "--mpp", 1, "--assume-mpp", 1),
        *("--out", model, "--home", project / "home"),
    )
    card = json.loads((model / "card.json").read_text())
    assert card["architecture"] == name
    assert SMALL[name].items() <= card["architecture_config"].items()
    run(
        *("segment", project / "new.png", "--slide-mpp", 1, "--model", model, "--out", out),
        *("--runtime", "tensorflow", "--no-tissue-mask", "--grey", "--merged"),
        *("--home", project / "home"),
    )
    assert json.loads((out / "new/report.json").read_text())["model"]["digest"] == card["digest"]
    grey = np.asarray(Image.open(out / "new/grey.png"))
    assert grey.shape == (SIZE.height, SIZE.width)
    assert grey.std() > 0
