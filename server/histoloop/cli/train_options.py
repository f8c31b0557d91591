"""The options of `histoloop train`, with those of an experiment's config beneath them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from histoloop.errors import UsageError

if TYPE_CHECKING:
    from histoloop.jobs.train import TrainParameters
    from histoloop.training.experiment_config import Experiment

_SIDE = 128
_PLAN = (
    "epochs",
    "steps",
    "side",
    "batch",
    "learning_rate",
    "optimizer",
    "clip_norm",
    "clip_value",
    "schedule",
    "plateau_patience",
    "plateau_factor",
    "patience",
    "monitor",
    "keep",
    "average",
    "seed",
    "precision",
    "loss",
    "crowd",
    "deep_supervision",
    "shift",
)
_CARD = ("name", "version", "mpp", "architecture", "init", "tile", "halo", "hold_out")
_WORDS = ("summary", "notice", "licence")


def given_options(ctx: typer.Context) -> dict[str, Any]:
    """Those that were typed, by name; ``arch_config`` as a table.

    Raises:
        UsageError: one of `--arch-config` is no KEY=VALUE.
    """
    given = {
        name: value
        for name, value in ctx.params.items()
        if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    if "arch_config" in given:
        given["arch_config"] = parse_config(given["arch_config"])
    return given


def parse_config(pairs: Sequence[str]) -> dict[str, Any]:
    """``KEY=VALUE`` each; a value that is no Python literal is text.

    Raises:
        UsageError: there is no ``=``.
    """
    found = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--arch-config {pair!r} is not KEY=VALUE", hint="levels=5, say")
        found[key.strip()] = _literal(text.strip())
    return found


def train_parameters(
    options: Mapping[str, Any],
    given: Mapping[str, Any],
    data: Path | None,
    out: Path | None,
    experiment: Experiment | None,
) -> TrainParameters:
    """What to train: as given, else as the experiment says, else by default.

    Raises:
        UsageError: data or out are missing, or there is no such architecture or config of it.
    """
    from histoloop.jobs.train import TrainParameters, class_cards
    from histoloop.jobs.train_experiment import patches_of
    from histoloop.models import architectures
    from histoloop.tiling.grid import Tiling
    from histoloop.training.augmentation import UNCHANGED, Augmentation
    from histoloop.training.plan import TrainingPlan

    if out is None:
        raise UsageError("the model has no place to go", hint="add --out DIR")
    if data is None and experiment is None:
        raise UsageError("there is nothing to train on", hint="add --data DIR")
    folder = data or (experiment.data() if experiment else Path())
    values = {**options, **(experiment.options if experiment else {})}
    shape = values["arch_config"] if experiment else given.get("arch_config", {})
    stride = architectures.configure(values["architecture"], 1, **shape).stride
    values["side"] = values["side"] or _fitting(_SIDE, stride)
    values["tile"] = given.get("tile") or _fitting(values["tile"] or TrainParameters.tile, stride)
    if values["halo"] is None:
        values["halo"] = Tiling.in_step(values["tile"], TrainParameters.overlap, stride).halo
    if values["clip_norm"] is None and values["clip_value"] is None:
        values["clip_norm"] = 1.0
    if experiment and "steps" not in given and "steps" not in experiment.options:
        values["steps"] = patches_of(folder, values["side"], values["mpp"], values["batch"])
    classes = values["classes"]
    parameters = TrainParameters(
        data=folder,
        out=out,
        classes=tuple(classes.split(",")) if classes else None,
        assumed_mpp=values["assume_mpp"] or (values["mpp"] if experiment else None),
        architecture_config=shape,
        config=experiment.record() if experiment else None,
        plan=TrainingPlan(
            augmentation=Augmentation() if values["augment"] else UNCHANGED,
            **{name: values[name] for name in _PLAN},
        ),
        **{name: values[name] for name in (*_CARD, *_WORDS)},
    )
    if experiment:
        experiment.check_classes(len(class_cards(parameters)))
    return parameters


def scale_warning(parameters: TrainParameters, given: Mapping[str, Any]) -> str:
    """What to say when pictures were taken as they are; empty when they say their scale."""
    from histoloop.slides.folder import open_slide
    from histoloop.training.samples import named_pictures

    if "assume_mpp" in given:
        return ""
    found = list(named_pictures(parameters.data, "train"))
    count = sum(open_slide(one.image).mpp is None and one.mpp is None for one in found)
    if not count:
        return ""
    return (
        f"{count} of {len(found)} training pictures do not say their µm/px: taken as they are, as "
        f"if at {parameters.mpp:g}; with --mpp and --assume-mpp slides are segmented at their scale"
    )


def _fitting(side: int, stride: int) -> int:
    """The least multiple of the stride from there on."""
    return -(-side // stride) * stride


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
