"""Annotation documents in a file → a mask file per ROI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from histoloop.annotations.dsa import Document
from histoloop.annotations.gtcodes import GTCodes
from histoloop.annotations.roi_mask import BASE, Drawing, level_box, named, paint, read_drawing
from histoloop.errors import AnnotationError, OutputError, UsageError
from histoloop.geometry import Box, Mpp, Scale

LARGEST_MASK = 4_000_000_000
"""Pixels of a mask that is held in memory, one byte each."""


@dataclass(frozen=True)
class MaskFile:
    """A mask that was written, and the level box that it covers."""

    path: Path
    box: Box


def mask_scale(mpp: float | None, slide_mpp: float | None) -> Scale:
    """Base pixels per mask pixel, for a mask of ``mpp`` µm/px; the base when that is not given.

    Raises:
        UsageError: the slide's own scale is missing, or one of them makes no sense.
    """
    if mpp is None:
        return BASE
    if slide_mpp is None:
        raise UsageError(
            "--mpp needs the slide's own scale",
            hint="annotations do not say it: give --slide-mpp, µm per base pixel",
        )
    return Scale.between(Mpp.square(slide_mpp), Mpp.square(mpp))


def write_masks(
    documents: Sequence[Document], codes: GTCodes, out: Path, scale: Scale = BASE
) -> tuple[list[MaskFile], list[str]]:
    """Write the mask of each ROI as PNG, and say what was odd.

    The first is ``out``; further ones stand beside it, their base position in their names.

    Args:
        scale: base pixels per mask pixel.

    Raises:
        AnnotationError: there is no ROI, or one is too large.
        OutputError: a mask cannot be written.
    """
    drawing = read_drawing(documents, codes)
    if not drawing.rois:
        groups = ", ".join(row.group for row in codes if row.is_roi)
        raise AnnotationError(
            "the annotations hold no ROI: nobody says where somebody has annotated",
            hint=f"outline it in group {groups}",
        )
    written = [_write(drawing, index, codes, out, scale) for index in range(len(drawing.rois))]
    return written, list(complaints(drawing, documents))


def complaints(drawing: Drawing, documents: Sequence[Document]) -> Iterator[str]:
    """What was odd or left out, a line per document and reason, with all elements' places."""
    for one in drawing.complaints:
        name = named(documents[one.document], one.document)
        places = ", ".join(str(index) for index in one.elements)
        yield f"{name}: {one.text} (element {places})"


def _write(drawing: Drawing, index: int, codes: GTCodes, out: Path, scale: Scale) -> MaskFile:
    roi = drawing.rois[index]
    box = level_box(roi, scale)
    if box.area > LARGEST_MASK:
        raise AnnotationError(
            f"ROI at {roi.box.x},{roi.box.y}: a mask of {box.width} × {box.height} px is too large",
            hint="give a coarser --mpp",
        )
    path = out
    if index:
        path = out.with_name(f"{out.stem}_{index + 1}_left-{roi.box.x}_top-{roi.box.y}{out.suffix}")
    mask = paint(roi, drawing.areas, codes.background, box, scale)
    try:
        Image.fromarray(mask).save(path, format="PNG")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error})", hint="choose another --out"
        ) from error
    return MaskFile(path, box)
