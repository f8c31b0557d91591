"""A trainer that learns from a crowd learns whom to believe, and goes on where it was cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.training.test_trainer import SHORT

from histoloop.models import architectures
from histoloop.training.augmentation import IGNORED, UNCHANGED
from histoloop.training.checkpoint import Checkpoint
from histoloop.training.samples import Sample
from histoloop.training.trainer import Trainer

DARK = np.zeros((96, 96), bool)
DARK[20:70, 30:80] = True

NAMES = ("contrary", "half", "right")


def said(annotator: str, picture: str, truth: np.ndarray) -> Sample:
    """Dark where the truth is 1, whatever the annotator says of it."""
    image = np.where(DARK[..., None], 60, 220).astype(np.uint8).repeat(3, axis=2)
    return Sample(picture, picture, image, truth.astype(np.uint8), "", annotator=annotator)


def crowd() -> list[Sample]:
    """One who is right, twice as often as one who says the contrary; one knows half a picture."""
    half = np.where(np.arange(96)[None, :] < 48, DARK, IGNORED)
    return [
        *(said("right", "a", DARK), said("right", "b", DARK)),
        *(said("contrary", "c", ~DARK), said("half", "d", half)),
    ]


def trainer(**changes) -> Trainer:
    plan = replace(SHORT, augmentation=UNCHANGED, loss="bce", crowd=True, **changes)
    config = {"levels": 2, "base_filters": 2, "dropout": 0.0}
    return Trainer(lambda: architectures.build("unet", 1, **config), 1, plan, NAMES)


def test_a_network_learns_whom_to_believe():
    one = trainer(epochs=2, steps=300, batch=8, learning_rate=0.01)
    (*_, last) = one.fit(crowd(), [said("", "v", DARK)])
    assert last.dice[0] > 0.95
    confusions = one.confusions
    assert list(confusions) == list(NAMES)
    assert np.diagonal(confusions["right"]).min() > 0.8
    assert np.diagonal(confusions["half"]).min() > 0.8
    assert np.diagonal(confusions["contrary"]).max() < 0.3


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_cut_and_gone_on_with_it_ends_with_the_same_matrices_bit_for_bit(precision, tmp_path):
    kept = Checkpoint(tmp_path / "checkpoint.npz", {})
    plan = {"epochs": 3, "steps": 6, "average": 0.9, "precision": precision}
    whole, cut, resumed = (trainer(**plan) for _ in range(3))
    start = whole.confusions["right"]
    list(whole.fit(crowd(), []))
    next(cut.fit(crowd(), []))
    cut.keep(kept)
    assert resumed.resume(kept) == 1
    list(resumed.fit(crowd(), []))
    assert not np.array_equal(whole.confusions["right"], start)
    for name in NAMES:
        assert np.array_equal(whole.confusions[name], resumed.confusions[name])
    pairs = zip(whole.network.get_weights(), resumed.network.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
