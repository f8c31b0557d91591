"""Endless augmented patches, every patient as often as its weight says.

Every batch draws from a random stream of its own, made from the seed and the batch's number:
any worker can make any batch, and a training that goes on from step 500 sees what an
undisturbed one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from histoloop.models.segmenter import normalise
from histoloop.training.augmentation import IGNORED, Augmentation, cut_patch, jitter_colour
from histoloop.training.samples import Sample

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Pixels ``(n, side, side, 3)`` in [-1, 1], one-hot truth ``(…, classes)``, weight ``(…, 1)``."""


@dataclass
class PatchSource:
    """Draws patches from samples held in memory.

    Attributes:
        classes: channels of the truth; class index ``c`` is channel ``c - 1``.
        positives: share of patches that are centred on a pixel of some class.
    """

    samples: list[Sample]
    classes: int
    side: int
    batch: int
    seed: int
    how: Augmentation = field(default_factory=Augmentation)
    positives: float = 0.5

    def __iter__(self) -> Iterator[Batch]:
        return map(self.batch_at, count())

    def batch_at(self, step: int) -> Batch:
        """The batch of a step, counted from 0 over all epochs; safe in any thread."""
        random = np.random.default_rng((self.seed, step))
        by_patient = self._by_patient()
        return self._collate([self._draw(by_patient, random) for _ in range(self.batch)])

    def _by_patient(self) -> list[list[Sample]]:
        groups: dict[str, list[Sample]] = {}
        for sample in self.samples:
            groups.setdefault(sample.patient, []).append(sample)
        return list(groups.values())

    def _draw(
        self, by_patient: list[list[Sample]], random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        weights = np.array([group[0].weight for group in by_patient])
        patient = by_patient[random.choice(len(by_patient), p=weights / weights.sum())]
        areas = np.array([sample.truth.size for sample in patient], float)
        sample = patient[random.choice(len(patient), p=areas / areas.sum())]
        centre = self._centre(sample, random)
        if not self.how.turn:
            centre = _inside(centre, sample, self.side)
        image, truth = cut_patch(sample.image, sample.truth, centre, self.side, self.how, random)
        return jitter_colour(image, self.how, random), truth

    def _centre(self, sample: Sample, random: np.random.Generator) -> tuple[float, float]:
        rows, columns = sample.truth.shape
        if random.random() < self.positives:
            for _ in range(20):  # rejection costs less than listing every labelled pixel
                x, y = random.integers(columns), random.integers(rows)
                if 0 < sample.truth[y, x] != IGNORED:
                    return float(x), float(y)
        return random.uniform(0, columns), random.uniform(0, rows)

    def _collate(self, drawn: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> Batch:
        pixels = normalise(np.stack([image for image, _ in drawn]))
        codes = np.stack([truth for _, truth in drawn])[..., None]
        truth = (codes == np.arange(1, self.classes + 1)).astype(np.float32)
        return pixels, truth, (codes != IGNORED).astype(np.float32)


def _inside(centre: tuple[float, float], sample: Sample, side: int) -> tuple[float, float]:
    """The nearest centre on whole pixels whose unturned patch lies in the picture, if it fits."""
    x, y = (
        _place(at, length, side)
        for at, length in zip(centre, sample.truth.shape[::-1], strict=True)
    )
    return x + side / 2, y + side / 2


def _place(centre: float, length: int, side: int) -> int:
    """Where a patch begins: within the length, or with the same beyond both ends."""
    if length <= side:
        return (length - side) // 2
    return min(max(round(centre - side / 2), 0), length - side)
