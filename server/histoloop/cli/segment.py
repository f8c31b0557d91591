"""`histoloop segment`: slides to files, no server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histoloop.models.registry import DEFAULT
from histoloop.models.runtimes import Precision, RuntimeName


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
    precision: Annotated[
        Precision,
        typer.Option(
            help="int8 takes half to two thirds of the time. It is calibrated once, on the "
            "first slide, and refused where its labels are not the model's (Dice below 0.995)."
        ),
    ] = Precision.FP32,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Shrink each picture to one tile instead of cutting it up."),
    ] = False,
    tile: Annotated[
        int | None,
        typer.Option(metavar="PX", help="What the network sees at once. [default: the model's]"),
    ] = None,
    halo: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            help="Context around a tile whose prediction is dropped. [default: the model's]",
        ),
    ] = None,
    overlap: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            help="Width in which neighbouring tiles are blended. [default: the model's]",
        ),
    ] = None,
    grey: Annotated[
        bool, typer.Option("--grey", help="Also grey.png: the probability, 0 to 255.")
    ] = False,
    binarise: Annotated[
        bool,
        typer.Option(
            "--binarise", "--binarize", help="Also binary.png: 255 from the threshold on, else 0."
        ),
    ] = False,
    colourise: Annotated[
        bool,
        typer.Option(
            "--colourise", "--colorize", help="Also colour.png: classes in the model's colours."
        ),
    ] = False,
    merged: Annotated[
        bool, typer.Option("--merged", help="Also merged.png: those colours over the picture.")
    ] = False,
    sharpen: Annotated[
        bool,
        typer.Option(
            "--sharpen", help="Sharpen the probability in these pictures (3 × 3), nowhere else."
        ),
    ] = False,
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

    Plain pictures (JPEG, PNG, TIFF) are slides too; `--slide-mpp` says their scale. For them,
    and for regions, `--grey --binarise --colourise --merged` add PNGs of the picture's own size
    (`grey-CODE.png`, `binary-CODE.png` where the model has several classes).

    Example: `histoloop segment slide.svs --out results --roi 1000,1000,4000,4000`, or
    `histoloop segment my-pictures --slide-mpp 0.25 --out results --merged`

    A slide of a Digital Slide Archive is named by the address that the browser shows for it;
    it is read by region, never downloaded. `HISTOLOOP_DSA` names the archive that
    `HISTOLOOP_DSA_KEY`, your API key, opens:
    `histoloop segment "https://dsa.example.org/histomics#?image=ID" --out results --push`
    """
    from histoloop.cli.progress import segment_with_progress
    from histoloop.cli.values import parse_box, slide_addresses
    from histoloop.config import settings
    from histoloop.jobs.inference_options import PictureOptions, TileOptions
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
        precision=precision,
        tissue_only=tissue_mask,
        resume=resume,
        tiles=TileOptions(whole, tile, halo, overlap),
        pictures=PictureOptions(grey, binarise, colourise, merged, sharpen),
    )
    raise typer.Exit(
        segment_with_progress(addresses, common, said, push=push or replace, supersede=replace)
    )
