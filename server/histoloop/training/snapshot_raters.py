"""Who has labelled what of an ROI, as masks of their own: what a vote counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.annotations.annotators import Annotator, Roster
from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.annotations.roi_mask import Area, Drawing, paint
from histoloop.geometry import Box, Scale
from histoloop.training.snapshot import SnapshotAnnotation, SnapshotRater, digest_of_file
from histoloop.training.snapshot_rois import same_place


@dataclass(frozen=True)
class Rater:
    """An annotator of an ROI.

    Attributes:
        outline: inside which they have labelled everything, what they left as background;
            `None` for somebody who has said nothing of what they did not draw.
        areas: what they drew.
    """

    annotator: Annotator
    outline: Area | None
    areas: tuple[Area, ...]

    def mask(self, roi: Area, background: int, box: Box, scale: Scale) -> NDArray[np.uint8]:
        """``(rows, cols)`` uint8 GT codes of a level box, 0 where they have labelled nothing."""
        if self.outline is None or self.outline is roi:
            fill = OUTSIDE if self.outline is None else background
            return paint(roi, self.areas, fill, box, scale)
        mask = paint(self.outline, self.areas, background, box, scale)
        mask[paint(roi, (), 1, box, scale) == OUTSIDE] = OUTSIDE
        return mask


def raters_of(
    roi: Area, drawing: Drawing, documents: Sequence[SnapshotAnnotation], roster: Roster
) -> tuple[Rater, ...]:
    """Everybody who has labelled in an ROI, by name.

    Who has outlined it as well has labelled all inside that outline. Who has not, has labelled
    the whole ROI if it was outlined for all by somebody who drew nothing else there; otherwise
    only what they drew: a correction in somebody else's ROI says nothing of the rest.
    """
    drawn: dict[str, list[Area]] = {}
    for area in drawing.areas:
        if not area.box.intersect(roi.box).empty:
            drawn.setdefault(documents[area.document].annotator, []).append(area)
    outlines = {
        documents[one.document].annotator: one
        for one in sorted(drawing.rois, key=lambda one: documents[one.document].updated)
        if same_place(one.box, roi.box)
    }
    outlines[documents[roi.document].annotator] = roi
    given = documents[roi.document].annotator not in drawn and bool(drawn)
    names = set(drawn) if given else set(drawn) | set(outlines)
    return tuple(
        Rater(
            roster.find(name, _role(name, documents)),
            outlines.get(name, roi if given else None),
            tuple(drawn.get(name, ())),
        )
        for name in sorted(names)
    )


def _role(annotator: str, documents: Sequence[SnapshotAnnotation]) -> str:
    return next((one.role for one in documents if one.annotator == annotator and one.role), "")


def write_raters(
    folder: Path, raters: Sequence[Rater], masks: Iterator[NDArray[np.uint8]]
) -> Iterator[tuple[NDArray[np.uint8], SnapshotRater]]:
    """Keep each annotator's mask as a PNG of GT codes, named by its place in the manifest."""
    folder.mkdir(parents=True)
    for number, (rater, mask) in enumerate(zip(raters, masks, strict=True)):
        path = folder / f"{number:02d}.png"
        Image.fromarray(mask).save(path, format="PNG")
        who = rater.annotator
        yield (
            mask,
            SnapshotRater(
                annotator=who.name,
                role=str(who.role),
                weight=who.weight,
                everything=rater.outline is not None,
                mask_digest=digest_of_file(path),
            ),
        )
