"""A model at work: RGB tiles in, quantised probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        mean, *others = self.answers(tiles)
        for other in others:
            mean = mean + other
        return quantise(np.moveaxis(mean / np.float32(self.tta), -1, 1))

    def answers(self, tiles: Pixels) -> list[NDArray[np.float32]]:
        """``(n, reach, reach, classes)`` of each turn, turned back."""
        halo, pixels = self.card.halo, normalise(tiles)
        inner = slice(halo, tiles.shape[1] - halo)
        return [one[:, inner, inner] for one in turned_answers(self.runtime, pixels, self.tta)]


def turned_answers(
    network: Turn, pixels: NDArray[np.float32], count: int
) -> Iterator[NDArray[np.float32]]:
    """What a network says of ``(n, side, side, 3)`` pixels in each of ``count`` turns."""
    yield network(pixels)
    for turn, back in _turns(count)[1:]:
        yield back(network(np.ascontiguousarray(turn(pixels))))


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
