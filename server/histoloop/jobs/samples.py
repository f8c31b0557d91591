"""A few tiles of a plan, predicted before anybody asks for all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from histoloop.geometry import Box, Mpp, Scale
from histoloop.jobs.plan import Plan
from histoloop.jobs.prediction import PredictionTask, lent_segmenter
from histoloop.models import runtimes
from histoloop.models.registry import Model
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, changed, known_mpp
from histoloop.tiling.grid import Cell
from histoloop.tiling.stitching import Probabilities

COUNT = 3

_CONSIDERED = 2000
"""Cells among which the samples are chosen: more would only take longer."""

_DENSE = 0.5
"""Of the tissue of the fullest cell: emptier ones show too little."""

_SIDE = 448
"""Pixels of a sample's longer side: what a card shows."""


@dataclass(frozen=True)
class Sample:
    """A predicted tile, shrunk to be looked at.

    Attributes:
        pixels: ``(rows, cols, 3)`` RGB; probabilities: ``(classes, rows, cols)`` uint8.
        seconds: that reading and predicting it took, on one core, once all was loaded.
    """

    pixels: Pixels
    probabilities: Probabilities
    seconds: float


def choose_cells(plan: Plan) -> tuple[Cell, ...]:
    """Up to `COUNT` cells full of tissue, as far from each other as they come."""
    cells = plan.cells[:: -(-len(plan.cells) // _CONSIDERED) or 1]
    if not cells:
        return ()
    shares = np.array([_tissue(plan, cell) for cell in cells])
    dense = np.flatnonzero(shares >= _DENSE * shares.max())
    places = np.array([cells[index] for index in dense])
    chosen = [int(shares[dense].argmax())]
    away = np.full(len(dense), np.inf)
    while len(chosen) < min(COUNT, len(dense)):
        away = np.minimum(away, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(away.argmax()))
    return tuple(sorted((cells[dense[index]] for index in chosen), key=lambda one: one[::-1]))


def _tissue(plan: Plan, cell: Cell) -> float:
    """How much there is, in base pixels: what the slide's edge cuts off shows less."""
    box = plan.base_box(cell)
    return box.area * (plan.tissue.share(box) if plan.tissue else 1.0)


def predict_samples(
    task: PredictionTask, model: Model, cells: Sequence[Cell]
) -> tuple[Sample, ...]:
    """Predict cells as a run would; for a worker.

    Raises:
        HistoloopError: the slide cannot be read there, or the model not be loaded.
    """
    runtimes.prepare(model, task.runtime, task.cache)
    slide = task.slide.open()
    if slide.fingerprint != task.fingerprint:
        raise changed(slide.name)
    scale = Scale.between(known_mpp(slide), Mpp.square(task.mpp))
    found = []
    with lent_segmenter(task) as segmenter:
        frame = Box.of(scale.size(slide.size))
        segmenter.predict(np.zeros((1, task.grid.tiling.tile, task.grid.tiling.tile, 3), np.uint8))
        for cell in cells:
            began = time.perf_counter()
            pixels = read(slide, task.grid.read_box(cell), scale)
            probabilities = segmenter.predict(pixels[None])[0]
            seconds = time.perf_counter() - began
            reach = task.grid.reach_box(cell)
            inside = reach.intersect(frame)
            seen = pixels[inside.within(task.grid.read_box(cell))]
            values = probabilities[:, *inside.within(reach)]
            found.append(Sample(_small(seen), np.stack([_small(one) for one in values]), seconds))
    return tuple(found)


def sample_box(plan: Plan, cell: Cell) -> Box:
    """The base pixels that a sample shows."""
    reach = plan.grid.reach_box(cell).intersect(Box.of(plan.frame))
    return plan.scale.to_base(reach).intersect(Box.of(plan.slide.size))


def _small(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Pixels:
    factor = _SIDE / max(pixels.shape[:2])
    if factor >= 1:
        return np.ascontiguousarray(pixels)
    size = [max(1, round(side * factor)) for side in pixels.shape[1::-1]]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
