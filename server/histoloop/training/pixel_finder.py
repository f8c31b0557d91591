"""Finding pixels of a class, however rare: each of a sample's is as likely as any other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.training.samples import Sample

BLOCK = 64
"""Side, px: what is counted at once and then read again to choose a pixel."""

_BAND = 2 * BLOCK


class PixelFinder:
    """Draws a class, a patient who has it, one of the patient's samples and a pixel of the class.

    Patients are drawn by their weight, samples by how many pixels of the class they have.

    Args:
        patients: the samples of each.
    """

    def __init__(self, patients: Sequence[Sequence[Sample]], classes: int) -> None:
        self._patients = patients
        self._counts = [[_counted(one, classes) for one in group] for group in patients]
        self._totals = [
            np.array([counts.sum(axis=(1, 2)) for counts in group]) for group in self._counts
        ]
        present = sum((total.sum(axis=0) for total in self._totals), np.zeros(classes))
        self._classes = np.flatnonzero(present)

    @property
    def any(self) -> bool:
        """Whether there is a pixel of any class."""
        return bool(len(self._classes))

    def draw(self, random: np.random.Generator) -> tuple[Sample, tuple[float, float]]:
        """A sample and the place (x, y) of a pixel, at the model's scale.

        Raises:
            SlideError, DatasetError: its file cannot be decoded there.
        """
        index = int(random.choice(self._classes))
        weights = np.array(
            [
                group[0].weight * bool(total[:, index].sum())
                for group, total in zip(self._patients, self._totals, strict=True)
            ]
        )
        patient = _choice(weights, random)
        at = _choice(self._totals[patient][:, index], random)
        counts = self._counts[patient][at][index]
        row, column = divmod(_choice(counts.ravel(), random), counts.shape[1])
        sample = self._patients[patient][at]
        box = Box(column * BLOCK, row * BLOCK, BLOCK, BLOCK).intersect(Box.of(sample.size))
        found = sample.truth_in(box) == index + 1
        lots = random.random((BLOCK, BLOCK))[: box.height, : box.width]
        y, x = divmod(int(np.argmax(np.where(found, lots, -1))), box.width)
        return sample, (float(box.x + x), float(box.y + y))


def _choice(weights: NDArray[np.generic], random: np.random.Generator) -> int:
    sums = np.cumsum(weights)
    return int(np.searchsorted(sums, random.uniform(0, sums[-1]), side="right"))


def _counted(sample: Sample, classes: int) -> NDArray[np.int32]:
    """``(classes, rows, cols)`` pixels of each class in each block."""
    rows, columns = (-(-length // BLOCK) for length in (sample.size.height, sample.size.width))
    counts = np.zeros((classes, rows, columns), np.int32)
    for top in range(0, sample.size.height, _BAND):
        height = min(_BAND, sample.size.height - top)
        truth = sample.truth_in(Box(0, top, sample.size.width, height))
        around = ((0, -height % BLOCK), (0, columns * BLOCK - sample.size.width))
        blocks = np.pad(truth, around).reshape(-1, BLOCK, columns, BLOCK)
        first = top // BLOCK
        for index in range(classes):
            found = (blocks == index + 1).sum(axis=(1, 3))
            counts[index, first : first + len(found)] = found
    return counts
