"""A candidate against the active version: the journey of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from histoloop.errors import DatasetError, StateError
from histoloop.jobs.context import Executor
from histoloop.jobs.evaluate import EvaluateParameters, Evaluation, Heard, evaluate
from histoloop.jobs.judgement import JudgedSlide, Judgement
from histoloop.jobs.kept_evaluation import keep_evaluation
from histoloop.models.card import ModelCard
from histoloop.models.registry import Model, ModelRegistry
from histoloop.training.gate import Contest, Pair, decide
from histoloop.training.gate_decision import Decision, read_decision, save_decision
from histoloop.training.locked_test import LockedTest

GATE = "gate"
"""By whom a version was promoted or kept, in its name's history."""

_ROUNDS = 3
"""Somebody may promote another version while two are compared: then it is the one to beat."""


@dataclass(frozen=True)
class Gate:
    """The gate of a home.

    Attributes:
        margin: Dice that a class may lose.
    """

    home: Path
    executor: Executor
    margin: float

    def pass_through(self, candidate: Model, heard: Heard) -> Decision:
        """Promote a version of the registry, or keep the active one; the reason is kept with it.

        So is how it did on each picture, and where it was most wrong.

        Raises:
            StateError: it is active, or others were promoted again and again meanwhile.
            DatasetError: nothing is locked to test on, or it was tampered with, or the candidate
                has been trained on some of it.
        """
        registry, card = ModelRegistry(self.home), candidate.card
        for _ in range(_ROUNDS):
            active = registry.get(card.name)
            if active.card.version == card.version:
                raise StateError(f"{card.reference} is active already")
            found = self._compared(candidate, active, heard)
            decision = self._decided(found, card)
            keep_evaluation(self.home, found)
            save_decision(self.home, decision)
            if not decision.promoted:
                registry.keep(candidate, GATE, decision.words)
                return decision
            try:
                registry.promote(card.reference, GATE, decision.words, over=active.card)
            except StateError:
                continue
            return decision
        raise StateError(
            f"{card.name}: another version was promoted while {card.reference} was compared",
            hint="run it again when nobody else promotes",
        )

    def judge(self, challenger: Model, active: Model, heard: Heard) -> Decision:
        """What the locked test says of two versions; nothing is changed.

        Raises:
            DatasetError: see `pass_through`.
        """
        return self._decided(self._compared(challenger, active, heard), challenger.card)

    def _compared(self, challenger: Model, active: Model, heard: Heard) -> Sequence[Evaluation]:
        found = []
        for batch in LockedTest.of(self.home, challenger.card.name).batches():
            asked = EvaluateParameters(
                model=challenger.card.reference,
                data=batch.data,
                others=(active.card.reference,),
                assumed_mpp=batch.assumed_mpp,
            )
            found.append(evaluate(asked, self.home, self.executor, heard))
        return found

    def _decided(self, found: Sequence[Evaluation], card: ModelCard) -> Decision:
        test = LockedTest.of(self.home, card.name).read()
        return decide(contest_of(found, test.digest), self.margin)


def decided(home: Path, card: ModelCard) -> Decision | None:
    """What the gate said of a version and has carried out; `None` while that is still to come."""
    history = ModelRegistry(home).tags.read(card.name).history
    done = any(one.version == card.version and one.by == GATE for one in history)
    return read_decision(home, card.name, card.version) if done else None


def contest_of(evaluations: Sequence[Evaluation], test: str) -> Contest:
    """Both models' pictures side by side.

    Args:
        evaluations: of the same two models; test: digest of what they were evaluated on.

    Raises:
        DatasetError: the challenger has seen a patient in its training.
    """
    both = [(one.judgement, one.other) for one in evaluations if one.other]
    mine, theirs = both[0][0].card, both[0][1].card
    for judgement, _ in both:
        _refuse_seen(judgement)
    own, other = ([one.name for one in card.classes] for card in (mine, theirs))
    return Contest(
        challenger=mine.reference,
        challenger_digest=mine.digest,
        active=theirs.reference,
        active_digest=theirs.digest,
        test=test,
        classes={
            name: [
                _pair(*slides, own.index(name), other.index(name))
                for mine, theirs in both
                for slides in zip(mine.slides, theirs.slides, strict=True)
            ]
            for name in own
            if name in other
        },
        lost=tuple(name for name in other if name not in own),
        notes=tuple(_notes([theirs for _, theirs in both], mine)),
    )


def _pair(mine: JudgedSlide, theirs: JudgedSlide, own: int, other: int) -> Pair:
    """A class, by its index in both models; without blocks where their scales gave other ones."""
    blocks = zip(mine.blocks, theirs.blocks, strict=False)
    return Pair(
        slide=mine.name,
        patient=mine.patient,
        challenger=mine.score.classes[own].overlap,
        active=theirs.score.classes[other].overlap,
        blocks=tuple((one[own], before[other]) for one, before in blocks)
        if len(mine.blocks) == len(theirs.blocks)
        else (),
    )


def _refuse_seen(judgement: Judgement) -> None:
    if seen := [one for one in judgement.slides if one.seen]:
        raise DatasetError(
            f"{judgement.card.reference} has seen patient {seen[0].patient} in its training "
            f"({seen[0].seen}), which is locked for the test",
            hint="train another one without that patient",
        )


def _notes(active: Sequence[Judgement], challenger: ModelCard) -> list[str]:
    """What makes the comparison less than fair."""
    card = active[0].card
    seen = sorted({one.patient for each in active for one in each.slides if one.seen})
    said = []
    if seen:
        said.append(
            f"{card.reference} was trained on {', '.join(seen)}: it looks better there than it is"
        )
    known = {one.name for one in card.classes}
    if new := [one.name for one in challenger.classes if one.name not in known]:
        said.append(f"{', '.join(new)}: new in {challenger.reference}, nothing to compare with")
    return said
