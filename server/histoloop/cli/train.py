"""`histoloop train`: data to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR|SNAPSHOT",
            help="Folder with {train,valid,test}/{images,masks}, same-named files; or BCSS's.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
    name: Annotated[str, typer.Option(help="What the model is called.")] = "model",
    version: Annotated[int, typer.Option(help="Its version.")] = 1,
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
    architecture: Annotated[str, typer.Option(help="The network.")] = "unet",
    init: Annotated[
        str | None, typer.Option(metavar="NAME[@V]", help="Go on from this model's weights.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Rounds of --steps.")] = 20,
    steps: Annotated[int, typer.Option(help="Batches per epoch.")] = 100,
    side: Annotated[int, typer.Option(help="Side of a training patch, px.")] = 128,
    batch: Annotated[int, typer.Option(help="Patches per batch.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="At its height.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of weights and patches.")] = 0,
    precision: Annotated[
        str, typer.Option(help="float32; mixed_bfloat16 is faster where the CPU or GPU has it.")
    ] = "float32",
    loss: Annotated[
        str,
        typer.Option(
            help="bce, dice, iou, bce+dice, bce+iou, focal, tversky; for several classes cce, "
            "cce+dice, cce+iou, cfocal, too."
        ),
    ] = "bce+dice",
    shift: Annotated[
        float,
        typer.Option(help="Added to the log odds of the trained network; below 0 it calls less."),
    ] = 0.0,
    halo: Annotated[int, typer.Option(help="Context px whose prediction is dropped.")] = 48,
    hold_out: Annotated[
        str | None, typer.Option(metavar="PATIENT", help="Test on this patient, train on the rest.")
    ] = None,
    summary: Annotated[str, typer.Option(help="One line for the card.")] = "",
    notice: Annotated[str, typer.Option(help="What a user must know first.")] = "",
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "",
    home: Annotated[
        Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Train a model on pictures with masks.

    Masks hold the class codes, or 0 and 255 for a single class. Pictures of one patient must
    stay in one split: TCGA barcodes are understood, `patients.csv` (name,patient) says the rest.

    Example: `histoloop train --data my-rois --assume-mpp 0.25 --out my-model`
    """
    from histoloop.config import settings
    from histoloop.jobs.train import TrainParameters
    from histoloop.jobs.train import train as run
    from histoloop.training.plan import TrainingPlan
    from histoloop.training.trainer import Epoch

    parameters = TrainParameters(
        data=data,
        out=out,
        name=name,
        version=version,
        classes=tuple(classes.split(",")) if classes else None,
        mpp=mpp,
        assumed_mpp=assume_mpp,
        architecture=architecture,
        init=init,
        halo=halo,
        hold_out=hold_out,
        summary=summary,
        notice=notice,
        licence=licence,
        plan=TrainingPlan(
            epochs=epochs,
            steps=steps,
            side=side,
            batch=batch,
            learning_rate=learning_rate,
            seed=seed,
            precision=precision,
            loss=loss,
            shift=shift,
        ),
    )

    def say(epoch: Epoch) -> None:
        dice = ", ".join(f"{one:.3f}" for one in epoch.dice) or "not measured"
        left = (epochs - epoch.number) * epoch.seconds / 60
        typer.echo(
            f"epoch {epoch.number}/{epochs}: loss {epoch.loss:.3f}, validation Dice {dice} "
            f"({epoch.seconds:.0f} s, {left:.0f} min left)"
        )

    card = run(parameters, settings(home=home).home, say, typer.echo)
    typer.echo(f"{card.reference} → {out}")
