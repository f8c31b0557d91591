"""Pictures with truth → how good a model is: the journey of an evaluation."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import DatasetError, UsageError
from histoloop.jobs.context import Executor
from histoloop.jobs.judgement import (
    Comparison,
    JudgedSlide,
    Judgement,
    channels,
    compare,
    split_seen,
    warnings,
)
from histoloop.jobs.plan import SegmentParameters, make_plan
from histoloop.jobs.whole_picture import predict_whole
from histoloop.masks.labels import labels
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.runtimes import RuntimeName
from histoloop.slides.folder import SlideFile
from histoloop.tiling.stitching import Probabilities
from histoloop.training.augmentation import IGNORED
from histoloop.training.blocks import block_overlaps
from histoloop.training.meaning import classes_of_data
from histoloop.training.samples import SPLITS, Sample, each_picture
from histoloop.training.scoring import Labels, score
from histoloop.training.worst_tiles import Tile, worst_tiles

GALLERY = 12
"""Tiles shown."""

_PER_SLIDE = 3
"""One bad slide must not hide what is wrong with the others."""

Heard = Callable[[str, JudgedSlide], None]
"""Told a model's label and every picture as soon as it is judged."""


@dataclass(frozen=True)
class EvaluateParameters:
    """What a user asks for.

    Attributes:
        data: folder with ``<split>/{images,masks}``, or a snapshot.
        others: models to compare with.
        assumed_mpp: of pictures that do not say theirs.
        tolerance_um: how far apart two outlines may be and still agree.
        seed: of the resampled patients.
    """

    model: str
    data: Path
    split: str = "test"
    others: tuple[str, ...] = ()
    assumed_mpp: float | None = None
    threshold: float = 0.5
    tolerance_um: float = 5.0
    runtime: RuntimeName = RuntimeName.AUTO
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UsageError(f"unknown split {self.split!r}", hint=f"one of {', '.join(SPLITS)}")
        if not self.tolerance_um > 0:
            raise UsageError("the tolerance of outlines must be above 0 µm", hint="5 is usual")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out; `evaluation_report.write` puts it into a folder.

    Attributes:
        judgement: of the model; others: of those that it is compared with.
        compared: for each of the others, class by class.
    """

    parameters: EvaluateParameters
    judgement: Judgement
    others: tuple[Judgement, ...]
    compared: tuple[tuple[Comparison, ...], ...]
    warnings: tuple[str, ...]

    @property
    def other(self) -> Judgement | None:
        """Of the first that it is compared with."""
        return next(iter(self.others), None)


def evaluate(
    parameters: EvaluateParameters, home: Path, executor: Executor, heard: Heard
) -> Evaluation:
    """Predict every picture as `segment` would and compare it with its mask.

    Args:
        home: where models and caches are.

    Raises:
        NotFoundError: there is no such model.
        DatasetError: the split is empty, or its masks do not fit the pictures or the model.
        UsageError: two models have no class in common.
    """
    p, registry = parameters, ModelRegistry(home)
    asked = (p.model, *p.others)
    models = [registry.get(one) for one in asked]
    for other in models[1:]:
        _refuse_strangers(models[0], other)
    called = _labels(asked, models)
    mine, *theirs = (
        _Judge(p, model, label, home, executor).judge(heard)
        for model, label in zip(models, called, strict=True)
    )
    said = [line for one in (mine, *theirs) for line in warnings(one)]
    found = tuple(tuple(compare(mine, one, p.seed)) for one in theirs)
    return Evaluation(p, mine, tuple(theirs), found, tuple(said))


def _labels(asked: Sequence[str], models: Sequence[Model]) -> list[str]:
    """References; of those that several models have, with how they were asked for."""
    names = [model.card.reference for model in models]
    return [
        name if names.count(name) == 1 else f"{name} ({one})"
        for name, one in zip(names, asked, strict=True)
    ]


@dataclass(frozen=True)
class _Judge:
    """One model before all pictures."""

    parameters: EvaluateParameters
    model: Model
    label: str
    home: Path
    executor: Executor

    def judge(self, heard: Heard) -> Judgement:
        p, card = self.parameters, self.model.card
        slides, worst = list[JudgedSlide](), list[Tile]()
        for address, sample in each_picture(p.data, p.split, card.mpp, p.assumed_mpp):
            slide, tiles = self._one(address, sample)
            worst = heapq.nlargest(GALLERY, [*worst, *tiles], key=lambda tile: tile.wrong)
            slides.append(slide)
            heard(self.label, slide)
        if not slides:
            raise DatasetError(
                f"{p.data}: holds no pictures in {p.split}/images",
                hint=f"--split is one of {', '.join(SPLITS)}",
            )
        return Judgement(card, tuple(slides), tuple(worst), self.label)

    def _one(self, address: SlideFile, sample: Sample) -> tuple[JudgedSlide, list[Tile]]:
        p, card = self.parameters, self.model.card
        truth = self._truth(sample)
        probabilities = self._predict(address)
        if probabilities.shape[1:] != truth.shape:
            raise DatasetError(
                f"{sample.name}: is too coarse for {card.reference} ({card.mpp:g} µm/px)",
                hint="give pictures of a finer scale",
            )
        predicted = labels(probabilities, channels(card), p.threshold)
        found = score(probabilities, predicted, truth, p.tolerance_um / card.mpp)
        seen = split_seen(card, sample.patient)
        parts = block_overlaps(predicted, truth, len(card.classes))
        slide = JudgedSlide(sample.name, sample.patient, seen, sample.digest, found, parts)
        return slide, worst_tiles(sample.name, sample.image, truth, predicted, _PER_SLIDE)

    def _predict(self, address: SlideFile) -> Probabilities:
        p = self.parameters
        with TemporaryDirectory() as folder:
            asked = SegmentParameters(
                address, p.model, Path(folder), threshold=p.threshold, runtime=p.runtime
            )
            plan = make_plan(asked, address.open(), self.model, run=None)
            return predict_whole(plan, self.home, self.executor)

    def _truth(self, sample: Sample) -> Labels:
        """In the model's classes, by their index from 1.

        Raises:
            DatasetError: the mask has codes that mean nothing.
        """
        truth, count = self._classes[sample.truth], len(self.model.card.classes)
        if odd := sorted(set(np.unique(truth).tolist()) - {*range(count + 1), IGNORED}):
            raise DatasetError(
                f"{sample.name}: its mask has codes {', '.join(map(str, odd))}, "
                f"the model has {count} class{'es' if count > 1 else ''}",
                hint="a mask holds 0, class codes from 1, and 255 where nobody knows",
            )
        return truth

    @cached_property
    def _classes(self) -> NDArray[np.uint8]:
        """The model's class index for each of 256 of the data's; `IGNORED` stays.

        Raises:
            DatasetError: the data is a snapshot, or BCSS, and lacks a class of the model.
        """
        table = np.arange(256, dtype=np.uint8)
        data, card = self.parameters.data, self.model.card
        if (own := classes_of_data(data, None)) is None:
            return table
        names = [one.name for one in card.classes]
        theirs = [one.name for one in own]
        if missing := [name for name in names if name not in theirs]:
            raise DatasetError(
                f"{data}: has no truth for {', '.join(missing)} of {card.reference}",
                hint=f"its classes are {', '.join(theirs)}",
            )
        for index, name in enumerate(theirs, start=1):
            table[index] = names.index(name) + 1 if name in names else 0
        return table


def _refuse_strangers(model: Model, other: Model) -> None:
    mine, theirs = ({one.name for one in each.card.classes} for each in (model, other))
    if not mine & theirs:
        raise UsageError(
            f"{model.card.reference} and {other.card.reference} have no class in common",
            hint=f"{', '.join(sorted(mine))} against {', '.join(sorted(theirs))}",
        )
