"""`histoloop synthesize`: a slide that nobody has to protect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def synthesize(
    out: Annotated[Path, typer.Argument(help="The slide to write, a pyramidal TIFF.")],
    truth: Annotated[
        Path | None, typer.Option(help="Write the exact labels here, a pyramidal TIFF too.")
    ] = None,
    width: Annotated[int, typer.Option(help="Base pixels.")] = 8192,
    height: Annotated[int, typer.Option(help="Base pixels.")] = 6144,
    mpp: Annotated[float, typer.Option(help="Micrometres per base pixel.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Another seed, another slide.")] = 0,
) -> None:
    """Make a synthetic H&E slide with exact truth: tumour nests, stroma, glands, glass, pen.

    Streamed in bands: 100,000 × 100,000 pixels need no more memory than 10,000 × 10,000.
    """
    from histoloop.geometry import Size
    from histoloop.slides.synthetic import Specimen, write_slide

    specimen = Specimen(size=Size(width, height), mpp=mpp, seed=seed)
    with typer.progressbar(length=100, label=out.name) as bar:
        write_slide(
            specimen,
            out,
            truth=truth,
            progress=lambda share: bar.update(int(share * 100) - bar.pos),
        )
