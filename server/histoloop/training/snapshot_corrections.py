"""What people have corrected: their truth, less what a model had drawn there before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.annotations.gtcodes import OUTSIDE, GTCodes
from histoloop.annotations.roi_mask import Area, read_drawing
from histoloop.training.augmentation import IGNORED
from histoloop.training.snapshot import digest_of_file
from histoloop.training.snapshot_sources import DrawnDocument

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Predicted:
    """What models have drawn on an ROI's slide.

    Attributes:
        areas: those that touch the ROI; codes: GT codes of the classes that the layers are of:
            of others they say nothing.
        digests: of the documents.
    """

    areas: tuple[Area, ...]
    codes: tuple[int, ...]
    digests: tuple[str, ...]


def predicted_in(roi: Area, layers: Sequence[DrawnDocument], table: GTCodes) -> Predicted:
    """The layers of models, as far as their classes are in the table.

    A layer without outlines says that its class, which stands in its attributes, is nowhere.
    """
    rows = [table.find(str(one.content.get("attributes", {}).get("class"))) for one in layers]
    known = [(one, row.code) for one, row in zip(layers, rows, strict=True) if row]
    drawing = read_drawing([one.content for one, _ in known], table)
    touching = (area for area in drawing.areas if not area.box.intersect(roi.box).empty)
    return Predicted(
        tuple(touching),
        tuple(sorted({code for _, code in known})),
        tuple(sorted(one.stamp.digest for one, _ in known)),
    )


def corrected(truth: Codes, drawn: Codes, codes: Sequence[int]) -> NDArray[np.bool_]:
    """``(rows, cols)`` where a mask says otherwise than a model of these classes."""
    known = (truth != OUTSIDE) & (truth != IGNORED)
    differs = np.zeros(truth.shape, bool)
    for code in codes:
        differs |= (truth == code) != (drawn == code)
    return np.asarray(differs & known)


def write_corrections(
    path: Path, predicted: Predicted, truth: Codes, painted: Callable[[Sequence[Area]], Codes]
) -> dict[str, Any]:
    """Keep what was corrected as a PNG, 255 and 0; what the manifest says of it.

    Nothing is written where no model has drawn.
    """
    if not predicted.codes:
        return {}
    found = corrected(truth, painted(predicted.areas), predicted.codes)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.where(found, 255, 0).astype(np.uint8)).save(path, format="PNG")
    return {
        "predictions": predicted.digests,
        "corrected": int(np.count_nonzero(found)),
        "corrections_digest": digest_of_file(path),
    }
