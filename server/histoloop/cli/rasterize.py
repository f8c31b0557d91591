"""`histoloop annotations rasterize`: annotations to masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def rasterize(
    documents: Annotated[
        Path, typer.Argument(metavar="DOCS.json", help="Annotation documents as a DSA answers.")
    ],
    gtcodes: Annotated[Path, typer.Option(metavar="CSV", help="HistomicsTK's GTCodes table.")],
    out: Annotated[Path, typer.Option(metavar="MASK.png", help="The mask of the first ROI.")],
    mpp: Annotated[
        float | None, typer.Option(help="Scale of the mask, µm/px. [default: base pixels]")
    ] = None,
    slide_mpp: Annotated[
        float | None, typer.Option(help="µm per base pixel; needed with --mpp.")
    ] = None,
) -> None:
    """Write the GT codes of each ROI as a mask over its bounding box, 0 outside its outline.

    Follows HistomicsTK's rules: what is not annotated inside an ROI is of the background class,
    overlay_order says what covers what. Turned ROIs are cropped, not straightened. At another
    scale a pixel shows what the base mask has in its middle. Further ROIs go beside MASK.png.

    Example: `histoloop annotations rasterize docs.json --gtcodes GTCodes.csv --out mask.png`
    """
    from histoloop.annotations.files import read_documents
    from histoloop.annotations.gtcodes import read_gtcodes
    from histoloop.annotations.mask_files import mask_scale, write_masks

    scale = mask_scale(mpp, slide_mpp)
    found, odd = write_masks(list(read_documents(documents)), read_gtcodes(gtcodes), out, scale)
    for line in odd:
        typer.echo(f"histoloop: warning: {line}", err=True)
    for mask in found:
        x, y, width, height = mask.box
        typer.echo(f"{mask.path}: {width} × {height} px from {x},{y}")
