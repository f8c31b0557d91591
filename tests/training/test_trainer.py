"""What a plan asks for is done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.training.test_training import PLAN, sample

from histoloop.errors import StateError, UsageError
from histoloop.models import architectures
from histoloop.training.checkpoint import Checkpoint
from histoloop.training.course import Course
from histoloop.training.plan import TrainingPlan
from histoloop.training.trainer import Trainer

SHORT = replace(PLAN, epochs=2, steps=3, side=16, batch=2, average=0.0)


def trainer(levels=2, **changes):
    def build():
        return architectures.build("unet", 1, levels=levels, base_filters=2, dropout=0.0)

    return Trainer(build, 1, replace(SHORT, **changes))


def test_a_plateau_lowers_the_rate_and_patience_ends_it():
    course = Course(TrainingPlan(schedule="plateau", plateau_patience=2, patience=3, steps=1))
    rates = []
    for score in (0.5, 0.4, 0.5, 0.3):
        course.add(score)
        rates.append(course.rate(100))
    assert rates == pytest.approx([1e-3, 1e-3, 2e-4, 2e-4])
    assert course.over
    assert not Course(TrainingPlan()).over


def test_the_best_weights_are_kept():
    one = trainer(keep="best", monitor="loss", epochs=3, learning_rate=0.1)
    seen = [(e.valid_loss, one.network.get_weights()) for e in one.fit([sample()], [sample()])]
    best = min(seen, key=lambda pair: pair[0])[1]
    assert all(np.array_equal(a, b) for a, b in zip(best, one.network.get_weights(), strict=True))


def test_a_training_that_gets_no_better_ends():
    one = trainer(patience=1, learning_rate=0.0, epochs=9, schedule="plateau", optimizer="adam")
    assert len(list(one.fit([sample()], [sample()]))) < 9


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "mixed_float16"},
        {"optimizer": "adam", "clip_norm": None, "clip_value": 0.5},
        {"levels": 3, "deep_supervision": True, "precision": "mixed_float16"},
    ],
)
def test_every_way_of_a_step_moves_finite_weights(changes):
    one = trainer(**changes)
    before = one.network.get_weights()
    list(one.fit([sample()], []))
    after = one.network.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_rate_for_an_encoder_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="pretrained"):
        trainer(encoder_rate=0.1)


def test_contradictions_are_refused():
    with pytest.raises(UsageError, match="clip"):
        TrainingPlan(clip_value=0.5)
    with pytest.raises(UsageError, match="schedule"):
        TrainingPlan(schedule="stairs")


@pytest.mark.parametrize("deep", [False, True])
def test_a_training_that_was_cut_goes_on_to_the_same_weights_bit_for_bit(deep, tmp_path):
    kept = Checkpoint(tmp_path / "checkpoint.npz", {"plan": 1})
    data = ([sample()], [sample("two")])
    plan = {"epochs": 3, "steps": 12, "average": 0.9, "keep": "best"}
    plan |= {"deep_supervision": deep, "levels": 3}
    whole, cut, resumed = (trainer(**plan) for _ in range(3))
    scores = [(one.loss, one.dice) for one in whole.fit(*data)]
    next(cut.fit(*data))
    cut.keep(kept)
    (tmp_path / "checkpoint.npz.partial").write_bytes(b"killed while writing")
    assert resumed.resume(kept) == 1
    assert len(list(resumed.fit(*data))) == 2
    assert [(one.loss, one.dice) for one in resumed.epochs] == scores
    pairs = zip(whole.network.get_weights(), resumed.network.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    with pytest.raises(StateError, match="plan"):
        trainer(**plan).resume(Checkpoint(kept.path, {"plan": 2}))
