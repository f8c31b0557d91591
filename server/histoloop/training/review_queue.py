"""Which regions are worth a person's time: those whose labels should teach a model most.

A region's worth is the product of what the model does not know (entropy of its mean answer),
how far its answers under the turns of test-time augmentation, or those of several models, differ
(mutual information of answer and model; Houlsby et al. 2011, arXiv:1112.5745), and how rare the
classes are that it expects there. Regions are chosen one after the other, and one that looks like
a chosen one is worth less: of neighbours that are all alike one comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.slides.slide import Pixels

_LEAST = 1e-6
"""Probability and share below which nothing is told apart."""


@dataclass(frozen=True, eq=False)
class Region:
    """A box of a slide, and what a model makes of it.

    Attributes:
        slide: id; box: base pixels.
        uncertainty, disagreement: means over pixels and classes, bits, 0–1.
        shares: ``(classes + 1,)`` of the region that the model expects of each class and of none.
        look: ``(n,)`` colours and answers: what makes two regions alike.
    """

    slide: str
    box: Box
    uncertainty: float
    disagreement: float
    shares: NDArray[np.float64]
    look: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Asked:
    """A region of the queue.

    Attributes:
        rarity: of its classes; 1 for a region in which all are as frequent as everywhere.
        score: uncertainty × disagreement × rarity.
        novelty: 1 for a region like none that was chosen before it, 0 for its twin.
    """

    region: Region
    rarity: float
    score: float
    novelty: float


def observe(slide: str, box: Box, image: Pixels, members: NDArray[np.float32]) -> Region:
    """What several answers to one region say.

    Args:
        image: ``(rows, cols, 3)`` uint8 RGB; members: ``(answers, rows, cols, classes)`` in [0, 1].
    """
    mean = members.mean(axis=0)
    unsure = _entropy(mean)
    apart = np.maximum(unsure - np.mean([_entropy(one) for one in members], axis=0), 0)
    expected = mean.reshape(-1, mean.shape[-1]).mean(axis=0).astype(float)
    none = np.clip(1 - mean.sum(axis=-1), 0, 1).mean(dtype=float)
    shares = np.append(expected, none)
    density = -np.log((image.reshape(-1, 3) + 1.0) / 256)
    look = np.concatenate([shares, density.mean(axis=0), density.std(axis=0)])
    return Region(
        slide, box, float(unsure.mean()), float(apart.mean()), shares / shares.sum(), look
    )


def rank(regions: Sequence[Region], most: int) -> list[Asked]:
    """At most so many regions, the one that should be labelled first at the front."""
    if not regions:
        return []
    shares = np.stack([one.shares for one in regions])
    pool = np.maximum(shares.mean(axis=0), _LEAST)
    rarity = (shares / pool).mean(axis=1)
    bits = np.array([(one.uncertainty, one.disagreement) for one in regions])
    score = np.maximum(bits, _LEAST).prod(axis=1) * rarity
    looks = _standardised(np.stack([one.look for one in regions]))
    novelty = np.ones(len(regions))
    left = np.ones(len(regions), bool)
    chosen = []
    for _ in range(min(most, len(regions))):
        best = int(np.argmax(np.where(left, score * novelty, -1.0)))
        chosen.append(
            Asked(regions[best], float(rarity[best]), float(score[best]), float(novelty[best]))
        )
        left[best] = False
        apart = np.square(looks - looks[best]).mean(axis=1)
        novelty = np.minimum(novelty, 1 - np.exp(-apart / 2))
    return chosen


def _entropy(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Bits of each pixel's answers, every class for itself, their mean over classes."""
    p = np.clip(probability.astype(float), _LEAST, 1 - _LEAST)
    bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return np.asarray(bits.mean(axis=-1))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1))
