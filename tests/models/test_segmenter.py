"""Pixels in, probabilities out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.pictures import noise

from histoloop.geometry import Size
from histoloop.models.runtimes import RuntimeName, choose, reason
from histoloop.models.runtimes.openvino import OpenVinoRuntime, converted
from histoloop.models.runtimes.tensorflow import TensorFlowRuntime
from histoloop.models.segmenter import Segmenter, normalise

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def openvino(tiny, tiny_home):
    return OpenVinoRuntime(tiny, 1, converted(tiny, tiny_home / "cache"))


@pytest.fixture(scope="module")
def tensorflow(tiny):
    return TensorFlowRuntime(tiny, 1)


@pytest.fixture(scope="module")
def tile(tiny):
    return noise(Size(tiny.card.tile, tiny.card.tile), seed=2)


def test_openvino_says_what_tensorflow_says(openvino, tensorflow, tile):
    pixels = normalise(tile[None])
    one, other = openvino(pixels), tensorflow(pixels)
    assert one.shape == other.shape == (1, *tile.shape[:2], 1)
    assert np.abs(one - other).max() < 1e-4
    assert np.ptp(one) > 0.3, "a constant would prove nothing"


def test_converting_reports_to_nobody(tiny, tmp_path, monkeypatch):
    """The converter's telemetry leaves files in the user's home, and opens connections."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CI", raising=False)  # where it would keep quiet anyway
    (tmp_path / "home").mkdir()
    assert converted(tiny, tmp_path / "cache").is_file()
    assert list((tmp_path / "home").glob("*intel*")) == []


def test_a_network_is_converted_once(tiny, tiny_home, openvino):
    (path,) = (tiny_home / "cache/openvino").glob(f"{tiny.card.digest}.xml")
    before = path.stat().st_mtime_ns
    OpenVinoRuntime(tiny, 1, converted(tiny, tiny_home / "cache"))
    assert path.stat().st_mtime_ns == before


def test_black_and_white_are_normalised_to_minus_one_and_one():
    assert normalise(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]


def test_the_halo_is_cut_off_and_channels_come_first(tiny, openvino, tile):
    found = Segmenter(tiny.card, openvino).predict(tile[None])
    halo, reach = tiny.card.halo, tiny.card.tiling.reach
    assert found.shape == (1, 1, reach, reach)
    inner = openvino(normalise(tile[None]))[0, halo:-halo, halo:-halo, 0]
    assert np.abs(found[0, 0] - inner * 255).max() <= 0.501


SYMMETRIES = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


def turned(picture, quarters, mirrored):
    return np.rot90(picture[:, ::-1] if mirrored else picture, quarters)


@pytest.mark.parametrize(("quarters", "mirrored"), SYMMETRIES)
def test_a_turned_tile_is_predicted_as_the_turned_prediction(
    tiny, openvino, tile, quarters, mirrored
):
    segmenter = Segmenter(tiny.card, openvino, tta=8)
    upright = segmenter.predict(tile[None])[0, 0]
    lying = segmenter.predict(np.ascontiguousarray(turned(tile, quarters, mirrored))[None])[0, 0]
    apart = np.abs(lying.astype(int) - turned(upright, quarters, mirrored))
    assert apart.max() <= 1


def test_without_turns_the_network_is_not_symmetric(tiny, openvino, tile):
    """Else the test above would prove nothing."""
    segmenter = Segmenter(tiny.card, openvino)
    upright = segmenter.predict(tile[None])[0, 0].astype(int)
    lying = segmenter.predict(np.ascontiguousarray(np.rot90(tile))[None])[0, 0]
    assert np.abs(lying - np.rot90(upright)).max() > 20


def test_four_turns_are_the_mean_of_four_predictions(tiny, openvino, tile):
    each = [
        np.rot90(openvino(normalise(np.ascontiguousarray(np.rot90(tile, k)))[None])[0, ..., 0], -k)
        for k in range(4)
    ]
    halo = tiny.card.halo
    expected = np.mean(each, axis=0)[halo:-halo, halo:-halo] * 255
    found = Segmenter(tiny.card, openvino, tta=4).predict(tile[None])[0, 0]
    assert np.abs(found - expected).max() <= 0.51


def test_auto_takes_openvino_where_it_is():
    assert choose(RuntimeName.AUTO) is RuntimeName.OPENVINO
    assert choose(RuntimeName.TENSORFLOW) is RuntimeName.TENSORFLOW
    assert "OpenVINO is installed" in reason(RuntimeName.AUTO)
    assert reason(RuntimeName.TENSORFLOW) == "as asked for"
