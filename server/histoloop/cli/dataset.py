"""`histoloop dataset`: annotations to training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Option(
        metavar="DSA_URL|DIR", help="A DSA, or a folder of slides with STEM.json beside each."
    ),
]
GtCodes = Annotated[Path, typer.Option(metavar="CSV", help="HistomicsTK's GTCodes table.")]
Folder = Annotated[str | None, typer.Option(metavar="ID", help="Folder or collection of the DSA.")]
Classes = Annotated[
    str | None,
    typer.Option(help='E.g. "tumor=1,19,20;stroma=2;other=*". [default: one per GT code]'),
]
Annotators = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="annotator,role[,weight]: senior, junior, student, model."),
]
SlideMpp = Annotated[
    float | None, typer.Option(help="µm per base pixel; overrules what slides say.")
]
RoiBounds = Annotated[
    Path | None, typer.Option(metavar="CSV", help="Only these ROIs, as BCSS's roiBounds.csv.")
]
Home = Annotated[
    Path | None, typer.Option(help="Where tiles of a DSA are kept. [default: ~/.histoloop]")
]

app = typer.Typer(help="From annotations to training data.", no_args_is_help=True)


@app.callback()
def dataset() -> None:
    """From annotations to training data."""


@app.command("build")
def build(
    source: Source,
    gtcodes: GtCodes,
    out: Annotated[Path, typer.Option(metavar="SNAPSHOT", help="The folder to make.")],
    folder: Folder = None,
    classes: Classes = None,
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
    annotators: Annotators = None,
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
    slide_mpp: SlideMpp = None,
    patients: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="name,patient[,site][,split] where names do not say it."),
    ] = None,
    roi_bounds: RoiBounds = None,
    home: Home = None,
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


@app.command("agreement")
def agreement(
    source: Source,
    gtcodes: GtCodes,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")],
    folder: Folder = None,
    classes: Classes = None,
    consensus: Annotated[
        str,
        typer.Option(
            help="Of the others, which each is held against: majority, weighted, dawid-skene or "
            "staple."
        ),
    ] = "majority",
    annotators: Annotators = None,
    mpp: Annotated[
        float | None, typer.Option(help="Scale at which pixels count. [default: base pixels]")
    ] = None,
    slide_mpp: SlideMpp = None,
    roi_bounds: RoiBounds = None,
    home: Home = None,
) -> None:
    """Say who agrees with whom, how well people can agree at all, and where they do not.

    Per class and pair Dice and Cohen's κ, Fleiss' κ of all, each annotator against the consensus
    of the others, and from that the human ceiling. DIR gets a page with pictures, tables, and
    for each slide a layer of the disputed places that `annotations push` puts into an archive.

    Example: `histoloop dataset agreement --source slides --gtcodes GTCodes.csv --out agreement`
    """
    from histoloop.config import settings
    from histoloop.jobs import agreement_report
    from histoloop.jobs.agreement import agree
    from histoloop.jobs.dataset import DatasetParameters

    parameters = DatasetParameters(
        source=source,
        gtcodes=gtcodes,
        out=out,
        folder=folder,
        classes=classes,
        consensus=consensus,
        annotators=annotators,
        mpp=mpp,
        slide_mpp=slide_mpp,
        roi_bounds=roi_bounds,
    )
    set_up = settings(home=home)
    found = agree(parameters, set_up, typer.echo)
    agreement_report.write(found, set_up, out)
    for line in found.complaints:
        typer.echo(f"histoloop: warning: {line}", err=True)
    for named, one in zip(found.classes, found.ceilings, strict=True):
        typer.echo(f"{named.name}: people reach Dice {one.mean:.3f} against each other")
    typer.echo(f"Fleiss' kappa {found.total.unison.kappa:.3f} → {out / 'index.html'}")


@app.command("review")
def review(
    source: Source,
    gtcodes: GtCodes,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the queue goes.")],
    model: Annotated[str, typer.Option(help="NAME, NAME@VERSION or a model folder.")] = "tumor",
    folder: Folder = None,
    most: Annotated[int, typer.Option(help="How many regions.")] = 20,
    tta: Annotated[int, typer.Option(help="Turns whose answers are compared: 4 or 8.")] = 8,
    push: Annotated[
        bool, typer.Option("--push", help="Put the rectangles onto the slides in the DSA.")
    ] = False,
    home: Home = None,
) -> None:
    """Say which regions a person should label next, over all slides.

    First come those that the model is least sure of, about which its answers under turns differ
    most, and which hold rare classes; of regions that look alike one. What is outlined already is
    not asked for. DIR gets a page with pictures, queue.json, and for each slide its ROI
    rectangles: whoever draws in one has labelled all of it, the next `dataset build` takes it in.

    Example: `histoloop dataset review --source slides --gtcodes GTCodes.csv --out queue`
    """
    from histoloop.config import settings
    from histoloop.jobs import review_report
    from histoloop.jobs.review import ReviewParameters
    from histoloop.jobs.review import review as find

    parameters = ReviewParameters(source, gtcodes, model, out, folder, most, tta)
    if push:
        review_report.refuse_push(parameters)
    set_up = settings(home=home)
    queue = find(parameters, set_up, typer.echo)
    review_report.write(queue, out)
    for line in queue.complaints:
        typer.echo(f"histoloop: warning: {line}", err=True)
    typer.echo(f"{len(queue.entries)} of {queue.regions} regions → {out / 'index.html'}")
    if push:
        typer.echo(f"{review_report.push(queue, set_up)} documents pushed")
