"""Annotations → the next version of a model, if it is not worse: the journey of a retraining."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from histoloop.config import Settings
from histoloop.jobs.context import Context, Progress
from histoloop.jobs.dataset import DatasetParameters
from histoloop.jobs.evaluation_summary import slide_line
from histoloop.jobs.gate import Gate, decided
from histoloop.jobs.judgement import JudgedSlide
from histoloop.jobs.retrain_data import gather, refuse_untested, trained
from histoloop.jobs.retrain_record import RetrainRecord, alone, begun, write_record
from histoloop.jobs.train import TrainParameters, train
from histoloop.models.admission import add
from histoloop.models.card import ModelCard
from histoloop.models.registry import DEFAULT, Model, ModelRegistry
from histoloop.training.gate_decision import Decision
from histoloop.training.locked_test import LockedTest
from histoloop.training.plan import TrainingPlan
from histoloop.training.snapshot import read_snapshot
from histoloop.training.trainer import Epoch

MODEL, SNAPSHOT = "model", "snapshot"
"""Folders of a run."""

GENTLE = 3e-4
"""The learning rate at its height, to go on from weights that are good already."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class RetrainParameters:
    """What a user asks for.

    Attributes:
        data: where annotations come from, or a folder that `train` reads.
        out: folder of this run; the same one again goes on where it was stopped.
        model: a name; its active version is gone on from and compared with.
        from_scratch: begin with new weights of the same architecture.
        course: what differs from `plan_like` of the active version.
        assumed_mpp: of pictures of a folder that do not say theirs.
        margin: Dice that a class may lose; `None` for that of the settings.
        by: who asks, for people.
    """

    data: DatasetParameters | Path
    out: Path
    model: str = DEFAULT
    from_scratch: bool = False
    course: Mapping[str, Any] = field(default_factory=dict)
    assumed_mpp: float | None = None
    margin: float | None = None
    by: str = ""


@dataclass(frozen=True)
class Retrained:
    """What has come out; the candidate stays in the registry, promoted or not."""

    candidate: Model
    decision: Decision
    data: Path


def retrain(
    parameters: RetrainParameters, settings: Settings, context: Context, say: Say
) -> Retrained:
    """Gather annotations, train from the active version, and let the gate decide.

    One that was killed at any point goes on with the same parameters: with its own snapshot, after
    the last whole epoch, to one candidate and one decision.

    Raises:
        CancelledError: the listener's ``check`` said so; what is done stays for a resume.
        StateError: the folder holds another retraining, or one that is going on.
        DatasetError: nobody tests, or somebody who is locked for the test would be trained on.
        HistoloopError: see `build_dataset`, `train`, `add`.
    """
    p, registry = parameters, ModelRegistry(settings.home)
    with alone(p.out):
        run = _Run(p, settings, context, say, begun(p.out, registry, p.model, p.by, p.from_scratch))
        base = registry.get(run.record.base)
        data = run.gather(base.card)
        candidate = run.admit(run.train(base.card, data), registry)
        return Retrained(candidate, run.decide(candidate), data)


@dataclass
class _Run:
    """The steps of one retraining; each finds what it has done before."""

    parameters: RetrainParameters
    settings: Settings
    context: Context
    say: Say
    record: RetrainRecord

    def gather(self, card: ModelCard) -> Path:
        """The data, nothing of which is locked; its test pictures are from now on."""
        p, home = self.parameters, self.settings.home
        test = LockedTest.of(home, card.name)
        self._tell(Progress("annotations"))
        if isinstance(p.data, Path):
            data = p.data
        else:
            asked = replace(p.data, out=p.out / SNAPSHOT)
            data = gather(asked, self.settings, card, test.read().patients, self._checked)
        test.refuse_trained(data)
        known = {patient: version for patient, (_, version) in trained(home, card.name).items()}
        for line in test.grow(data, p.by, p.assumed_mpp, known):
            self.say(line)
        refuse_untested(len(test.read().pictures), data)
        snapshot = read_snapshot(data)
        self._note(snapshot=snapshot.digest if snapshot else None)
        return data

    def train(self, base: ModelCard, data: Path) -> Path:
        """The new model's folder."""
        p, record = self.parameters, self.record
        plan = replace(plan_like(base, self.settings), **p.course)
        own_classes = record.from_scratch and record.snapshot
        self._tell(Progress("train", 0, plan.epochs))
        asked = TrainParameters(
            data=data,
            out=p.out / MODEL,
            name=base.name,
            version=record.version,
            classes=None if own_classes else tuple(one.name for one in base.classes),
            mpp=base.mpp,
            assumed_mpp=p.assumed_mpp,
            architecture=base.architecture,
            architecture_config=base.architecture_config,
            init=None if record.from_scratch else record.base,
            tile=base.tile,
            halo=base.halo,
            overlap=base.overlap,
            summary=base.summary,
            notice="" if record.from_scratch else f"Goes on from {base.reference}. {base.notice}",
            plan=plan,
        )

        def report(epoch: Epoch) -> None:
            dice = ", ".join(f"{one:.3f}" for one in epoch.dice) or "not measured"
            self.say(
                f"epoch {epoch.number}/{plan.epochs}: loss {epoch.loss:.3f}, validation Dice {dice}"
            )
            left = (plan.epochs - epoch.number) * epoch.seconds
            self._tell(Progress("train", epoch.number, plan.epochs, eta_s=left))

        train(asked, self.settings.home, report, self.say)
        return asked.out

    def admit(self, folder: Path, registry: ModelRegistry) -> Model:
        """The new model in the registry, as a candidate."""
        self.context.listener.check()
        if self.record.candidate:
            return registry.get(self.record.candidate)
        new = registry.get(str(folder)).card
        there = (one for one in registry.list() if one.card.name == new.name)
        found = next((one for one in there if one.card.digest == new.digest), None)
        why = f"retrained from {self.record.base}"
        found = found or add(registry, folder, self.parameters.by, why)
        self._note(candidate=found.card.reference)
        return found

    def decide(self, candidate: Model) -> Decision:
        """Promoted or kept; once."""
        home = self.settings.home
        decision = self.record.decision or decided(home, candidate.card)
        if decision is None:
            p = self.parameters
            margin = self.settings.gate_margin if p.margin is None else p.margin
            gate = Gate(home, self.context.executor, margin)
            self._tell(Progress("compare"))
            decision = gate.pass_through(candidate, self._heard)
        self._note(decision=decision)
        return decision

    def _heard(self, model: str, slide: JudgedSlide) -> None:
        self._checked(slide_line(model, slide))

    def _checked(self, line: str) -> None:
        self.say(line)
        self.context.listener.check()

    def _tell(self, progress: Progress) -> None:
        self.context.listener.progress(progress)
        self.context.listener.check()

    def _note(self, **news: object) -> None:
        self.record = self.record.model_copy(update=news)
        write_record(self.parameters.out, self.record)


def plan_like(card: ModelCard, settings: Settings) -> TrainingPlan:
    """As long as the settings say, with what belongs to a model: patches, batch, loss, shift."""
    said = card.training.get("plan", {})
    own = {name: said[name] for name in ("side", "batch", "loss", "shift") if name in said}
    return TrainingPlan(
        epochs=settings.retrain_epochs,
        steps=settings.retrain_steps,
        learning_rate=GENTLE,
        crowd=settings.retrain_crowd,
        **own,
    )
