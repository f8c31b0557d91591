"""`histoloop dataset`: annotations to training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="From annotations to training data.", no_args_is_help=True)


@app.callback()
def dataset() -> None:
    """From annotations to training data."""


@app.command("build")
def build(
    source: Annotated[
        str,
        typer.Option(
            metavar="DSA_URL|DIR", help="A DSA, or a folder of slides with STEM.json beside each."
        ),
    ],
    gtcodes: Annotated[Path, typer.Option(metavar="CSV", help="HistomicsTK's GTCodes table.")],
    out: Annotated[Path, typer.Option(metavar="SNAPSHOT", help="The folder to make.")],
    folder: Annotated[
        str | None, typer.Option(metavar="ID", help="Folder or collection of the DSA.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help='E.g. "tumor=1,19,20;stroma=2;other=*". [default: one per GT code]'),
    ] = None,
    consensus: Annotated[
        str,
        typer.Option(
            help="Where several people drew: newest, reviewed, majority, weighted, dawid-skene "
            "or staple."
        ),
    ] = "newest",
    sure: Annotated[
        float,
        typer.Option(help="Lead of the likeliest class below which voted pixels are ignored."),
    ] = 0.0,
    annotators: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="annotator,role[,weight]: senior, junior, student, model."
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="patient|site", help="What never stands in two splits.")
    ] = "patient",
    valid: Annotated[float, typer.Option(help="Share of the ROIs that validates.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share of the ROIs that tests.")] = 0.2,
    test_sites: Annotated[
        str, typer.Option(help="With --split site: who tests. [default: those of BCSS]")
    ] = "",
    seed: Annotated[int, typer.Option(help="Another seed, another split.")] = 0,
    mpp: Annotated[
        float | None, typer.Option(help="Scale of pictures and masks. [default: base pixels]")
    ] = None,
    slide_mpp: Annotated[
        float | None, typer.Option(help="µm per base pixel; overrules what slides say.")
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="name,patient[,site][,split] where names do not say it."),
    ] = None,
    roi_bounds: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Only these ROIs, as BCSS's roiBounds.csv.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where tiles of a DSA are kept. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Make a training snapshot: a picture and a mask of GT codes per ROI, and a manifest.

    The same inputs give the same digest and bytes; a snapshot is never changed. `train --data
    SNAPSHOT` reads it. Of a DSA, regions are read, never whole slides.

    Votes need three annotators of an ROI; with fewer, the newest reviewed drawing counts.
    Everybody's own mask is kept in `raters`.

    Example: `histoloop dataset build --source slides --gtcodes GTCodes.csv --out snapshot`
    """
    from histoloop.config import settings
    from histoloop.jobs.dataset import DatasetParameters, build_dataset
    from histoloop.training.snapshot_split import BCSS_TEST_SITES, SplitBy, SplitPlan

    sites = tuple(test_sites.split(",")) if test_sites else BCSS_TEST_SITES
    parameters = DatasetParameters(
        source=source,
        gtcodes=gtcodes,
        out=out,
        folder=folder,
        classes=classes,
        consensus=consensus,
        sure=sure,
        annotators=annotators,
        split=SplitPlan(SplitBy.named(split), valid, test, sites, seed),
        mpp=mpp,
        slide_mpp=slide_mpp,
        patients=patients,
        roi_bounds=roi_bounds,
    )
    built = build_dataset(parameters, settings(home=home), typer.echo)
    for line in built.snapshot.complaints:
        typer.echo(f"histoloop: warning: {line}", err=True)
    typer.echo(f"{built} → {out}")
