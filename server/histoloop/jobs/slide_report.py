"""A run on one page, to print or to keep: the picture, the areas, and where they come from."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import cv2
import numpy as np

from histoloop import __version__
from histoloop.geometry import Box, Scale, Size
from histoloop.jobs.pages import document, picture, table
from histoloop.masks.labels import labels
from histoloop.masks.mask import Mask
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, Slide

LONGEST: Final = 1000
"""Pixels of the picture's longer side."""

_OPACITY: Final = 0.45
_QUALITY: Final = 85
_PRINT: Final = (
    "<style>@page{size:A4;margin:14mm}@media print{body{margin:0;max-width:none;font-size:12px}"
    "figure{margin:.4rem 0}figure img{max-height:95mm}h2{margin:.8rem 0 .3rem}}"
    ".swatch{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .8em}"
    "td{white-space:normal;overflow-wrap:anywhere}</style>"
)
_CAVEAT: Final = (
    "For research use only, not for diagnosis. A model has drawn this and no person has reviewed "
    "it: look at the slide before you rely on a figure."
)


def overlaid(slide: Slide, mask: Mask, threshold: float) -> Pixels:
    """The whole slide with its classes over it, ``(rows, cols, 3)`` RGB."""
    factor = max(1.0, max(slide.size) / LONGEST)
    scale = Scale(factor, factor)
    size = scale.size(slide.size)
    pixels = read(slide, Box.of(size), scale)
    base = Box.of(Size(round(size.width * factor), round(size.height * factor)))
    codes = labels(mask.view(base, size), mask.frame.classes, threshold)
    palette = np.zeros((256, 3), np.uint8)
    for one in mask.frame.classes:
        palette[one.code] = one.rgb
    tinted = cv2.addWeighted(pixels, 1 - _OPACITY, palette[codes], _OPACITY, 0)
    return np.where(codes[..., None] > 0, tinted, pixels).astype(np.uint8)


def page(
    slide: Slide,
    shown: Pixels,
    areas: Mapping[str, Any],
    lineage: Mapping[str, Any],
    warnings: list[str],
) -> str:
    """The whole page; its picture is in it.

    Args:
        areas, lineage: as the service answers with them.
    """
    title = f"{slide.name}: {lineage['model']}"
    mpp = areas["mpp"]
    caption = f"{slide.size.width} × {slide.size.height} px at threshold {areas['threshold']:.2f}"
    return document(
        title,
        [
            _PRINT,
            f"<h1>{escape(title)}</h1>",
            f'<p class="warning">{escape(_CAVEAT)}</p>',
            picture(_data_uri(shown), "The slide with its classes", caption),
            _legend(areas),
            "<h2>Areas</h2>",
            _areas(areas),
            f'<p class="quiet">{escape(_scale_said(mpp))}</p>',
            "<h2>Where it comes from</h2>",
            _origin(lineage),
            *(f'<p class="warning">{escape(one)}</p>' for one in warnings),
            f'<p class="quiet">HistoLoop {escape(__version__)}</p>',
        ],
    )


def _legend(areas: Mapping[str, Any]) -> str:
    parts = [
        f'<span class="swatch" style="background:{escape(one["color"])}"></span>'
        f"{escape(one['name'])}"
        for one in areas["classes"]
    ]
    return f"<p>{''.join(parts)}</p>"


def _areas(areas: Mapping[str, Any]) -> str:
    head = ["class", "area, mm²", "from–to, mm²", f"share of {areas['share_of']}, %", "from–to, %"]
    rows = [
        [
            one["name"],
            f"{one['area_mm2']:.4g}",
            f"{one['low_mm2']:.4g}–{one['high_mm2']:.4g}",
            _percent(one["share"]),
            f"{_percent(one['low_share'])}–{_percent(one['high_share'])}",
        ]
        for one in areas["classes"]
    ]
    note = f"From–to: {areas['uncertainty']}."
    return f'{table(head, rows)}<p class="quiet">{escape(note)}</p>'


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _scale_said(mpp: Mapping[str, Any]) -> str:
    said = {
        "metadata": "as the slide's metadata say",
        "user": "as a person said: the slide does not",
        "assumed": "ASSUMED: nobody knows it, and all areas hang on it",
    }
    return f"Scale {mpp['x']:.4g} × {mpp['y']:.4g} µm/px, {said[str(mpp['source'])]}."


def _origin(lineage: Mapping[str, Any]) -> str:
    people = lineage["annotators"]
    said = {
        "model": lineage["model"],
        "weights' digest": lineage["digest"],
        "made from": lineage["parent"],
        "training data": lineage["snapshot"],
        "annotators": ", ".join(people) if people else None,
        "run": lineage["run"],
        "threshold of the run": f"{lineage['threshold']:.2f}",
        "asked for": lineage["created"],
        "by": lineage["by"],
        "finished": lineage["finished"],
        "software": lineage["software"],
    }
    return table(["", ""], [[key, str(value)] for key, value in said.items() if value])


def _data_uri(pixels: Pixels) -> str:
    """A JPEG that needs no second request."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), flags)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"
