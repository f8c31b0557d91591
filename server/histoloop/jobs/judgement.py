"""What an evaluation has found out about one model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import numpy as np

from histoloop.masks.labels import LabelClass
from histoloop.models.card import ModelCard
from histoloop.training.bootstrap import Interval, dice_interval, difference_interval, verdict
from histoloop.training.metrics import Overlap
from histoloop.training.scoring import Score
from histoloop.training.worst_tiles import Tile


@dataclass(frozen=True, eq=False)
class JudgedSlide:
    """A picture.

    Attributes:
        seen: the split of the model's own training that the patient was in; empty for none.
        digest: of picture and mask.
        blocks: an overlap per class for each part of the picture; see `training.blocks`.
    """

    name: str
    patient: str
    seen: str
    digest: str
    score: Score
    blocks: tuple[tuple[Overlap, ...], ...] = ()

    def dice(self, index: int) -> float:
        """Of a class."""
        return self.score.classes[index].overlap.dice

    def absent(self, index: int) -> bool:
        """The class is neither there nor predicted: a Dice of 1 that says nothing."""
        return self.score.classes[index].overlap.absent


@dataclass(frozen=True, eq=False)
class Judgement:
    """A model on a set of pictures; a class is named by its index in the card.

    Attributes:
        label: what the model is called beside others: its reference, and where two have the
            same one, how it was asked for.
    """

    card: ModelCard
    slides: tuple[JudgedSlide, ...]
    worst_tiles: tuple[Tile, ...]
    label: str

    @cached_property
    def pooled(self) -> Score:
        """All pictures as if they were one."""
        return reduce(add, (one.score for one in self.slides))

    @property
    def patients(self) -> tuple[str, ...]:
        return tuple(sorted({one.patient for one in self.slides}))

    def by_patient(self, index: int) -> list[Overlap]:
        """The pictures of each patient pooled, in the order of `patients`."""
        return [
            reduce(
                add,
                (s.score.classes[index].overlap for s in self.slides if s.patient == patient),
            )
            for patient in self.patients
        ]

    def interval(self, index: int, seed: int) -> Interval:
        """Of the pooled Dice."""
        return dice_interval(self.by_patient(index), seed)

    def present(self, index: int) -> list[JudgedSlide]:
        """The pictures where the class is there or was predicted, worst first."""
        found = [one for one in self.slides if not one.absent(index)]
        return sorted(found, key=lambda one: (one.dice(index), one.name))

    def mean_dice(self, index: int) -> float:
        """Over `present`; NaN where that is empty."""
        found = [one.dice(index) for one in self.present(index)]
        return float(np.mean(found)) if found else float("nan")


@dataclass(frozen=True)
class Comparison:
    """The pooled Dice of one class for two models on the same pictures.

    Attributes:
        model: the other's label; name: of the class.
        dice, other: the first's and the other's.
        interval: of the first's minus the other's; verdict: what the first is.
    """

    model: str
    name: str
    dice: float
    other: float
    interval: Interval
    verdict: str

    @property
    def difference(self) -> float:
        """The first's minus the other's."""
        return self.dice - self.other


def compare(one: Judgement, other: Judgement, seed: int) -> list[Comparison]:
    """Class by class, for the classes that both models have, in the first one's order."""
    theirs = {named.name: index for index, named in enumerate(other.card.classes)}
    found = []
    for index, named in enumerate(one.card.classes):
        if (at := theirs.get(named.name)) is not None:
            mine, dice = one.by_patient(index), one.pooled.classes[index].overlap.dice
            yours = other.pooled.classes[at].overlap.dice
            interval = difference_interval(mine, other.by_patient(at), seed)
            said = verdict(dice - yours, interval, len(one.slides))
            found.append(Comparison(other.label, named.name, dice, yours, interval, said))
    return found


def channels(card: ModelCard) -> tuple[LabelClass, ...]:
    """The classes with their index, from 1, for a code: as truths have them."""
    return tuple(
        LabelClass(one.name, index, one.color) for index, one in enumerate(card.classes, start=1)
    )


def split_seen(card: ModelCard, patient: str) -> str:
    """The split of the model's own training that a patient was in; empty for none."""
    splits = card.training.get("patients", {})
    for split in ("train", "valid"):
        if patient in splits.get(split, ()):
            return split
    return ""


def warnings(judgement: Judgement) -> list[str]:
    """Why the figures may be better than a new patient's."""
    card, said = judgement.card, []
    told = {
        "train": "was trained on",
        "valid": "was watched on while it was trained",
    }
    for split, how in told.items():
        if known := _of(judgement.slides, split):
            said.append(
                f"LEAK: {judgement.label} {how} {len(known)} of these {len(judgement.patients)} "
                f"patients ({_names(known)}): the figures say nothing about new patients"
            )
    if rest := _unseen(judgement):
        said.append(rest)
    if not card.training.get("patients"):
        said.append(f"{judgement.label} does not say which patients it was trained on: look out")
    if card.parent:
        said.append(
            f"{judgement.label} goes on from {card.parent}, whose patients are not checked here"
        )
    return said


def _unseen(judgement: Judgement) -> str:
    """The pooled Dice on the patients that were not seen, if others were.

    A name is all there is to go by: a patient under another name passes for a new one.
    """
    slides = [one for one in judgement.slides if not one.seen]
    if not slides or len(slides) == len(judgement.slides):
        return ""
    pooled = reduce(add, (one.score for one in slides))
    pairs = zip(judgement.card.classes, pooled.classes, strict=True)
    dice = ", ".join(f"{one.overlap.dice:.3f} for {named.name}" for named, one in pairs)
    return f"by their names new to {judgement.label}: {_names(_of(slides, ''))}; Dice there {dice}"


def _names(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _of(slides: Iterable[JudgedSlide], split: str) -> Sequence[str]:
    return sorted({one.patient for one in slides if one.seen == split})
