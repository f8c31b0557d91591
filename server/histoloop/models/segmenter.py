"""A model at work: RGB tiles in, quantised probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.models.card import ModelCard
from histoloop.models.runtimes import Runtime
from histoloop.slides.slide import Pixels
from histoloop.tiling.stitching import Probabilities, quantise

Turn = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Segmenter:
    """A card, a runtime and how often each tile is turned (test-time augmentation)."""

    card: ModelCard
    runtime: Runtime
    tta: int = 1

    def predict(self, tiles: Pixels) -> Probabilities:
        """``(n, tile, tile, 3)`` RGB → ``(n, classes, reach, reach)``: the halo is cut off."""
        pixels = normalise(tiles)
        mean = self.runtime(pixels)
        for turn, back in _turns(self.tta)[1:]:
            mean = mean + back(self.runtime(np.ascontiguousarray(turn(pixels))))
        halo = self.card.halo
        inner = slice(halo, tiles.shape[1] - halo)
        probability = mean[:, inner, inner] / np.float32(self.tta)
        return quantise(np.moveaxis(probability, -1, 1))


def normalise(pixels: Pixels) -> NDArray[np.float32]:
    """uint8 → float32 in [-1, 1], the card's ``minus_one_to_one``."""
    return np.asarray(pixels, np.float32) / np.float32(127.5) - np.float32(1)


def _turns(count: int) -> list[tuple[Turn, Turn]]:
    """The first ``count`` of the square's symmetries with their inverses."""

    def turned(quarters: int, mirrored: bool) -> tuple[Turn, Turn]:
        def turn(x: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.rot90(x[:, :, ::-1] if mirrored else x, quarters, axes=(1, 2))

        def back(x: NDArray[np.float32]) -> NDArray[np.float32]:
            upright = np.rot90(x, -quarters, axes=(1, 2))
            return upright[:, :, ::-1] if mirrored else upright

        return turn, back

    return [turned(index % 4, index >= 4) for index in range(count)]
