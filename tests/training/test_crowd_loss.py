"""Confusion matrices learnt with a network: what the loss is, and what weighs nothing in it."""

from __future__ import annotations

import numpy as np
import pytest

from histoloop.training.crowd_loss import FAITHFUL, TRACE, Annotators, said_by
from histoloop.training.losses import named


def one_hot(codes: np.ndarray, classes: int) -> np.ndarray:
    return (codes[..., None] == np.arange(classes)).astype(np.float32)


def value(tensor) -> float:
    from keras import ops

    return float(ops.convert_to_numpy(tensor))


def crowd(matrices: np.ndarray) -> Annotators:
    """Annotators with these matrices, ``(raters, said, true)``."""
    found = Annotators([f"r{at}" for at in range(len(matrices))], matrices.shape[1])
    found.logits.assign(np.log(matrices))
    return found


def test_the_loss_is_the_cross_entropy_of_what_each_annotator_is_expected_to_say():
    random = np.random.default_rng(0)
    probability = random.dirichlet(np.ones(3), (2, 4, 5)).astype(np.float32)
    matrices = random.dirichlet(np.ones(3), (2, 3)).transpose(0, 2, 1).astype(np.float32)
    codes, who = random.integers(-1, 3, (2, 4, 5)), np.array([1, 0], np.int32)
    terms = []
    for n, row, column in np.ndindex(codes.shape):
        said = codes[n, row, column]
        if said >= 0:
            chance = sum(
                matrices[who[n], said, true] * probability[n, row, column, true]
                for true in range(3)
            )
            terms.append(-np.log(chance))
    expected = np.mean(terms) + TRACE * np.mean([np.trace(one) for one in matrices])
    loss = crowd(matrices).through(named("cce", 3))
    weight = (codes >= 0)[..., None].astype(np.float32)
    found = loss(one_hot(codes, 3), probability, weight, who)
    assert value(found) == pytest.approx(expected, rel=1e-5)


def test_one_class_is_two_because_none_is_an_answer_as_well():
    from keras import ops

    matrices = np.array([[[0.9, 0.3], [0.1, 0.7]]], np.float32)
    found = ops.convert_to_numpy(said_by(matrices, np.full((1, 1, 1, 1), 0.25, np.float32)))
    assert found.ravel() == pytest.approx([0.1 * 0.75 + 0.7 * 0.25])


def test_matrices_start_near_the_identity_and_say_what_is_said_of_a_true_class():
    found = Annotators(["anna", "bert"], 3).confusions()
    assert list(found) == ["anna", "bert"]
    assert found["anna"].sum(axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert np.diagonal(found["bert"]) == pytest.approx(np.full(3, FAITHFUL), abs=1e-6)
    one = Annotators(["anna", "bert"], 1)
    one.logits.assign(np.log([[[0.8, 0.4], [0.2, 0.6]]] * 2))
    of_none, of_class = one.confusions()["anna"]
    assert of_none == pytest.approx([0.8, 0.2])
    assert of_class == pytest.approx([0.4, 0.6])


@pytest.mark.parametrize(("loss", "classes"), [("bce+dice", 1), ("bce+dice", 3), ("cce+dice", 3)])
def test_what_is_not_labelled_moves_neither_the_network_nor_a_matrix(loss, classes):
    """Other labels under weight 0: the same loss and gradients to the last bit."""
    import tensorflow as tf

    random = np.random.default_rng(2)
    codes = random.integers(0, classes + 1, (2, 6, 6))
    weight = random.integers(0, 2, (2, 6, 6, 1)).astype(np.float32)
    who = np.array([0, 1], np.int32)
    annotators = Annotators(["anna", "bert"], classes)
    of = annotators.through(named(loss, classes))
    logits = tf.Variable(random.normal(size=(2, 6, 6, classes)).astype(np.float32))

    def moved(said):
        truth = (said[..., None] == np.arange(1, classes + 1)).astype(np.float32)
        with tf.GradientTape() as tape:
            p = tf.sigmoid(logits) if classes == 1 else tf.nn.softmax(logits)
            lost = of(truth, p, weight, who)
        return [lost, *tape.gradient(lost, [logits, annotators.logits.value])]

    other = np.where(weight[..., 0] > 0, codes, (codes + 1) % (classes + 1))
    before, after = moved(codes), moved(other)
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    of_pixels = np.asarray(before[1])
    assert not of_pixels[weight[..., 0] == 0].any()
    assert of_pixels[weight[..., 0] > 0].any()


def test_known_confusion_matrices_are_found_from_one_annotator_a_patch():
    """Features tell the truth; each patch is labelled by one of three, one of them contrary."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    true = np.array(
        [
            [[0.95, 0.05], [0.05, 0.95]],
            [[0.9, 0.1], [0.4, 0.6]],
            [[0.25, 0.75], [0.8, 0.2]],
        ]
    )  # true across rows, said across columns
    who = np.repeat([0, 1, 2], [5, 3, 2]).astype(np.int32)
    truth = random.integers(0, 2, (10, 20, 20))
    noise = random.normal(0, 0.3, (10, 20, 20, 2))
    pixels = (one_hot(truth, 2) * 2 - 1 + noise).astype(np.float32)
    said = random.random(truth.shape) > true[who[:, None, None], truth, 0]

    network = keras.Sequential([keras.Input((20, 20, 2)), keras.layers.Conv2D(1, 1)])
    annotators = Annotators(["a", "b", "c"], 1)
    loss_of = annotators.through(named("bce", 1))
    variables = [*network.trainable_variables, annotators.logits]
    optimizer = keras.optimizers.Adam(0.05)
    labels, weight = said[..., None].astype(np.float32), np.ones((*said.shape, 1), np.float32)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = loss_of(labels, tf.sigmoid(network(pixels)), weight, who)
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(300):
        step()
    predicted = np.asarray(network(pixels))[..., 0] > 0
    assert (predicted == truth).mean() > 0.98
    assert np.abs(np.array(list(annotators.confusions().values())) - true).max() < 0.1
