"""`histoloop benchmark`: what segmenting costs here, with this slide and this model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from histoloop.models.registry import DEFAULT
from histoloop.models.runtimes import Precision, RuntimeName

if TYPE_CHECKING:
    from histoloop.jobs.benchmark import Benchmark


def benchmark(
    slide: Annotated[str, typer.Argument(metavar="SLIDE", help="A file, or a slide of a DSA.")],
    model: Annotated[str, typer.Option(help="NAME, NAME@VERSION or a model folder.")] = DEFAULT,
    slide_mpp: Annotated[
        float | None, typer.Option(help="Micrometres per base pixel; overrules the file.")
    ] = None,
    roi: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Only this region, in base pixels.")
    ] = None,
    runtime: Annotated[
        RuntimeName, typer.Option(help="auto takes OpenVINO where it is installed.")
    ] = RuntimeName.AUTO,
    precision: Annotated[
        Precision, typer.Option(help="int8 only where the labels stay what they are.")
    ] = Precision.FP32,
    rounds: Annotated[int, typer.Option(min=1, help="How often both are measured.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Write all figures here, as JSON.")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Models and caches. [default: ~/.histoloop]")
    ] = None,
) -> None:
    """Measure segmenting beside the bare model, on your slide and your machine.

    Rounds take turns: the model alone, which predicts tiles of the slide from memory, and the
    whole journey from the slide to annotation, mask and report, on as many tiles. What the
    second costs more is the overhead. `HISTOLOOP_WORKERS` says how many cores predict.

    Example: `histoloop benchmark slide.svs --roi 0,0,8000,8000`
    """
    from histoloop.cli.values import parse_box, slide_addresses
    from histoloop.config import settings
    from histoloop.jobs.benchmark import benchmark
    from histoloop.jobs.context import ThreadExecutor
    from histoloop.jobs.outputs import save_json
    from histoloop.jobs.plan import SegmentParameters

    said = settings(home=home)
    asked = SegmentParameters(
        slide=slide_addresses([slide], slide_mpp, said)[0],
        model=model,
        out=Path(),
        roi=parse_box(roi) if roi else None,
        runtime=runtime,
        precision=precision,
    )
    executor = ThreadExecutor(said.workers)
    found = benchmark(asked, said.home, executor, rounds, lambda line: typer.echo(line, err=True))
    typer.echo("\n".join(table(found, said.workers)))
    if out:
        save_json(out, found.document())


def table(found: Benchmark, workers: int) -> list[str]:
    """What is printed: medians, and how far the rounds are apart."""
    from statistics import median

    report = found.report
    ratios, cpu = found.overhead(), found.overhead("cpu")
    lines = [
        f"{report.slide['name']}, {report.model['name']}@{report.model['version']}: {found.tiles} "
        f"tiles of {report.tiling['tile']} px at {report.model['mpp']:g} µm/px, {report.runtime} "
        f"({report.runtime_reason}) {report.precision}, {workers} at a time; "
        f"medians of {len(found.bare)} rounds"
    ]
    for name, costs in (("bare model", found.bare), ("segment", found.whole)):
        wall = median(one.wall for one in costs)
        lines.append(
            f"{name:12}{wall:9.2f} s{found.tiles / wall:9.1f} tiles/s"
            f"{median(one.cpu for one in costs):9.2f} s of CPU"
        )
    lines.append(f"overhead    {median(ratios):9.3f}   ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    lines.append(f"of CPU      {median(cpu):9.3f}   ({cpu[0]:.3f} to {cpu[-1]:.3f})")
    lines.append(f"peak memory {report.peak_rss_bytes / 2**20:9.0f} MB")
    lines += [f"  {stage:10}{seconds:9.2f} s" for stage, seconds in found.stages().items()]
    return lines
