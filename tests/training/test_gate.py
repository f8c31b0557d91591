"""The gate's rule: who is let through, by which numbers, and in which words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histoloop.errors import ModelError
from histoloop.training.bootstrap import mean_interval
from histoloop.training.gate import Contest, Pair, decide
from histoloop.training.gate_decision import decision_path, read_decision, save_decision
from histoloop.training.metrics import Overlap

NOTHING = Overlap(0, 0, 0, 10_000)


def found(dice: float, true: int = 1000) -> Overlap:
    """A prediction as large as the truth, with this Dice."""
    return Overlap(round(dice * true), true, true, 10_000)


def pair(challenger: float, active: float, number: int = 0, patient: str = "") -> Pair:
    return Pair(f"s{number}", patient or f"p{number}", found(challenger), found(active))


def contest(classes: dict[str, list[Pair]], **more) -> Contest:
    return Contest("m@2", "new", "m@1", "old", "test", classes, **more)


def pairs(*dice: tuple[float, float]) -> list[Pair]:
    return [pair(new, old, number) for number, (new, old) in enumerate(dice)]


def test_a_better_one_is_promoted_and_the_words_say_what_is_known():
    decision = decide(contest({"tumor": pairs((0.85, 0.80), (0.9, 0.8))}), 0.02)
    assert decision.promoted
    assert decision.words == (
        "promoted m@2 over m@1: tumor 0.800 → 0.875 "
        "(2 patients: too few for an interval, nothing is known of new ones)"
    )
    assert decision.headline == "promoted m@2 over m@1: tumor 0.800 → 0.875"
    assert decision.caveats == (
        "tumor, 2 patients: too few for an interval, nothing is known of new ones",
    )


def test_one_class_that_fell_keeps_it_out_whatever_the_others_do():
    classes = {"stroma": pairs((0.76, 0.81)), "tumor": pairs((0.99, 0.5))}
    decision = decide(contest(classes), 0.02)
    assert not decision.promoted
    assert decision.words == "kept m@1, not m@2: stroma fell from 0.810 to 0.760"


def test_the_margin_is_what_a_class_may_lose():
    classes = {"tumor": pairs((0.79, 0.80))}
    assert decide(contest(classes), 0.02).promoted
    assert not decide(contest(classes), 0.005).promoted


def test_enough_patients_must_show_that_it_is_not_worse():
    unsteady = pairs(*([(0.95, 0.80), (0.66, 0.80)] * 3))
    decision = decide(contest({"tumor": unsteady}), 0.02)
    (one,) = decision.classes
    assert one.mean
    assert one.mean.difference > 0
    assert one.interval
    assert one.interval.low < -0.02
    assert not decision.promoted
    assert "does not rule out a loss of more than 0.02 (95 % interval -0." in decision.words


def test_steady_patients_let_it_through_and_few_of_them_are_called_rough():
    decision = decide(contest({"tumor": pairs(*[(0.82, 0.80)] * 6)}), 0.02)
    assert decision.promoted
    assert "difference +0.020 to +0.020, 6 patients, rough" in decision.words
    many = decide(contest({"tumor": pairs(*[(0.82, 0.80)] * 12)}), 0.02)
    assert "rough" not in many.words


def test_pictures_of_one_patient_are_one_observation():
    one_patient = [pair(0.9, 0.8, number, "p") for number in range(8)]
    (found,) = decide(contest({"tumor": one_patient}), 0.02).classes
    assert found.interval is None
    assert found.patients == 1
    assert "1 patient: too few for an interval" in found.words


def test_blocks_say_the_luck_of_the_tissue_and_decide_nothing():
    parts = tuple((found(new, 100), found(0.8, 100)) for new in (0.5, 0.99, 0.99, 0.99, 0.99))
    one = Pair("s", "p", found(0.89), found(0.8), parts)
    decision = decide(contest({"tumor": [one]}), 0.02)
    (judged,) = decision.classes
    assert judged.tissue
    assert judged.tissue.low < -0.02
    assert decision.promoted
    assert f"luck of this tissue {judged.tissue.low:+.3f} to" in decision.words


def test_a_class_called_where_there_is_none_counts():
    """The mean over pictures that show it does not hear of it, the pooled Dice does."""
    false_alarm = Pair("s9", "p9", Overlap(0, 2000, 0, 10_000), NOTHING)
    decision = decide(contest({"tumor": [pair(0.8, 0.8), false_alarm]}), 0.02)
    assert decision.words == (
        "kept m@1, not m@2: tumor fell from 0.800 to 0.400, all pictures taken together"
    )


def test_a_class_that_no_picture_shows_is_said_and_alone_lets_nobody_through():
    unshown = [Pair("s", "p", NOTHING, NOTHING)]
    both = decide(contest({"necrosis": unshown, "tumor": pairs((0.9, 0.8))}), 0.02)
    assert both.promoted
    assert "necrosis: no locked picture shows it, nothing can be said" in both.words
    alone = decide(contest({"necrosis": unshown}), 0.02)
    assert alone.words == "kept m@1, not m@2: no locked picture shows any of the classes"


def test_a_class_that_is_gone_keeps_it_out():
    decision = decide(contest({"tumor": pairs((0.9, 0.8))}, lost=("stroma",)), 0.02)
    said = "kept m@1, not m@2: stroma is not among its classes any more"
    assert decision.words == decision.headline == said
    assert not any("any more" in one for one in decision.caveats), "said once"


@settings(max_examples=15)
@given(
    dice=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12),
    margin=st.floats(0, 0.2),
)
def test_who_is_better_on_every_picture_is_promoted_and_who_is_far_worse_is_not(dice, margin):
    better = decide(contest({"tumor": pairs(*((max(one), min(one)) for one in dice))}), margin)
    assert better.promoted
    worse = pairs(*((high * 0.5, 0.5 + high * 0.5) for high, _ in dice))
    assert not decide(contest({"tumor": worse}), margin).promoted


def test_the_interval_of_a_mean_weighs_pictures_and_draws_patients():
    assert mean_interval([[0.1], [0.1, 0.1], [0.1], [0.1], [0.1]]).low == pytest.approx(0.1)
    assert not mean_interval([[0.1]] * 4).known
    wide, narrow = ([[value] for value in values] for values in ([0, 1] * 4, [0.4, 0.6] * 4))
    assert mean_interval(wide).low < mean_interval(narrow).low < 0.5


def test_a_decision_is_kept_with_its_numbers(tmp_path):
    decision = decide(contest({"tumor": pairs((0.76, 0.81))}, notes=("said",)), 0.02)
    assert read_decision(tmp_path, "m", 2) is None
    save_decision(tmp_path, decision)
    assert read_decision(tmp_path, "m", 2) == decision
    kept = json.loads(decision_path(tmp_path, "m", 2).read_text())
    assert kept["classes"][0]["slides"][0]["dice"] == {"challenger": 0.76, "active": 0.81}
    assert (kept["promoted"], kept["margin"], kept["notes"]) == (False, 0.02, ["said"])
    decision_path(tmp_path, "m", 2).write_text("{")
    with pytest.raises(ModelError, match=r"2\.json: cannot be read"):
        read_decision(tmp_path, "m", 2)
