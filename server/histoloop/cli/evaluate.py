"""`histoloop evaluate`: how good a model is, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histoloop.models.runtimes import RuntimeName


def evaluate(
    model: Annotated[str, typer.Option(metavar="NAME[@V]|DIR", help="The model to judge.")],
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR|SNAPSHOT", help="Folder with SPLIT/{images,masks}, same-named files."
        ),
    ],
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    out: Annotated[
        Path | None, typer.Option(help="Folder for index.html, report.json, CSVs.")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[@V]|DIR", help="Another model, on the same pictures; as often as wanted."
        ),
    ] = None,
    assume_mpp: Annotated[
        float | None, typer.Option(help="µm/px of pictures that do not say their own.")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Probability from which a class holds.")] = 0.5,
    boundary_um: Annotated[
        float, typer.Option(help="µm that two outlines may be apart and still agree.")
    ] = 5.0,
    runtime: Annotated[RuntimeName, typer.Option(help="What runs the model.")] = RuntimeName.AUTO,
    seed: Annotated[int, typer.Option(help="Of the resampled patients.")] = 0,
    home: Annotated[
        Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Judge a model on pictures with masks: per class and slide, pooled, mean and worst.

    Pictures are predicted as `segment` predicts them. Pixels whose truth is not known count
    nowhere. Intervals resample patients; patients that the model was trained on are named.

    With --compare all models stand in one table, index.html, report.json and comparison.csv:
    each with its interval, and held against the first, the same patients drawn for both.

    Example: `histoloop evaluate --model tumor --data my-rois --compare my-model --out verdict`
    """
    from histoloop.config import settings
    from histoloop.jobs.context import ThreadExecutor
    from histoloop.jobs.evaluate import EvaluateParameters
    from histoloop.jobs.evaluate import evaluate as run
    from histoloop.jobs.evaluation_report import write
    from histoloop.jobs.evaluation_summary import slide_line, summary

    parameters = EvaluateParameters(
        model=model,
        data=data,
        split=split,
        others=tuple(compare or ()),
        assumed_mpp=assume_mpp,
        threshold=threshold,
        tolerance_um=boundary_um,
        runtime=runtime,
        seed=seed,
    )
    said = settings(home=home)
    found = run(
        parameters,
        said.home,
        ThreadExecutor(said.workers),
        lambda name, slide: typer.echo(slide_line(name, slide), err=True),
    )
    for line in summary(found):
        typer.echo(line)
    if out:
        write(found, out)
        typer.echo(f"→ {out / 'index.html'}")
