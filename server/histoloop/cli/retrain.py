"""`histoloop retrain`: from annotations to the next version of a model, if it is not worse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histoloop.cli.dataset import Annotators, Classes, Folder, SlideMpp
from histoloop.errors import UsageError

COURSE = "Course of the training"


def retrain(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of this run.")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Its active version is gone on from.")
    ] = "tumor",
    source: Annotated[
        str | None,
        typer.Option(
            metavar="DSA_URL|DIR", help="A DSA, or a folder of slides with STEM.json beside each."
        ),
    ] = None,
    gtcodes: Annotated[
        Path | None, typer.Option(metavar="CSV", help="HistomicsTK's GTCodes table.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR|SNAPSHOT", help="Train on this instead, as `train` does."),
    ] = None,
    folder: Folder = None,
    classes: Classes = None,
    consensus: Annotated[
        str, typer.Option(help="Where several people drew; see `dataset build`.")
    ] = "reviewed",
    annotators: Annotators = None,
    patients: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="name,patient[,site][,split] where names do not say it."),
    ] = None,
    slide_mpp: SlideMpp = None,
    assume_mpp: Annotated[
        float | None, typer.Option(help="µm/px of pictures of --data that do not say their own.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Begin with new weights.")
    ] = False,
    margin: Annotated[
        float | None,
        typer.Option(help="Dice that a class may lose. [default: HISTOLOOP_GATE_MARGIN, 0.02]"),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="[default: HISTOLOOP_RETRAIN_EPOCHS, 10]", rich_help_panel=COURSE),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Batches per epoch. [default: HISTOLOOP_RETRAIN_STEPS, 50]",
            rich_help_panel=COURSE,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="[default: 0.0003]", rich_help_panel=COURSE)
    ] = None,
    crowd: Annotated[
        bool | None,
        typer.Option(
            "--crowd/--no-crowd",
            help="Learn from each annotator's own masks, see `train`. "
            "[default: HISTOLOOP_RETRAIN_CROWD, no]",
            rich_help_panel=COURSE,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of patches.", rich_help_panel=COURSE)] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Train the next version of a model from annotations; promote it if it is not worse.

    Annotations become a snapshot, whose test pictures are locked: they compare all versions of
    this model from now on, and nobody is ever trained on them. The active version is trained on;
    what comes out is a candidate. It becomes active if no class loses more than the margin, else
    the active one is kept; `models show` says why, `models rollback` goes back.

    The same command again goes on where it was stopped.

    Example: `histoloop retrain --source slides --gtcodes GTCodes.csv --out retrained`
    """
    from histoloop.cli.models import who
    from histoloop.config import settings
    from histoloop.jobs.context import Context, ThreadExecutor
    from histoloop.jobs.dataset import DatasetParameters
    from histoloop.jobs.retrain import RetrainParameters
    from histoloop.jobs.retrain import retrain as run

    if (source is None) == (data is None) or (source is None) != (gtcodes is None):
        raise UsageError(
            "it is not said what to learn from", hint="give --source with --gtcodes, or --data"
        )
    said = settings(home=home)
    course = {"epochs": epochs, "steps": steps, "learning_rate": learning_rate, "seed": seed}
    course |= {"crowd": crowd}
    annotations = data or DatasetParameters(
        source=source or "",
        gtcodes=gtcodes or Path(),
        out=out,
        folder=folder,
        classes=classes,
        consensus=consensus,
        annotators=annotators,
        patients=patients,
        slide_mpp=slide_mpp,
    )
    parameters = RetrainParameters(
        data=annotations,
        out=out,
        model=model,
        from_scratch=from_scratch,
        course={name: value for name, value in course.items() if value is not None},
        assumed_mpp=assume_mpp,
        margin=margin,
        by=who(),
    )
    try:
        found = run(parameters, said, Context(ThreadExecutor(said.workers)), typer.echo)
    except KeyboardInterrupt:
        typer.echo("histoloop: stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    for note in found.decision.notes:
        typer.echo(f"histoloop: warning: {note}", err=True)
    typer.echo(found.decision.words)
