"""Endless augmented patches, every patient as often as its weight says.

Every batch draws from a random stream of its own, made from the seed and the batch's number:
any worker can make any batch, and a training that goes on from step 500 sees what an
undisturbed one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.models.segmenter import normalise
from histoloop.training.augmentation import IGNORED, Augmentation, draw_view, jitter_colour
from histoloop.training.pixel_finder import PixelFinder
from histoloop.training.samples import Sample

Codes = NDArray[np.uint8]

CORRECTED = 3.0
"""Weight of a pixel that a person has corrected, beside others' 1: our choice, not measured."""

Batch = tuple[NDArray[Any], ...]
"""Pixels ``(n, side, side, 3)`` in [-1, 1], one-hot truth ``(…, classes)``, weight ``(…, 1)``.

All float32. Of a crowd also ``(n,)`` int32: who of `PatchSource.annotators` has labelled each.
"""


@dataclass
class PatchSource:
    """Draws patches.

    Attributes:
        classes: channels of the truth; class index ``c`` is channel ``c - 1``.
        positives: share of patches that are centred on a pixel of some class; of several
            classes each is chosen as often as any other, however rare it is.
        annotators: all whose word the truth of some sample is, sorted by name.
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
        """The batch of a step, counted from 0 over all epochs; safe in any thread.

        Raises:
            SlideError, DatasetError: a file that is read by region cannot be decoded there.
        """
        random = np.random.default_rng((self.seed, step))
        *drawn, who = zip(*(self._draw(random) for _ in range(self.batch)), strict=True)
        batch = self._collate(*drawn)
        if not self.annotators:
            return batch
        return *batch, np.array([self.annotators.index(one) for one in who], np.int32)

    def __post_init__(self) -> None:
        groups: dict[str, list[Sample]] = {}
        for sample in self.samples:
            groups.setdefault(sample.patient, []).append(sample)
        self.annotators = annotators_of(self.samples)
        self._patients = list(groups.values())
        balanced = self.classes > 1 and self.positives > 0
        self._finder = PixelFinder(self._patients, self.classes) if balanced else None

    def _draw(self, random: np.random.Generator) -> tuple[Codes, Codes, NDArray[np.float32], str]:
        """Image, truth, the weight of what is known, and who says so."""
        sample, centre = self._place(random)
        if not self.how.turn:
            centre = _inside(centre, sample, self.side)
        view = draw_view(centre, self.side, self.how, random)
        image, truth = sample.cut(view)
        weight = np.ones(truth.shape, np.float32)
        if sample.corrected is not None:
            weight[view.cut_codes(sample.corrected) > 0] = CORRECTED
        weight[truth == IGNORED] = 0
        return jitter_colour(image, self.how, random), truth, weight, sample.annotator

    def _place(self, random: np.random.Generator) -> tuple[Sample, tuple[float, float]]:
        if self._finder and self._finder.any and random.random() < self.positives:
            return self._finder.draw(random)
        weights = np.array([group[0].weight for group in self._patients])
        patient = self._patients[random.choice(len(self._patients), p=weights / weights.sum())]
        areas = np.array([Box.of(sample.size).area for sample in patient], float)
        sample = patient[random.choice(len(patient), p=areas / areas.sum())]
        positives = 0.0 if self._finder else self.positives
        return sample, _centre(sample, positives, random)

    def _collate(
        self,
        images: Sequence[Codes],
        truths: Sequence[Codes],
        weights: Sequence[NDArray[np.float32]],
    ) -> Batch:
        codes = np.stack(truths)[..., None]
        truth = (codes == np.arange(1, self.classes + 1)).astype(np.float32)
        return normalise(np.stack(images)), truth, np.stack(weights)[..., None]


def annotators_of(samples: Iterable[Sample]) -> tuple[str, ...]:
    """All whose word the truth of some sample is, sorted by name."""
    return tuple(sorted({one.annotator for one in samples} - {""}))


def _centre(sample: Sample, positives: float, random: np.random.Generator) -> tuple[float, float]:
    if random.random() < positives:
        for _ in range(20):  # rejection costs less than listing every labelled pixel
            x, y = random.integers(sample.size.width), random.integers(sample.size.height)
            if 0 < sample.truth_in(Box(int(x), int(y), 1, 1))[0, 0] != IGNORED:
                return float(x), float(y)
    return random.uniform(0, sample.size.width), random.uniform(0, sample.size.height)


def _inside(centre: tuple[float, float], sample: Sample, side: int) -> tuple[float, float]:
    """The nearest centre on whole pixels whose unturned patch lies in the picture, if it fits."""
    x, y = (_place(at, length, side) for at, length in zip(centre, sample.size, strict=True))
    return x + side / 2, y + side / 2


def _place(centre: float, length: int, side: int) -> int:
    """Where a patch begins: within the length, or with the same beyond both ends."""
    if length <= side:
        return (length - side) // 2
    return min(max(round(centre - side / 2), 0), length - side)
