"""What the trainer sees: each ROI of a snapshot as a picture for people.

Picture and mask side by side. In the mask every class that somebody drew has its colour; where
nobody drew anything and the rule fills in the background, dots have that; what is ignored is pale;
stripes run over what the annotators disagree about, pale where nobody's word was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    SnapshotClass,
    SnapshotRoi,
    image_of,
    mask_of,
    preview_of,
    rater_masks_of,
    truth_of_codes,
)
from histoloop.training.worst_tiles import outlined, side_by_side

LONGEST: Final = 1024
"""Pixels of a panel's longer side; of a larger mask every second, third, … pixel is shown."""

CONFLICT: Final = (228, 0, 124)

NOWHERE: Final = (120, 120, 120)
"""Of the dots where the background is none of the classes."""

_STRIPE: Final = 6
_DOT: Final = 3
_EVERY_DOT: Final = 12


def write_preview(
    folder: Path,
    classes: Sequence[SnapshotClass],
    roi: SnapshotRoi,
    undrawn: NDArray[np.bool_],
) -> None:
    """A PNG of an ROI, from the files that a trainer reads.

    Args:
        undrawn: ``(rows, cols)`` of the mask: where nobody has drawn anything.

    Raises:
        SlideError: the picture cannot be read.
        OSError: a file cannot be read or written.
    """
    path = folder / preview_of(roi)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(_preview(folder, classes, roi, undrawn)).save(path, format="PNG")


def _preview(
    folder: Path,
    classes: Sequence[SnapshotClass],
    roi: SnapshotRoi,
    undrawn: NDArray[np.bool_],
) -> Pixels:
    """``(rows, 2 · columns + gap, 3)`` uint8 RGB: the picture, and what is taught of it."""
    step = -(-max(roi.size) // LONGEST)
    table = truth_of_codes(classes)
    truth = table[_every(folder / mask_of(roi), step)]
    rows, columns = truth.shape
    slide = open_slide(folder / image_of(roi))
    image = read(slide, Box(0, 0, columns, rows), Scale(step, step))
    labels = [LabelClass(one.name, index, one.color) for index, one in enumerate(classes, start=1)]
    ignored = truth == IGNORED
    by_rule = undrawn[::step, ::step] & ~ignored
    taught = outlined(image, np.where(by_rule, 0, truth).astype(np.uint8), ignored, labels)
    across, down = np.indices(truth.shape)
    dots = (across % _EVERY_DOT < _DOT) & (down % _EVERY_DOT < _DOT) & by_rule
    colors = np.array([NOWHERE, *(one.rgb for one in labels)], np.uint8)
    taught[dots] = colors[truth[dots]]
    stripes = (across + down) % (2 * _STRIPE) < 2
    taught[stripes & _conflicts(folder, roi, table, step)] = CONFLICT
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
