"""The slow obvious twin of how a mask's pyramid is made."""

from __future__ import annotations

import numpy as np

from histoloop.masks.mask import MaskFrame
from histoloop.tiling.stitching import Probabilities


def levels(frame: MaskFrame, finest: Probabilities) -> list[Probabilities]:
    """Every level from the whole finest one, ``(classes, rows, cols)``."""
    found = [finest]
    for _ in frame.level_sizes()[1:]:
        odd = [(0, 0), *((0, side % 2) for side in found[-1].shape[1:])]
        even = np.pad(found[-1], odd, mode="edge").astype(np.uint16)
        total = even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]
        found.append(((total + 2) // 4).astype(np.uint8))
    return found
