"""Confusion matrices learnt with a network: what the loss is, and that it finds out people."""

from __future__ import annotations

import numpy as np
import pytest

from histoloop.training.crowd_loss import (
    FAITHFUL,
    TRACE,
    Annotators,
    crowd_cross_entropy,
    distribution,
)


def one_hot(codes: np.ndarray, classes: int) -> np.ndarray:
    """-1 is nothing said."""
    return (codes[..., None] == np.arange(classes)).astype(np.float32)


def value(tensor) -> float:
    from keras import ops

    return float(ops.convert_to_numpy(tensor))


def test_the_loss_is_what_the_paper_says():
    random = np.random.default_rng(0)
    probability = random.dirichlet(np.ones(3), (2, 4, 5)).astype(np.float32)
    matrices = random.dirichlet(np.ones(3), (2, 3)).transpose(0, 2, 1).astype(np.float32)
    codes = random.integers(-1, 3, (2, 4, 5, 2))
    terms = []
    for n, row, column, rater in np.ndindex(codes.shape):
        said = codes[n, row, column, rater]
        if said >= 0:
            chance = sum(
                matrices[rater, said, true] * probability[n, row, column, true] for true in range(3)
            )
            terms.append(-np.log(chance))
    expected = np.mean(terms) + TRACE * np.mean([np.trace(one) for one in matrices])
    found = crowd_cross_entropy(one_hot(codes, 3), probability, matrices)
    assert value(found) == pytest.approx(expected, rel=1e-5)


def test_matrices_start_near_the_identity_with_columns_that_sum_to_one():
    confusion = Annotators(4, 3).confusion()
    assert confusion.sum(axis=2) == pytest.approx(np.ones((4, 3)), abs=1e-6)
    assert np.diagonal(confusion, axis1=1, axis2=2) == pytest.approx(
        np.full((4, 3), FAITHFUL), abs=1e-6
    )


def test_what_was_not_labelled_counts_nowhere():
    probability = np.full((1, 2, 2, 2), 0.5, np.float32)
    matrices = Annotators(2, 2).matrices
    codes = np.array([[[[0, -1], [1, -1]], [[-1, -1], [0, -1]]]])
    changed = probability.copy()
    changed[0, 1, 0] = [0.9, 0.1]
    said = one_hot(codes, 2)
    assert value(crowd_cross_entropy(said, probability, matrices)) == value(
        crowd_cross_entropy(said, changed, matrices)
    )
    nothing = crowd_cross_entropy(said * 0, probability, matrices, trace=0.0)
    assert value(nothing) == 0


def test_a_sigmoid_becomes_a_distribution():
    from keras import ops

    found = ops.convert_to_numpy(distribution(np.full((1, 1, 1, 1), 0.3, np.float32)))
    assert found[0, 0, 0] == pytest.approx([0.7, 0.3])


def test_known_confusion_matrices_are_found_from_one_annotator_a_pixel():
    """Features tell the truth; each pixel is labelled by one of three, one of them contrary."""
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
    truth = random.integers(0, 2, (1, 60, 60))
    pixels = (one_hot(truth, 2) * 2 - 1 + random.normal(0, 0.3, (1, 60, 60, 2))).astype(np.float32)
    who = random.choice(3, truth.shape, p=[0.5, 0.3, 0.2])
    said = np.where(random.random(truth.shape) < true[who, truth, 0], 0, 1)
    codes = np.full((*truth.shape, 3), -1)
    np.put_along_axis(codes, who[..., None], said[..., None], axis=-1)
    labels = one_hot(codes, 2)

    network = keras.Sequential([keras.Input((60, 60, 2)), keras.layers.Conv2D(1, 1)])
    annotators = Annotators(3, 2)
    variables = [*network.trainable_variables, annotators.logits]
    optimizer = keras.optimizers.Adam(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            probability = distribution(tf.sigmoid(network(pixels)))
            loss = crowd_cross_entropy(labels, probability, annotators.matrices)
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(300):
        step()
    predicted = np.asarray(network(pixels))[..., 0] > 0
    assert (predicted == truth).mean() > 0.98
    assert np.abs(annotators.confusion() - true).max() < 0.1
