"""What the trainer sees: each ROI of a snapshot as a picture for people.

Picture and mask side by side. In the mask every class has its colour; what is ignored is pale;
stripes run over what the annotators disagree about, pale where nobody's word was taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.geometry import Box, Scale
from histoloop.masks.labels import LabelClass
from histoloop.slides.folder import open_slide
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels
from histoloop.training.augmentation import IGNORED
from histoloop.training.mask_files import open_mask
from histoloop.training.snapshot import (
    Snapshot,
    SnapshotRoi,
    image_of,
    mask_of,
    preview_of,
    rater_masks_of,
)
from histoloop.training.worst_tiles import outlined, side_by_side

LONGEST: Final = 1024
"""Pixels of a panel's longer side; of a larger mask every second, third, … pixel is shown."""

CONFLICT: Final = (228, 0, 124)

_STRIPE: Final = 6


def write_previews(folder: Path, snapshot: Snapshot) -> None:
    """A PNG per ROI, from the files that a trainer reads.

    Raises:
        SlideError: a picture cannot be read.
        OSError: a file cannot be read or written.
    """
    for roi in snapshot.rois:
        path = folder / preview_of(roi)
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(preview(folder, snapshot, roi)).save(path, format="PNG")


def preview(folder: Path, snapshot: Snapshot, roi: SnapshotRoi) -> Pixels:
    """``(rows, 2 · columns + gap, 3)`` uint8 RGB: the picture, and what is taught of it."""
    step = -(-max(roi.size) // LONGEST)
    table = snapshot.truth_of_codes()
    truth = table[_every(folder / mask_of(roi), step)]
    rows, columns = truth.shape
    slide = open_slide(folder / image_of(roi))
    image = read(slide, Box(0, 0, columns, rows), Scale(step, step))
    classes = [
        LabelClass(one.name, index, one.color)
        for index, one in enumerate(snapshot.classes, start=1)
    ]
    taught = outlined(image, truth, truth == IGNORED, classes)
    place = np.indices(truth.shape).sum(axis=0) % (2 * _STRIPE) < 2
    taught[place & _conflicts(folder, roi, table, step)] = CONFLICT
    return side_by_side(image, taught)


def _conflicts(
    folder: Path, roi: SnapshotRoi, table: NDArray[np.uint8], step: int
) -> NDArray[np.bool_]:
    """Where two annotators have named different classes."""
    shape = tuple(-(-length // step) for length in reversed(roi.size))
    lowest, highest = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
    for number in range(len(roi.raters)):
        named = table[_every(folder / rater_masks_of(roi) / f"{number:02d}.png", step)]
        said = named != IGNORED
        np.minimum(lowest, named, out=lowest, where=said)
        np.maximum(highest, named, out=highest, where=said)
    return np.asarray(lowest < highest)


def _every(path: Path, step: int) -> NDArray[np.uint8]:
    mask = open_mask(path)
    return mask.read(Box.of(mask.size))[::step, ::step]
