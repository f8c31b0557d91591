"""Data → model folder: the journey of a training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from histoloop.durable import replace_text
from histoloop.errors import DatasetError, ModelError, OutputError, UsageError
from histoloop.jobs.train_card import card_of
from histoloop.jobs.train_identity import finished, of_card
from histoloop.models import architectures
from histoloop.models.card import CARD, WEIGHTS, ClassCard, ModelCard, read_card, weights_digest
from histoloop.models.registry import ModelRegistry
from histoloop.models.weights import load_network
from histoloop.tiling.grid import Tiling
from histoloop.training import crowd_report, history
from histoloop.training.checkpoint import Checkpoint
from histoloop.training.checks import load_checked
from histoloop.training.crowd_data import labelled_pixels, load_crowd
from histoloop.training.crowd_report import LearntCrowd
from histoloop.training.device import Device, device_in_use, precision_for
from histoloop.training.evaluation import sample_overlaps
from histoloop.training.example_pictures import FOLDER, Examples, forget
from histoloop.training.losses import named
from histoloop.training.meaning import classes_of_data
from histoloop.training.plan import TrainingPlan
from histoloop.training.replicas import Replicas, connected
from histoloop.training.samples import Sample
from histoloop.training.trainer import Epoch, Trainer

PALETTE = ("#00c48c", "#e6194b", "#4363d8", "#f58231", "#911eb4", "#46f0f0", "#bcf60c")

CHECKPOINT = "checkpoint.npz"

TUMOR = ("tumor",)


@dataclass(frozen=True)
class TrainParameters:
    """What a user asks for.

    Attributes:
        data: folder with ``{train,valid,test}/{images,masks}``; out: the model folder.
        classes: names, in the order of the codes in the masks, from 1; `None` for those of the
            snapshot that ``data`` is, or `TUMOR`.
        mpp: the model's scale; assumed_mpp: of pictures that do not say theirs.
        architecture_config: what differs from the architecture's defaults.
        init: model to go on from.
        tile, halo, overlap: how slides will be tiled, px at the model's scale.
        hold_out: patient to leave out of the training and to test on.
        config: what an experiment's file said and what became of it; the card keeps it.
    """

    data: Path
    out: Path
    name: str = "model"
    version: int = 1
    classes: tuple[str, ...] | None = None
    mpp: float = 2.0
    assumed_mpp: float | None = None
    architecture: str = "lean-unet"
    architecture_config: Mapping[str, Any] = field(default_factory=dict)
    init: str | None = None
    tile: int = 1024
    halo: int = 128
    overlap: int = 32
    hold_out: str | None = None
    summary: str = ""
    notice: str = ""
    licence: str = ""
    config: Mapping[str, Any] | None = None
    plan: TrainingPlan = field(default_factory=TrainingPlan)


def train(
    parameters: TrainParameters,
    home: Path,
    report: Callable[[Epoch], None],
    say: Callable[[str], None] = lambda _: None,
    *,
    restart: bool = False,
    stepped: Callable[[int, int], None] = lambda _epoch, _done: None,
) -> ModelCard:
    """Train a network and write its folder: card, weights, curves.

    A training that was killed goes on after its last whole epoch; one that has ended is not
    repeated. Of several machines each runs this; the first alone writes and reports (`connected`).

    Args:
        report: told every epoch; say: told what was tolerated in the data, and where an earlier
            run of the same training had come to, from where it goes on.
        restart: begin anew, whatever the folder holds.
        stepped: told every step, see `Trainer.fit`.

    Raises:
        UsageError: there is no such loss, or not for so many classes; no such architecture, or
            a side that is no multiple of its stride; tile, halo and overlap do not fit.
        DatasetError, MissingScaleError: the data is not fit to be trained on (`load_checked`), or
            nobody is told apart in it (`load_crowd`).
        OutputError: the folder cannot be written.
        StateError: it holds another training; another worker has gone, or trains otherwise.
    """
    with connected(say) as replicas:
        asked = _Asked.of(parameters, home, say, replicas)
        card = None if restart else finished(parameters.out, asked.card)
        replicas.agree(json.dumps([_identity(asked.card), card is None]))
        if card:
            say(f"{parameters.out}: already trained; --restart trains anew")
            return card
        return _trained(asked, home, report, say, restart, stepped)


@dataclass(frozen=True)
class _Asked:
    """A training that can begin.

    Attributes:
        parameters: their precision is decided.
        card: without what only the training can tell.
        device: for the card; why: the precision.
    """

    parameters: TrainParameters
    splits: dict[str, list[Sample]]
    card: ModelCard
    replicas: Replicas
    device: Device
    why: str

    @classmethod
    def of(
        cls,
        parameters: TrainParameters,
        home: Path,
        say: Callable[[str], None],
        replicas: Replicas,
    ) -> _Asked:
        """Look at all that was given; raises as `train` does."""
        plan = parameters.plan
        replicas.refuse_small(plan.batch)
        classes = class_cards(parameters)
        named(plan.loss, len(classes))
        _refuse_odd_sides(parameters)
        splits = load_splits(parameters, say)
        device = device_in_use(replicas)
        precision, why = precision_for(plan.precision, device)
        decided = replace(parameters, plan=replace(plan, precision=precision))
        card = card_of(decided, classes, splits, home)
        return cls(decided, splits, card, replicas, device, why)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.card.classes)

    @property
    def precision(self) -> str:
        return self.parameters.plan.precision

    def __str__(self) -> str:
        one = self.device
        who = f"{self.replicas}: " if self.replicas.workers > 1 else ""
        where = f"{one.count} × {one.name} ({one.kind})"
        return f"{who}training on {where} in {self.precision}: {self.why}"


def _trained(
    asked: _Asked,
    home: Path,
    report: Callable[[Epoch], None],
    say: Callable[[str], None],
    restart: bool,
    stepped: Callable[[int, int], None],
) -> ModelCard:
    """Train; the chief writes, the other workers wait for it."""
    p, names, chief, splits = asked.parameters, asked.names, asked.replicas.chief, asked.splits
    out = _prepare(p.out) if chief else p.out
    say(str(asked))
    checkpoint = Checkpoint(out / CHECKPOINT, _identity(asked.card))
    if restart and chief:
        checkpoint.remove()
    labelled = labelled_pixels(splits["train"])
    trainer = Trainer(
        lambda: _network(p, len(names), home), len(names), p.plan, [*labelled], asked.replicas
    )
    done = 0 if restart else trainer.resume(checkpoint)
    asked.replicas.agree(json.dumps([done, out.is_dir()]))
    if done:
        say(f"{out}: going on after epoch {done} of {p.plan.epochs}")
    elif chief:
        forget(out / FOLDER)
    examples = Examples.choose(splits["valid"], asked.card.labels, p.plan.seed)
    for epoch in trainer.fit(splits["train"], splits["valid"], stepped):
        if chief:
            trainer.network.save(out / WEIGHTS)
            examples.write(out / FOLDER, trainer.network, epoch.number)
            history.write(out, names, trainer.epochs)
            crowd_report.write(out, LearntCrowd.of(names, labelled, trainer.confusions))
            trainer.keep(checkpoint)
            report(epoch)
    if chief:
        learnt = LearntCrowd.of(names, labelled, trainer.confusions)
        device = asked.device.record(asked.precision, asked.why)
        device |= {"workers": asked.replicas.workers}
        _ended(trainer, asked.card, splits, out, {"device": device} | learnt.record())
        for line in learnt.words():
            say(line)
        checkpoint.remove()
    asked.replicas.wait()
    return read_card(out)


def _ended(
    trainer: Trainer,
    asked: ModelCard,
    splits: dict[str, list[Sample]],
    out: Path,
    told: dict[str, Any],
) -> None:
    """Write the last weights and the card, measured on all pictures that were not trained on.

    Args:
        told: what the card says of the training beside its course.
    """
    trainer.shift()
    trainer.network.save(out / WEIGHTS)
    names = tuple(one.name for one in asked.classes)
    metrics = {split: _measure(trainer, splits[split], names) for split in ("valid", "test")}
    course = {
        "epochs": len(trainer.epochs),
        "seconds": round(sum(one.seconds for one in trainer.epochs), 1),
        "stopped": trainer.stopped,
    }
    card = asked.model_copy(
        update={
            "digest": weights_digest(out / WEIGHTS),
            "metrics": {"dice": metrics},
            "training": asked.training | course | told,
        }
    )
    replace_text(out / CARD, card.model_dump_json(indent=2) + "\n")


def _identity(asked: ModelCard) -> dict[str, Any]:
    """What a training that was killed must share with the one that goes on: not names and words."""
    shared = ("plan", "data", "init_digest", "architecture", "architecture_config", "classes")
    return {key: value for key, value in of_card(asked).items() if key in (*shared, "mpp")}


def load_splits(
    parameters: TrainParameters, say: Callable[[str], None] = lambda _: None
) -> dict[str, list[Sample]]:
    """The pictures of each split, the held-out patient moved to the test.

    Of a crowd, those to train on come once for each who has labelled them.

    Raises:
        DatasetError, MissingScaleError: see `load_checked`, `load_crowd`.
    """
    p, names = parameters, tuple(one.name for one in class_cards(parameters))
    splits = load_checked(p.data, names, p.mpp, p.assumed_mpp, p.hold_out, say)
    if p.plan.crowd:
        splits["train"] = load_crowd(p.data, splits["train"], p.mpp, p.assumed_mpp, say)
    return splits


def class_cards(parameters: TrainParameters) -> tuple[ClassCard, ...]:
    """The classes to learn, in the order of the network's channels.

    Raises:
        DatasetError: the data is a snapshot of other classes than those asked for.
        UsageError: BCSS has no class of a name.
    """
    asked = parameters.classes
    own = classes_of_data(parameters.data, asked)
    if own is None:
        colored = [(name, PALETTE[at % len(PALETTE)]) for at, name in enumerate(asked or TUMOR)]
    else:
        colored = [(one.name, one.color) for one in own]
        if asked is not None and asked != tuple(name for name, _ in colored):
            raise DatasetError(
                f"{parameters.data}: is a snapshot of {', '.join(name for name, _ in colored)}",
                hint="leave --classes out, or build a snapshot with other classes",
            )
    return tuple(
        ClassCard(name=name, code=code, color=color)
        for code, (name, color) in enumerate(colored, start=1)
    )


def _refuse_odd_sides(parameters: TrainParameters) -> None:
    p = parameters
    Tiling(p.tile, p.halo, p.overlap)  # else the model could not segment
    stride = architectures.configure(p.architecture, 1, **p.architecture_config).stride
    for what, side in (("patch", p.plan.side), ("tile", p.tile)):
        if side % stride:
            above = -(-side // stride) * stride
            raise UsageError(
                f"a {what} of {side} px does not fit {p.architecture}: "
                f"a side must be a multiple of {stride} px",
                hint=f"take {above}, or fewer levels",
            )


def _network(parameters: TrainParameters, classes: int, home: Path) -> Any:
    """A network under the current precision policy, with the weights of ``init`` if one is named.

    Raises:
        ModelError: its weights do not fit the architecture.
    """
    p = parameters
    network = architectures.build(p.architecture, classes, **p.architecture_config)
    if parameters.init:
        before = ModelRegistry(home).get(parameters.init)
        try:
            network.set_weights(load_network(before).get_weights())
        except ValueError as error:
            raise ModelError(
                f"{before.card.reference}: its weights do not fit {parameters.architecture} "
                f"with {classes} classes",
                hint="train without --init",
            ) from error
    return network


def _measure(
    trainer: Trainer, samples: list[Sample], classes: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Dice per picture and class, at probability 0.5."""
    return {
        sample.name: {
            name: round(one.dice, 4)
            for name, one in zip(
                classes, sample_overlaps(trainer.network, sample, len(classes)), strict=True
            )
        }
        for sample in samples
    }


def _prepare(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / CARD).unlink(missing_ok=True)  # without a card it is no model yet
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error
    return out
