"""What every loss owes: its paper's figure, and nothing at all to an ignored pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference import losses as slow
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import tiny_network
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.errors import UsageError
from histoloop.geometry import Size
from histoloop.training.losses import BINARY, CATEGORICAL, LOSSES, named
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import Sample
from histoloop.training.trainer import Trainer

CLASSES = 3
every_loss = pytest.mark.parametrize("name", LOSSES)


def case(seed=0, side=6):
    """One-hot truth, probabilities, and weights between 0 and 2 of which a third are 0."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, CLASSES + 1, (2, side, side, 1))
    truth = (codes == np.arange(1, CLASSES + 1)).astype(np.float32)
    guess = random.dirichlet(np.ones(CLASSES), codes.shape[:-1]).astype(np.float32)
    weight = random.choice([0.0, 0.5, 2.0], codes.shape).astype(np.float32)
    return truth, guess, weight


def test_every_loss_has_a_slow_twin():
    assert slow.LOSSES.keys() == LOSSES.keys()


@every_loss
@pytest.mark.parametrize("seed", range(3))
def test_a_loss_is_what_its_paper_says(name, seed):
    given = case(seed)
    assert float(LOSSES[name](*given)) == pytest.approx(slow.LOSSES[name](*given), rel=1e-4)


@every_loss
def test_labels_of_ignored_pixels_change_no_bit_of_a_gradient(name):
    import tensorflow as tf

    truth, _, weight = case(side=8)
    pixels = np.random.default_rng(1).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    network = tiny_network(CLASSES)

    def gradients(labels):
        with tf.GradientTape() as tape:
            loss = LOSSES[name](labels, network(pixels, training=True), weight)
        found = tape.gradient(loss, network.trainable_variables)
        return [np.asarray(one).tobytes() for one in (loss, *found)]

    before = gradients(truth)
    assert gradients(np.where(weight > 0, truth, 1 - truth)) == before
    assert gradients(np.where(weight > 0, truth, np.nan)) == before
    assert gradients(np.where(weight > 0, 1 - truth, truth)) != before


@every_loss
def test_a_loss_is_least_at_the_truth_and_finite_at_its_opposite(name):
    codes = np.indices((1, 8, 8, 1)).sum(0) % 2
    truth = np.concatenate([codes, 1 - codes], axis=-1).astype(np.float32)
    weight = np.ones((1, 8, 8, 1), np.float32)
    loss = LOSSES[name]
    right, near, far, wrong = (
        float(loss(truth, truth * (1 - share) + (1 - truth) * share, weight))
        for share in (0.0, 0.2, 0.8, 1.0)
    )
    assert right == pytest.approx(0, abs=1e-4)
    assert right < near < far < wrong < math.inf
    assert math.isfinite(float(loss(truth, truth, np.zeros_like(weight))))


def test_a_loss_is_asked_for_by_name():
    assert named("focal", 1) is LOSSES["focal"]
    assert named("cce", 2) is LOSSES["cce"]
    with pytest.raises(UsageError, match=r"'mse'.*bce\+dice"):
        named("mse", 1)
    with pytest.raises(UsageError, match=r"cce .*only one"):
        named("cce", 1)
    assert not BINARY.keys() & CATEGORICAL.keys()
    assert TrainingPlan().loss == "bce+dice"


def test_an_unknown_loss_is_refused_before_any_picture_is_read(tmp_path):
    words = ["train", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*words, "--loss", "mse"])
    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "out").exists()


def test_a_training_uses_the_loss_of_its_plan():
    """Of the same first step, one is the sum of the others."""
    image = tissue_picture(Size(64, 64), seed=1)
    one = Sample("one", "one", image, (image[..., 1] < 120).astype(np.uint8), digest="")

    def first_loss(name):
        plan = TrainingPlan(epochs=1, steps=1, side=32, batch=2, loss=name)
        (epoch,) = Trainer(lambda: tiny_network(1), 1, plan).fit([one], [])
        return epoch.loss

    together, cross_entropy, dice = map(first_loss, ("bce+dice", "bce", "dice"))
    assert together == pytest.approx(cross_entropy + dice, rel=1e-5)
    assert min(cross_entropy, dice) > 0.05
