"""Which regions of interest become samples."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from histoloop.annotations.roi_mask import Area
from histoloop.errors import DatasetError
from histoloop.geometry import Box
from histoloop.training.snapshot import SnapshotAnnotation

_SAME = 0.5
"""IoU of bounding boxes from which two outlines are meant to be one ROI."""

_EXACT = 0.95
"""IoU below which an ROI is said to differ from the table."""

_BARCODE = re.compile(r"(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}).*?(DX[0-9A-Z]+)")


@dataclass(frozen=True)
class RoiBounds:
    """Where the ROIs of a published set lie, by slide; a slide that is not there has none."""

    boxes: Mapping[str, tuple[Box, ...]]

    def of(self, slide: str) -> tuple[Box, ...]:
        """Base boxes on a slide, found by its stem or its TCGA barcode and section."""
        stem = Path(slide).stem
        found = _BARCODE.search(stem)
        return self.boxes.get(stem) or self.boxes.get("-".join(found.groups()) if found else "", ())


def read_roi_bounds(path: Path) -> RoiBounds:
    """A table as BCSS has it: a slide in the first column, then ``xmin,ymin,xmax,ymax``.

    Raises:
        DatasetError: it cannot be read.
    """
    boxes: dict[str, tuple[Box, ...]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                slide = next(iter(row.values()), "")
                edges = (round(float(row[edge])) for edge in ("xmin", "ymin", "xmax", "ymax"))
                boxes[slide] = (*boxes.get(slide, ()), Box.between(*edges))
    except (OSError, ArithmeticError, LookupError, TypeError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"{path}: cannot be read as a table of ROI bounds ({error or type(error).__name__})",
            hint="the first column names the slide, the others are xmin,ymin,xmax,ymax",
        ) from error
    return RoiBounds(boxes)


def choose_rois(
    rois: Sequence[Area],
    documents: Sequence[SnapshotAnnotation],
    whole: Box,
    wanted: Sequence[Box] | None,
) -> tuple[list[Area], list[str]]:
    """The ROIs that are to be samples, and what was odd or left out.

    Of outlines of the same place, the newest document's stays; that several people have
    outlined what each of them has labelled is not odd.

    Args:
        whole: the slide; wanted: boxes that were published, `None` for all that were drawn.
    """
    newest = sorted(rois, key=lambda roi: documents[roi.document].updated, reverse=True)
    kept: list[Area] = []
    said: list[str] = []
    for roi in newest:
        where = f"ROI at {roi.box.x},{roi.box.y} ({roi.box.width} × {roi.box.height})"
        if roi.box.intersect(whole).empty:
            said.append(f"{where} lies outside the slide: left out")
        elif twins := [other for other in kept if same_place(roi.box, other.box)]:
            who = documents[roi.document].annotator
            if any(documents[other.document].annotator == who for other in twins):
                said.append(f"{where} is outlined again by a newer document: left out")
        elif wanted is not None and not _fits(roi.box, wanted, where, said):
            said.append(f"{where} is not in the table of ROI bounds: left out")
        else:
            kept.append(roi)
    for box in wanted or ():
        if all(_iou(box, roi.box) < _SAME for roi in kept):
            said.append(f"nobody has outlined the ROI {tuple(box)} of the table")
    return sorted(kept, key=lambda roi: (roi.box.y, roi.box.x)), said


def same_place(one: Box, other: Box) -> bool:
    """Whether two outlines with these bounding boxes are meant to be one ROI."""
    return _iou(one, other) >= _SAME


def _fits(box: Box, wanted: Sequence[Box], where: str, said: list[str]) -> bool:
    best = max((_iou(box, one) for one in wanted), default=0.0)
    if _SAME <= best < _EXACT:
        said.append(f"{where} overlaps the one in the table by {best:.0%} only")
    return best >= _SAME


def _iou(one: Box, other: Box) -> float:
    shared = one.intersect(other).area
    return shared / (one.area + other.area - shared) if shared else 0.0
