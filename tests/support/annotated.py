"""Slides with documents beside them, as people draw them: small, and the truth is in the colour."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.pictures import GLASS, PINK, PURPLE

from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.pyramid import write_pyramid

GTCODES = """group,overlay_order,GT_code,is_roi,is_background_class,color
roi,0,254,1,0,"rgb(200,0,150)"
mostly_tumor,1,1,0,0,"rgb(255,0,0)"
mostly_stroma,2,2,0,1,"rgb(255,125,0)"
exclude,3,7,0,0,"rgb(0,0,0)"
"""

SIZE = Size(300, 240)
TUMOR = Box(60, 50, 80, 60)
ROI = Box(20, 30, 200, 150)


def rectangle(box: Box, group: str, **more: Any) -> dict[str, Any]:
    """An element whose outline runs through the box's outermost pixels: it covers just the box."""
    centre = [box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2, 0]
    size = {"width": box.width - 1, "height": box.height - 1}
    return {"type": "rectangle", "center": centre, **size, "group": group, **more}


def document(*elements: dict[str, Any], who: str = "anna", **record: Any) -> dict[str, Any]:
    """As a server answers."""
    annotation = {"name": "drawn", "attributes": {"annotator": who}, "elements": list(elements)}
    return {"annotation": annotation, **record}


def drawn(**record: Any) -> list[dict[str, Any]]:
    """A tumour in an ROI."""
    return [document(rectangle(ROI, "roi"), rectangle(TUMOR, "mostly_tumor"), **record)]


def write_slide(path: Path, seed: int = 0, mpp: Mpp | None = None) -> None:
    """Purple where the tumour is, pink around it; the seed makes it another slide."""
    pixels = np.full((SIZE.height, SIZE.width, 3), PINK, np.uint8)
    pixels[TUMOR.y : TUMOR.bottom, TUMOR.x : TUMOR.right] = PURPLE
    pixels[:4, : 4 + seed] = GLASS
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pyramid(path, SIZE, mpp or Mpp(0.5, 0.6), [pixels], lossless=True)


def write_case(
    folder: Path, stem: str, documents: list[dict[str, Any]] | None = None, seed: int = 0
) -> None:
    """A slide and the documents beside it."""
    write_slide(folder / f"{stem}.tiff", seed)
    (folder / f"{stem}.json").write_text(json.dumps(documents or drawn()))
