"""`histoloop segment`: slides to files, no server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histoloop.models.registry import DEFAULT
from histoloop.models.runtimes import RuntimeName


def segment(
    slides: Annotated[
        list[str],
        typer.Argument(
            metavar="SLIDE…",
            help="Files, folders (all slides in them), or addresses of slides in a DSA.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Results go to OUT/<slide's stem>/.")],
    model: Annotated[str, typer.Option(help="NAME, NAME@VERSION or a model folder.")] = DEFAULT,
    slide_mpp: Annotated[
        float | None,
        typer.Option(help="Micrometres per base pixel; overrules the file. 40x is about 0.25."),
    ] = None,
    roi: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Only this region, in base pixels.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Probability from which a pixel belongs to a class.")
    ] = 0.5,
    tta: Annotated[
        int, typer.Option(help="Predict each tile 1, 4 or 8 times, turned, and average.")
    ] = 1,
    runtime: Annotated[
        RuntimeName, typer.Option(help="auto takes OpenVINO where it is installed.")
    ] = RuntimeName.AUTO,
    tissue_mask: Annotated[
        bool, typer.Option(help="Leave out tiles that show only glass or ink.")
    ] = True,
    push: Annotated[
        bool, typer.Option("--push", help="Put the result into the DSA, as a layer of its slide.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Push in the place of this model's earlier layers."),
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Compute on this Dask scheduler's workers.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Models and caches. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Segment slides with a model and write files.

    Per slide, `OUT/<stem>/` gets **annotation.json** (DSA annotation documents),
    **mask.tiff** (class codes as a tiled pyramid), **probability.zarr** (OME-Zarr) and
    **report.json** (areas, timings, provenance). One bad slide does not stop the others.

    Example: `histoloop segment slide.svs --out results --roi 1000,1000,4000,4000`

    A slide of a Digital Slide Archive is named by the address that the browser shows for it;
    it is read by region, never downloaded. `HISTOLOOP_DSA` names the archive that
    `HISTOLOOP_DSA_KEY`, your API key, opens:
    `histoloop segment "https://dsa.example.org/histomics#?image=ID" --out results --push`
    """
    from histoloop.cli.progress import segment_with_progress
    from histoloop.cli.values import parse_box, slide_addresses
    from histoloop.config import settings
    from histoloop.jobs.plan import SegmentParameters

    said = settings(home=home, scheduler=scheduler)
    addresses = slide_addresses(slides, slide_mpp, said)
    common = SegmentParameters(
        slide=addresses[0],
        model=model,
        out=out,
        roi=parse_box(roi) if roi else None,
        threshold=threshold,
        tta=tta,
        runtime=runtime,
        tissue_only=tissue_mask,
        resume=resume,
    )
    raise typer.Exit(
        segment_with_progress(addresses, common, said, push=push or replace, supersede=replace)
    )
