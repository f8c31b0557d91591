"""Whether a new version of a model may take the place of the active one.

On the locked test, class by class, the challenger must not be worse: neither the mean over the
pictures that show the class of their Dice, nor the Dice of all pictures pooled, which also hears
of a class that is called where there is none. It is the challenger that has to show it: where
there are patients enough for an interval of the difference of the means, all of it has to lie
above minus the margin (non-inferiority, as trials have it; patients are resampled in pairs).
Fewer patients give no interval: then the figures alone decide, and the decision says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from histoloop.training.bootstrap import Interval, difference_interval, mean_interval
from histoloop.training.gate_decision import ClassDecision, Decision, Sides, SlideFigures, Span
from histoloop.training.metrics import Overlap


@dataclass(frozen=True)
class Pair:
    """One class on one picture of the locked test, by both models.

    Attributes:
        blocks: challenger and active on each part of the picture; see `training.blocks`.
    """

    slide: str
    patient: str
    challenger: Overlap
    active: Overlap
    blocks: tuple[tuple[Overlap, Overlap], ...] = ()


@dataclass(frozen=True)
class Contest:
    """Two models and what they did on the locked test.

    Attributes:
        classes: the pairs of each class that both have, by name.
        lost: classes that only the active model has.
    """

    challenger: str
    challenger_digest: str
    active: str
    active_digest: str
    test: str
    classes: Mapping[str, Sequence[Pair]]
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def decide(contest: Contest, margin: float, seed: int = 0) -> Decision:
    """Promote or keep.

    Args:
        margin: Dice that a class may lose; seed: of the resampled patients.
    """
    judged = tuple(
        _judge(name, pairs, margin, seed) for name, pairs in sorted(contest.classes.items())
    )
    lost = tuple(f"{name} is not among its classes any more" for name in contest.lost)
    shown = any(one.mean for one in judged)
    unshown = () if shown else ("no locked picture shows any of the classes",)
    return Decision(
        challenger=contest.challenger,
        challenger_digest=contest.challenger_digest,
        active=contest.active,
        active_digest=contest.active_digest,
        promoted=shown and not lost and not any(one.reason for one in judged),
        margin=margin,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        test=contest.test,
        classes=judged,
        notes=(*lost, *unshown, *contest.notes),
    )


def _judge(name: str, pairs: Sequence[Pair], margin: float, seed: int) -> ClassDecision:
    showing = [one for one in pairs if one.challenger.true or one.active.true]
    patients = sorted({one.patient for one in showing})
    mean = _mean(showing) if showing else None
    pooled = _pooled(pairs)
    interval = _interval(showing, patients, seed)
    return ClassDecision(
        name=name,
        slides=tuple(
            SlideFigures(slide=one.slide, patient=one.patient, dice=_dice(one)) for one in pairs
        ),
        patients=len(patients),
        mean=mean,
        pooled=pooled,
        interval=interval,
        tissue=_tissue(pairs, seed),
        reason=_reason(name, mean, pooled, interval, margin) if mean else "",
    )


def _reason(name: str, mean: Sides, pooled: Sides, interval: Span | None, margin: float) -> str:
    """Why a class counts as worse; empty if it does not."""
    if mean.difference < -margin:
        return f"{name} fell from {mean.active:.3f} to {mean.challenger:.3f}"
    if pooled.difference < -margin:
        return (
            f"{name} fell from {pooled.active:.3f} to {pooled.challenger:.3f}, "
            "all pictures taken together"
        )
    if interval and interval.low < -margin:
        return (
            f"{name} went from {mean.active:.3f} to {mean.challenger:.3f}, which does not rule out "
            f"a loss of more than {margin:g} (95 % interval {interval.low:+.3f} to "
            f"{interval.high:+.3f})"
        )
    return ""


def _dice(pair: Pair) -> Sides:
    return Sides(challenger=pair.challenger.dice, active=pair.active.dice)


def _mean(pairs: Sequence[Pair]) -> Sides:
    each = [_dice(one) for one in pairs]
    return Sides(
        challenger=float(np.mean([one.challenger for one in each])),
        active=float(np.mean([one.active for one in each])),
    )


def _pooled(pairs: Sequence[Pair]) -> Sides:
    none = Overlap(0, 0, 0, 0)
    return Sides(
        challenger=sum((one.challenger for one in pairs), none).dice,
        active=sum((one.active for one in pairs), none).dice,
    )


def _interval(pairs: Sequence[Pair], patients: Sequence[str], seed: int) -> Span | None:
    fallen = [
        [_dice(one).difference for one in pairs if one.patient == patient] for patient in patients
    ]
    return _span(mean_interval(fallen, seed))


def _tissue(pairs: Sequence[Pair], seed: int) -> Span | None:
    blocks = [block for one in pairs for block in one.blocks]
    mine, theirs = [one for one, _ in blocks], [one for _, one in blocks]
    return _span(difference_interval(mine, theirs, seed))


def _span(interval: Interval) -> Span | None:
    return Span(low=interval.low, high=interval.high) if interval.known else None
