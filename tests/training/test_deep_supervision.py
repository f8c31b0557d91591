"""Every level of a decoder predicts for itself, while training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.models.test_architectures import SMALL
from tests.training.test_training import PLAN, sample

from histoloop.errors import UsageError
from histoloop.models import architectures
from histoloop.training.deep_supervision import supervised
from histoloop.training.trainer import Trainer

DEEP = SMALL | {
    "lean-unet": {"levels": [[8, 1], [16, 1], [16, 1]]},
    "swin-unet": SMALL["swin-unet"] | {"depths": [2, 2, 2]},
}


@pytest.mark.parametrize("name", sorted(set(DEEP) - {"deeplabv3plus"}))
@pytest.mark.parametrize("classes", [1, 3])
def test_coarser_levels_predict_at_the_side_of_the_input(name, classes):
    network = architectures.build(name, classes, **DEEP[name])
    side = 2 * architectures.configure(name, classes, **DEEP[name]).stride
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, side, 2 * side, 3)).astype(np.float32)
    own, *coarser = (np.asarray(one) for one in supervised(network)(pixels))
    assert np.array_equal(own, np.asarray(network(pixels)))
    assert coarser
    for said in coarser:
        assert said.shape == (2, side, 2 * side, classes)
        assert said.min() >= 0
        assert classes == 1 or np.allclose(said.sum(axis=-1), 1, atol=1e-5)


def test_of_unet_3_plus_the_coarsest_level_is_one():
    network = architectures.build("unet3plus", 1, **SMALL["unet3plus"])
    assert len(supervised(network).outputs) == SMALL["unet3plus"]["levels"]


def test_the_loss_of_a_level_reaches_the_weights_beneath_it_alone():
    import tensorflow as tf

    network = architectures.build("unet3plus", 1, levels=3, base_filters=2, skip_filters=2)
    both = supervised(network)
    pixels = tf.random.stateless_uniform((1, 16, 16, 3), (1, 2), -1, 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(both(pixels, training=True)[-1])
    weights = network.trainable_variables
    reached = {
        weight.path.split("/")[0]
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True)
        if gradient is not None
    }
    assert "decode1" in reached
    assert not {"decode0", "logits"} & reached


def test_what_is_kept_knows_nothing_of_the_heads():
    def build():
        return architectures.build("unet3plus", 1, **SMALL["unet3plus"])

    plan = replace(PLAN, epochs=1, steps=2, side=32, batch=2, deep_supervision=True)
    trainer = Trainer(build, 1, plan)
    list(trainer.fit([sample()], []))
    assert [one.shape for one in trainer.network.weights] == [one.shape for one in build().weights]


def test_a_network_without_levels_is_refused():
    network = architectures.build("deeplabv3plus", 1, **SMALL["deeplabv3plus"])
    with pytest.raises(UsageError, match="no decoder levels"):
        supervised(network)
