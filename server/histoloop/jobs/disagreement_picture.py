"""Where annotators differ, as a picture: the tissue, and the same under a heat map."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box, Scale
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, Slide
from histoloop.training.snapshot_plan import PlannedRoi
from histoloop.training.worst_tiles import side_by_side

_LONGEST: Final = 900
"""Pixels of a picture's longer side."""

_MOST: Final = 0.85
"""How far the strongest heat hides the tissue."""

_YELLOW = np.array([255, 220, 0], np.float32)
_RED = np.array([215, 0, 60], np.float32)


def heat(slide: Slide, one: PlannedRoi, disagreement: NDArray[np.float32]) -> Pixels:
    """Tissue and heat side by side, ``(rows, columns, 3)`` uint8 RGB.

    Args:
        disagreement: ``(rows, cols)`` over the ROI's box, from 0 to 1; half is red already,
            a single voice against six is a pale yellow.
    """
    factor = max(1.0, max(one.box.width, one.box.height) / _LONGEST)
    scale = Scale(one.scale.x * factor, one.scale.y * factor)
    box = scale.to_level(one.roi.box).intersect(Box.of(scale.size(slide.size)))
    tissue = read(slide, box, scale)
    share = cv2.resize(disagreement, tissue.shape[1::-1], interpolation=cv2.INTER_AREA)
    strength = np.clip(2 * share, 0, 1)[..., None]
    color = _YELLOW + (_RED - _YELLOW) * strength
    cover = _MOST * strength
    hot = (tissue * (1 - cover) + color * cover).astype(np.uint8)
    return side_by_side(tissue, hot)
