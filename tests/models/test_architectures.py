"""One contract for all networks: what a card, a runtime and a trainer rely on."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from benchmarks.architecture_cost import cost
from tests.support.tiny_model import save_tiny_model

from histoloop.errors import UsageError
from histoloop.models import architectures
from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes.openvino import OpenVinoRuntime, convert, converted
from histoloop.models.weights import load_network

SMALL = {
    "unet": {"levels": 3, "base_filters": 8},
    "efficientnet-lite-unet": {"weights": "random", "decoder_filters": [16, 16, 8, 8]},
    "lean-unet": {"levels": [[8, 1], [16, 1]]},
    "unet-classic": {"levels": 3, "base_filters": 4, "dilation": 2, "normalisation": "batch"},
    "attention-unet": {"levels": 3, "base_filters": 8},
    "multiresunet": {"levels": 3, "base_filters": 8},
    "unet3plus": {"levels": 3, "base_filters": 8, "skip_filters": 8},
    "efficientnet-unet": {"weights": "random", "decoder_filters": [16, 16, 8, 8, 8]},
    "deeplabv3plus": {"width": 0.125, "middle": 1, "rates": [1, 2], "pyramid_filters": 16},
    "swin-unet": {"patch": 2, "depths": [2, 2], "heads": 2, "head_width": 8, "window": 4},
}
STEPS = 14
FULL_OF_TILE = {"efficientnet-unet"}
"""Their squeeze-and-excitation averages over the tile, as their docstring says."""


@pytest.fixture(scope="module", params=architectures.NAMES)
def name(request):
    return request.param


def small(name, classes=1, seed=5):
    import keras

    keras.utils.set_random_seed(seed)
    return architectures.build(name, classes, **SMALL[name])


def batch(height=64, width=64, count=2):
    """Smooth pictures whose truth is where they are bright."""
    random = np.random.default_rng(0)
    coarse = random.uniform(-1, 1, (count, height // 16, width // 16, 3))
    pixels = coarse.repeat(16, axis=1).repeat(16, axis=2)
    pixels = np.clip(pixels + random.normal(0, 0.1, pixels.shape), -1, 1).astype(np.float32)
    return pixels, (pixels.mean(-1, keepdims=True) > 0).astype(np.float32)


@pytest.fixture(scope="module")
def trained(name):
    """A network after a few steps on one batch, with its losses: its outputs are lively."""
    import keras

    network = small(name)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # statistics that a few steps can learn
    # A few steps are over sooner than a graph is built.
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    network.compile(optimizer, "binary_crossentropy", run_eagerly=True)
    pixels, truth = batch()
    losses = [float(network.train_on_batch(pixels, truth)) for _ in range(STEPS)]
    return network, losses


def predict(network, pixels):
    return np.asarray(network(pixels, training=False))


def test_a_batch_is_learnt(trained):
    _, losses = trained
    assert np.mean(losses[-3:]) < 0.7 * losses[0]


def test_any_side_that_the_stride_allows(name, trained):
    network, _ = trained
    stride = architectures.configure(name, 1, **SMALL[name]).stride
    for height, width in ((64, 64), (3 * stride, 5 * stride), (stride, 2 * stride)):
        found = predict(network, np.zeros((1, height, width, 3), np.float32))
        assert found.shape == (1, height, width, 1)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1


def test_several_classes_share_each_pixel(name):
    found = predict(small(name, classes=3), batch()[0])
    assert found.shape == (2, 64, 64, 3)
    assert found.min() >= 0
    assert np.allclose(found.sum(-1), 1, atol=1e-5)
    assert np.ptp(found) > 1e-3, "a constant would prove nothing"


def test_a_picture_alone_is_predicted_as_among_others(trained):
    network, _ = trained
    pixels, _ = batch(count=5)
    alone = np.concatenate([predict(network, one[None]) for one in pixels])
    assert np.ptp(alone) > 0.1
    assert np.abs(predict(network, pixels) - alone).max() < 1e-5


@pytest.mark.parametrize("name", [one for one in architectures.NAMES if one not in FULL_OF_TILE])
def test_what_is_far_away_does_not_matter(name):
    """Statistics over the tile would carry it here, and draw seams where tiles meet."""
    network = small(name)
    pixels, _ = batch(64, 1024, 1)
    changed = pixels.copy()
    changed[:, :, :64] = 1
    one, other = predict(network, pixels), predict(network, changed)
    assert np.abs(one - other)[:, :, :64].max() > 1e-4
    assert np.abs(one - other)[:, :, -256:].max() < 1e-6


def test_the_same_seed_gives_the_same_network(name):
    one, other = small(name).get_weights(), small(name).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    third = small(name, seed=6).get_weights()
    assert not all(np.array_equal(a, b) for a, b in zip(one, third, strict=True))


def test_a_config_survives_its_card(name):
    config = architectures.configure(name, 2, **SMALL[name])
    kept = json.loads(json.dumps(asdict(config)))
    classes = kept.pop("classes")
    assert architectures.configure(name, classes, **kept) == config


def test_a_network_is_rebuilt_from_its_own_config(name, trained):
    import keras

    network, _ = trained
    again = keras.Model.from_config(network.get_config())
    again.set_weights(network.get_weights())
    pixels, _ = batch()
    assert np.array_equal(predict(again, pixels), predict(network, pixels))


def test_probabilities_are_float32_whatever_the_policy(name):
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        network = small(name)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert network.get_layer("logits").compute_dtype == "float32"
    assert predict(network, batch()[0]).dtype == np.float32


def test_saved_loaded_in_safe_mode_and_converted_it_says_the_same(trained, tmp_path):
    network, _ = trained
    pixels, _ = batch()
    before = predict(network, pixels)
    folder, cache = tmp_path / "model", tmp_path / "cache"
    save_tiny_model(folder, network, tile=64)
    model = Model(folder, read_card(folder))
    assert np.array_equal(predict(load_network(model), pixels), before)
    (cache / "openvino").mkdir(parents=True)
    convert(folder, cache / "openvino" / f"{model.card.digest}.xml")
    found = OpenVinoRuntime(model, 1, converted(model, cache))(pixels)
    assert np.ptp(before) > 0.1, "a constant would prove nothing"
    assert np.abs(found - before).max() <= 1e-4


def test_own_layers_load_where_no_architecture_was_imported(tmp_path):
    """The process that converts has only the file."""
    folder = tmp_path / "model"
    save_tiny_model(folder, small("swin-unet"), tile=64)
    model = Model(folder, read_card(folder))
    OpenVinoRuntime(model, 1, converted(model, tmp_path / "cache"))


def test_the_bundled_model_fits_the_architecture_of_its_card():
    folder = Path(str(files("histoloop.models"))) / "bundled" / "tumor"
    card = read_card(folder)
    bundled = load_network(Model(folder, card))
    network = architectures.build(card.architecture, 1, **card.architecture_config)
    network.set_weights(bundled.get_weights())
    assert [one.name for one in network.layers] == [one.name for one in bundled.layers]
    pixels, _ = batch()
    assert np.array_equal(predict(network, pixels), predict(bundled, pixels))


@pytest.mark.parametrize(
    ("name", "config", "millions"),
    [
        ("unet-classic", {}, 124.46),  # the published experiment: 498 MB of float32
        ("multiresunet", {"base_filters": 32}, 7.27),  # the paper 7.26, without BN scales
        ("unet3plus", {"base_filters": 64, "skip_filters": 64}, 26.98),  # the paper 26.97
        ("swin-unet", {"head_width": 32, "window": 7}, 27.17),  # the paper 27.17
    ],
)
def test_sizes_are_those_published(name, config, millions):
    import keras

    with keras.StatelessScope():  # nothing is drawn, so that this is cheap
        network = architectures.build(name, 1, **config)
    assert round(network.count_params() / 1e6, 2) == millions


def test_the_classic_kernels_and_dilations_shrink():
    network = architectures.build("unet-classic", 1, levels=4, base_filters=2, dilation=3)
    layers = [network.get_layer(f"encode{level}a") for level in range(4)]
    assert [layer.kernel_size[0] for layer in layers] == [5, 3, 3, 3]
    assert [layer.dilation_rate[0] for layer in layers] == [3, 2, 1, 1]


def test_work_is_counted():
    """By hand: 4 filters of 3 × 3 × 3, 2 of 1 × 1 × 4 at half the side."""
    import keras

    pixels = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(pixels)
    x = keras.layers.MaxPooling2D(2)(x)
    found = cost(keras.Model(pixels, keras.layers.Conv2D(2, 1)(x)), side=32)
    assert found.parameters == 4 * 27 + 4 + 2 * 4 + 2
    assert found.gmac == pytest.approx((4 * 27 + 2 * 4 / 4) * 2**20 / 1e9)


def test_an_encoder_without_its_weights_says_so(tmp_path, monkeypatch, caplog):
    from keras.src.backend import config as keras_config

    monkeypatch.setattr(keras_config, "_KERAS_DIR", str(tmp_path))  # none are kept here
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")  # nor reached from here
    with caplog.at_level(logging.WARNING):
        network = architectures.build("efficientnet-unet", 1)
    assert network.output_shape == (None, None, None, 1)
    assert "EfficientNetV2B0: ImageNet's weights cannot be fetched" in caplog.text


@pytest.mark.parametrize(
    ("name", "config", "reason"),
    [
        ("transunet", {}, "unknown architecture 'transunet' .known: "),
        ("unet", {"depth": 3}, "depth: .*it takes classes, levels, base_filters"),
        ("unet-classic", {"normalisation": "instance"}, "normalisation: .*'none', 'batch'"),
        ("swin-unet", {"depths": [2]}, "depths: "),
    ],
)
def test_a_config_that_makes_no_network_is_refused(name, config, reason):
    with pytest.raises(UsageError, match=reason):
        architectures.build(name, 1, **config)


def attention_by_definition(layer, x):
    """Pixel by pixel: the slow twin, for a picture of one."""
    _, height, width, channels = x.shape
    depth, side = channels // 3 // layer.heads, layer.window
    off = side - side // 2 if layer.shifted else 0
    table = np.asarray(layer.table)
    split = x[0].reshape(height, width, 3, layer.heads, depth)
    found = np.zeros((height, width, layer.heads, depth))
    places = [(row, column) for row in range(height) for column in range(width)]
    for row, column in places:
        window = ((row + off) // side, (column + off) // side)
        others = [(r, c) for r, c in places if ((r + off) // side, (c + off) // side) == window]
        for head in range(layer.heads):
            query = split[row, column, 0, head]
            scores = [
                query @ split[r, c, 1, head] / np.sqrt(depth)
                + table[(row - r + side - 1) * (2 * side - 1) + column - c + side - 1, head]
                for r, c in others
            ]
            weights = np.exp(scores) / np.exp(scores).sum()
            found[row, column, head] = sum(
                weight * split[r, c, 2, head]
                for weight, (r, c) in zip(weights, others, strict=True)
            )
    return found.reshape(1, height, width, channels // 3)


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("side", [(4, 4), (5, 7), (2, 9)])
@pytest.mark.parametrize("window", [3, 4])
def test_window_attention_is_what_it_is_by_definition(window, side, shifted):
    from histoloop.models.architectures.windows import WindowAttention

    random = np.random.default_rng(1)
    layer = WindowAttention(heads=2, window=window, shifted=shifted)
    x = random.normal(0, 1, (1, *side, 12)).astype(np.float32)
    layer.build(x.shape)
    layer.set_weights([random.normal(0, 1, layer.table.shape)])
    assert np.abs(np.asarray(layer(x)) - attention_by_definition(layer, x)).max() < 1e-5


def test_depth_and_space_are_each_others_inverse():
    from histoloop.models.architectures.windows import DepthToSpace, SpaceToDepth

    x = np.random.default_rng(2).normal(size=(2, 4, 6, 3)).astype(np.float32)
    assert np.array_equal(np.asarray(DepthToSpace(2)(SpaceToDepth()(x))), x)


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarging_draws_no_blocks(factor):
    from histoloop.models.architectures.blocks import enlarged

    ramp = np.tile(np.arange(8, dtype=np.float32), (8, 1))[None, :, :, None]
    found = np.asarray(enlarged(ramp, factor, name="up"))[0, :, :, 0]
    assert found.shape == (8 * factor, 8 * factor)
    steps = np.diff(found, axis=1)[:, factor:-factor]
    assert steps.min() > 0
    assert steps.max() <= 2 / (factor + 1) + 1e-6
    assert np.abs(np.diff(found, axis=0)).max() < 1e-5


def test_nothing_is_bound_to_one_backend():
    folder = Path(str(files("histoloop.models"))) / "architectures"
    for path in folder.glob("*.py"):
        assert "tensorflow" not in path.read_text().lower(), path.name
