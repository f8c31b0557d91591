"""Where a prediction is most wrong, as pictures that a person can judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box, Size
from histoloop.masks.labels import LabelClass
from histoloop.slides.slide import Pixels
from histoloop.training.augmentation import IGNORED
from histoloop.training.scoring import Labels

SIDE = 256
"""Of a tile, px at the model's scale."""

_GAP = 8
_TINT = 0.35


@dataclass(frozen=True, eq=False)
class Tile:
    """A square of a picture.

    Attributes:
        slide: its name; box: where, px at the model's scale.
        wrong: known pixels whose class is another than predicted; known: all known ones.
        image: ``(rows, cols, 3)`` RGB; truth, predicted: ``(rows, cols)`` class index.
    """

    slide: str
    box: Box
    wrong: int
    known: int
    image: Pixels
    truth: Labels
    predicted: Labels


def worst_tiles(
    slide: str, image: Pixels, truth: Labels, predicted: Labels, most: int
) -> list[Tile]:
    """At most so many tiles of a picture with any mistake, the worst first."""
    rows, columns = truth.shape
    tiles = []
    for box in Box.of(Size(columns, rows)).split(SIDE):
        place = box.within(Box.of(Size(columns, rows)))
        known = truth[place] != IGNORED
        wrong = int(np.count_nonzero(known & (truth[place] != predicted[place])))
        parts = (image[place].copy(), truth[place].copy(), predicted[place].copy())
        tiles.append(Tile(slide, box, wrong, int(np.count_nonzero(known)), *parts))
    tiles.sort(key=lambda tile: -tile.wrong)
    return [tile for tile in tiles[:most] if tile.wrong]


def panels(tile: Tile, classes: Sequence[LabelClass]) -> Pixels:
    """Picture, truth and prediction side by side; what nobody knows is pale in both.

    ``(rows, 3 · SIDE + 2 · gap, 3)`` RGB, white beside a tile that is narrower than `SIDE`.
    """
    unknown = tile.truth == IGNORED
    truth, predicted = (
        outlined(tile.image, codes, unknown, classes) for codes in (tile.truth, tile.predicted)
    )
    short = ((0, 0), (0, SIDE - tile.image.shape[1]), (0, 0))
    shown = (np.pad(one, short, constant_values=255) for one in (tile.image, truth, predicted))
    return side_by_side(*shown)


def side_by_side(*panels: Pixels) -> Pixels:
    """Pictures of the same height in a row, ``(rows, cols, 3)`` RGB, white between them."""
    gap = np.full((panels[0].shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([part for panel in panels for part in (gap, panel)][1:])


def outlined(
    image: Pixels, codes: Labels, unknown: NDArray[np.bool_], classes: Sequence[LabelClass]
) -> Pixels:
    """The picture, every class tinted and outlined in its colour."""
    found = image.astype(np.float32)
    for index, one in enumerate(classes, start=1):
        mask = (codes == index) & ~unknown
        found[mask] = (1 - _TINT) * found[mask] + _TINT * np.array(one.rgb, np.float32)
    found[unknown] = 0.25 * found[unknown] + 0.75 * 255
    drawn = found.astype(np.uint8)
    for index, one in enumerate(classes, start=1):
        mask = ((codes == index) & ~unknown).astype(np.uint8)
        lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, lines, -1, one.rgb, 2)
    return drawn
