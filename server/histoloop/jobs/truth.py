"""A prediction against the exact truth of a synthetic slide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile

from histoloop.jobs import outputs
from histoloop.training.metrics import Overlap, overlap


def compare_with_truth(folder: Path, truth: Path, code: int) -> Overlap:
    """The first class of a run's mask.tiff against one code of a label TIFF.

    Both cover the slide; they are compared at the mask's scale.
    """
    predicted = tifffile.imread(folder / outputs.MASK, level=0) == 1
    share = (tifffile.imread(truth, level=0) == code).astype(np.float32)
    size = (predicted.shape[1], predicted.shape[0])
    true = cv2.resize(share, size, interpolation=cv2.INTER_AREA) >= 0.5
    return overlap(predicted, true, np.ones_like(true))
