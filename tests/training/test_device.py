"""Where a training runs, and in which precision."""

from __future__ import annotations

import numpy as np
import pytest
from tests.jobs.test_train_resume import data_folder  # noqa: F401
from tests.support.typed import run
from tests.training.test_trainer import trainer
from tests.training.test_training import sample

from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes.openvino import converted
from histoloop.models.weights import load_network
from histoloop.training.device import Device, device_in_use, precision_for

H100 = Device("GPU", "NVIDIA H100", 2, (9, 0))
WITHOUT = (Device("GPU", "NVIDIA GeForce GTX 1660", 1, (7, 5)), Device("GPU", "P100", 1, (6, 0)))
CPU = Device("CPU", "a processor", 2)


def test_auto_is_half_precision_only_where_tensor_cores_are():
    assert precision_for("auto", H100) == ("mixed_float16", "this GPU has tensor cores")
    assert [precision_for("auto", one)[0] for one in (*WITHOUT, CPU)] == ["float32"] * 3
    assert precision_for("mixed_float16", CPU) == ("mixed_float16", "as asked for")


def test_the_device_has_a_name():
    found = device_in_use()
    assert found.name
    assert found.count > 0


def test_the_same_seed_gives_the_same_weights_in_half_precision():
    pair = [trainer(precision="mixed_float16") for _ in range(2)]
    for one in pair:
        epochs = list(one.fit([sample()], []))
        assert all(np.isfinite(epoch.loss) for epoch in epochs)
    weights = (one.network.get_weights() for one in pair)
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_step_that_overflows_changes_no_weight_and_lowers_the_scale():
    one = trainer(precision="mixed_float16", epochs=1, steps=1)
    one._optimizer.dynamic_scale.assign(3e38)
    before = one._training.get_weights()
    trained = [variable.path for variable in one._training.trainable_variables]
    list(one.fit([sample()], []))
    pairs = zip(one._training.weights, before, one._training.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for which, a, b in pairs if which.path in trained)
    assert float(one._optimizer.dynamic_scale.value) == pytest.approx(1.5e38)


def test_a_model_trained_in_half_precision_is_float32_and_exports(data_folder, tmp_path):  # noqa: F811
    import openvino

    out = tmp_path / "model"
    options = (
        "--epochs",
        1,
        "--steps",
        3,
        "--side",
        32,
        "--batch",
        2,
        "--assume-mpp",
        1,
        "--mpp",
        1,
    )
    network = (
        "--architecture",
        "unet",
        "--arch-config",
        "levels=2",
        "--arch-config",
        "base_filters=4",
    )
    result = run(
        *("train", "--data", data_folder, "--out", out, *options, *network),
        *("--precision", "mixed_float16", "--home", tmp_path),
    )
    assert "in mixed_float16: as asked for" in result.output
    card = read_card(out)
    said = card.training["device"]
    assert (said["precision"], said["precision_why"]) == ("mixed_float16", "as asked for")
    assert said["name"] == device_in_use().name
    model = Model(out, card)
    loaded = load_network(model)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    assert {weight.dtype for weight in loaded.get_weights()} == {np.dtype("float32")}
    pixels = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    exported = openvino.Core().compile_model(
        converted(model, tmp_path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    np.testing.assert_allclose(exported(pixels)[0], np.asarray(loaded(pixels)), atol=1e-4)
