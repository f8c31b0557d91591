"""`histoloop train`: data to a model folder."""
# ruff: noqa: ARG001  # most options are read from the context, which knows which were given

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from histoloop.errors import UsageError

if TYPE_CHECKING:
    from histoloop.training.trainer import Epoch

NETWORK, COURSE, CARD = "Network", "Course of the training", "The model's card"


def train(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|SNAPSHOT",
            help="Folder with {train,valid,test}/{images,masks}, same-named files; or BCSS's. "
            "[default: what --config names]",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The model folder to write.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A train_eval_infer.config; options given here win over it."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what becomes of every key of --config; stop.")
    ] = False,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Names, comma-separated, of the mask codes 1, 2, … [default: tumor, "
            "or those of the snapshot]; of BCSS those to learn, all others are the rest."
        ),
    ] = None,
    mpp: Annotated[float, typer.Option(help="Scale to train at, µm/px.")] = 2.0,
    assume_mpp: Annotated[
        float | None, typer.Option(help="µm/px of pictures that do not say their own.")
    ] = None,
    hold_out: Annotated[
        str | None, typer.Option(metavar="PATIENT", help="Test on this patient, train on the rest.")
    ] = None,
    architecture: Annotated[
        str, typer.Option(help="The network.", rich_help_panel=NETWORK)
    ] = "lean-unet",
    arch_config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="What differs from its defaults, as often as needed.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[@V]", help="Go on from this model's weights.", rich_help_panel=NETWORK
        ),
    ] = None,
    tile: Annotated[
        int | None,
        typer.Option(
            help="Side of a tile when slides are segmented, px. [default: 1024, or what fits]",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    halo: Annotated[
        int | None,
        typer.Option(
            help="Context px whose prediction is dropped. [default: an eighth of the tile, or a "
            "little more]",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Rounds of --steps.", rich_help_panel=COURSE)] = 20,
    steps: Annotated[int, typer.Option(help="Batches per epoch.", rich_help_panel=COURSE)] = 100,
    side: Annotated[
        int | None,
        typer.Option(
            help="Side of a training patch, px. [default: 128, or what fits the network]",
            rich_help_panel=COURSE,
        ),
    ] = None,
    batch: Annotated[int, typer.Option(help="Patches per batch.", rich_help_panel=COURSE)] = 8,
    augment: Annotated[
        bool,
        typer.Option(help="Turn, zoom and restain patches each time.", rich_help_panel=COURSE),
    ] = True,
    loss: Annotated[
        str,
        typer.Option(
            help="bce, dice, iou, bce+dice, bce+iou, focal, tversky; for several classes cce, "
            "cce+dice, cce+iou, cfocal, too.",
            rich_help_panel=COURSE,
        ),
    ] = "bce+dice",
    crowd: Annotated[
        bool,
        typer.Option(
            "--crowd",
            help="Learn from each annotator's own masks of a SNAPSHOT, and whom to believe.",
            rich_help_panel=COURSE,
        ),
    ] = False,
    deep_supervision: Annotated[
        bool,
        typer.Option(
            "--deep-supervision",
            help="Judge every level of the decoder, while training; UNet 3+ was published so.",
            rich_help_panel=COURSE,
        ),
    ] = False,
    optimizer: Annotated[
        str, typer.Option(help="adamw or adam.", rich_help_panel=COURSE)
    ] = "adamw",
    learning_rate: Annotated[
        float, typer.Option(help="At its height.", rich_help_panel=COURSE)
    ] = 1e-3,
    clip_norm: Annotated[
        float | None,
        typer.Option(
            help="Bound of a gradient's norm. [default: 1 without --clip-value]",
            rich_help_panel=COURSE,
        ),
    ] = None,
    clip_value: Annotated[
        float | None,
        typer.Option(help="Bound of a gradient's elements.", rich_help_panel=COURSE),
    ] = None,
    schedule: Annotated[
        str,
        typer.Option(
            help="The rate falls as a cosine, or at a plateau of the score.",
            rich_help_panel=COURSE,
        ),
    ] = "cosine",
    plateau_patience: Annotated[
        int, typer.Option(help="Epochs that make a plateau.", rich_help_panel=COURSE)
    ] = 4,
    plateau_factor: Annotated[
        float, typer.Option(help="On the rate, at a plateau.", rich_help_panel=COURSE)
    ] = 0.2,
    patience: Annotated[
        int,
        typer.Option(
            help="Stop after so many epochs without a better score; 0: never.",
            rich_help_panel=COURSE,
        ),
    ] = 0,
    monitor: Annotated[
        str, typer.Option(help="The score: validation dice or loss.", rich_help_panel=COURSE)
    ] = "dice",
    keep: Annotated[
        str, typer.Option(help="Weights of the last or the best epoch.", rich_help_panel=COURSE)
    ] = "last",
    average: Annotated[
        float,
        typer.Option(
            help="Decay of the running mean of the weights; 0: none.", rich_help_panel=COURSE
        ),
    ] = 0.99,
    seed: Annotated[int, typer.Option(help="Of weights and patches.", rich_help_panel=COURSE)] = 0,
    precision: Annotated[
        str,
        typer.Option(
            help="float32, mixed_float16, or mixed_bfloat16, faster where the CPU or GPU has it; "
            "auto: mixed_float16 on a GPU with tensor cores, else float32.",
            rich_help_panel=COURSE,
        ),
    ] = "auto",
    shift: Annotated[
        float,
        typer.Option(
            help="Added to the log odds of the trained network; below 0 it calls less.",
            rich_help_panel=COURSE,
        ),
    ] = 0.0,
    name: Annotated[
        str, typer.Option(help="What the model is called.", rich_help_panel=CARD)
    ] = "model",
    version: Annotated[int, typer.Option(help="Its version.", rich_help_panel=CARD)] = 1,
    summary: Annotated[str, typer.Option(help="One line for the card.", rich_help_panel=CARD)] = "",
    notice: Annotated[
        str, typer.Option(help="What a user must know first.", rich_help_panel=CARD)
    ] = "",
    licence: Annotated[str, typer.Option(help="Of the weights.", rich_help_panel=CARD)] = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, whatever --out holds.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Train a model on pictures with masks.

    Masks hold the class codes, or 0 and 255 for a single class. Pictures of one patient must
    stay in one split: TCGA barcodes are understood, `patients.csv` (name,patient) says the rest.

    The same command again goes on after the last whole epoch of a training that was killed.

    Example: `histoloop train --data my-rois --assume-mpp 0.25 --out my-model`

    `--crowd` is for pictures with one or two annotators out of many: it learns a confusion matrix
    of each beside the network, and says at the end who confuses what (`annotators.json`).

    `--config train_eval_infer.config` reads an experiment's file: what becomes of each of its keys
    is said (`--explain`), and the test pictures are judged after the training.
    """
    from histoloop.cli.train_options import given_options, scale_warning, train_parameters
    from histoloop.cli.train_progress import step_listener
    from histoloop.config import settings
    from histoloop.jobs.context import ThreadExecutor
    from histoloop.jobs.train import train as run
    from histoloop.jobs.train_experiment import judge_test
    from histoloop.training.experiment_config import read_experiment

    given = given_options(ctx)
    experiment = read_experiment(config, given) if config else None
    if explain:
        if experiment is None:
            raise UsageError("--explain says what becomes of a config", hint="add --config FILE")
        typer.echo("\n".join(experiment.explain()))
        return
    parameters = train_parameters(ctx.params, given, data, out, experiment)
    if experiment:
        typer.echo("\n".join(experiment.left_out()), err=True)
        if warning := scale_warning(parameters, given):
            typer.echo(warning, err=True)
    total = parameters.plan.epochs
    said = settings(home=home)
    try:
        with step_listener(total, parameters.plan.steps) as listener:

            def say(epoch: Epoch) -> None:
                listener.seconds = epoch.seconds
                typer.echo(_line(epoch, total))

            card = run(
                parameters, said.home, say, typer.echo, restart=restart, stepped=listener.step
            )
    except KeyboardInterrupt:
        typer.echo(
            "histoloop: stopped; the same command goes on after the last whole epoch", err=True
        )
        raise typer.Exit(130) from None
    typer.echo(f"{card.reference} → {parameters.out}")
    if experiment:
        for line in judge_test(parameters, said.home, ThreadExecutor(said.workers)):
            typer.echo(line)


def _line(epoch: Epoch, total: int) -> str:
    dice = ", ".join(f"{one:.3f}" for one in epoch.dice) or "not measured"
    left = (total - epoch.number) * epoch.seconds / 60
    return (
        f"epoch {epoch.number}/{total}: loss {epoch.loss:.3f}, validation Dice {dice} "
        f"({epoch.seconds:.0f} s, {left:.0f} min left)"
    )
