"""A model and all slides → the regions that a person should label next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.dsa import Document
from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.annotations.roi_mask import read_drawing
from histoloop.annotations.runs import asks
from histoloop.config import Settings
from histoloop.errors import DatasetError, HistoloopError, UsageError
from histoloop.geometry import Box
from histoloop.jobs.dataset import DatasetParameters, source_of
from histoloop.jobs.plan import Plan, SegmentParameters, make_plan
from histoloop.masks.labels import labels
from histoloop.models import runtimes
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.runtimes import RuntimeName
from histoloop.models.segmenter import Segmenter
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels
from histoloop.tiling.grid import Cell
from histoloop.tiling.stitching import quantise
from histoloop.training.review_queue import Asked, Region, observe, rank
from histoloop.training.snapshot_plan import Say
from histoloop.training.snapshot_sources import Source

_LEAST_TISSUE = 0.25
"""Share of a region; a person who opens it should see something."""


@dataclass(frozen=True)
class ReviewParameters:
    """What a user asks for.

    Attributes:
        source, folder: slides, see `DatasetParameters`; what is outlined on them is not asked for.
        most: regions of the queue; tta: turns that the answers come from, 4 or 8.
        classes: as of `DatasetParameters`: as which GT codes people say the model's classes.
    """

    source: str
    gtcodes: Path
    model: str
    out: Path
    folder: str | None = None
    most: int = 20
    tta: int = 8
    runtime: RuntimeName = RuntimeName.AUTO
    classes: str | None = None

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError("a queue of no regions", hint="give --most 1 or more")
        if self.tta not in (4, 8):
            raise UsageError(f"tta {self.tta} tells nothing apart", hint="give 4 or 8")


@dataclass(frozen=True, eq=False)
class Entry:
    """A region of the queue with what there is to see.

    Attributes:
        slide: its name; image: ``(rows, cols, 3)`` RGB; predicted: ``(rows, cols)`` class number
            from 1, 0 for none; both at the model's scale.
    """

    slide: str
    asked: Asked
    image: Pixels
    predicted: NDArray[np.uint8]


@dataclass(frozen=True)
class Queue:
    """What has come out, the first to be labelled at the front.

    Attributes:
        regions: how many there were to choose from; complaints: slides that were left out.
    """

    parameters: ReviewParameters
    model: Model
    codes: GTCodes
    entries: tuple[Entry, ...]
    regions: int
    complaints: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    plan: Plan
    cell: Cell


def review(parameters: ReviewParameters, settings: Settings, say: Say) -> Queue:
    """Look at all tissue that nobody has outlined, and choose.

    A slide that cannot be read is a complaint, and the others stay.

    Raises:
        DatasetError: there is no region to choose.
        HistoloopError: the model, the table or the source cannot be read.
    """
    p = parameters
    codes, model = read_gtcodes(p.gtcodes), ModelRegistry(settings.home).get(p.model)
    segmenter = _segmenter(model, p, settings)
    source = source_of(DatasetParameters(p.source, p.gtcodes, p.out, p.folder), settings)
    found: list[tuple[Region, _Place]] = []
    odd: list[str] = []
    for entry in source.slides.list():
        try:
            some = list(_regions(source, entry.id, codes, model, segmenter, p))
        except HistoloopError as error:
            odd.append(f"{entry.name}: left out: {error.message}")
            continue
        say(f"{entry.name}: {len(some)} regions")
        found += some
    if not found:
        raise DatasetError(
            f"{source.name}: no region is left to be labelled" + "".join(f"; {o}" for o in odd[:3]),
            hint="what is outlined as an ROI is not asked for again",
        )
    places = {(region.slide, region.box): place for region, place in found}
    entries = []
    for one in rank([region for region, _ in found], p.most):
        place = places[one.region.slide, one.region.box]
        image, members = _look(place, segmenter)
        mean = np.moveaxis(quantise(members.mean(axis=0)), -1, 0)
        predicted = np.zeros(mean.shape[1:], np.uint8)
        coded = labels(mean, model.card.labels, 0.5)
        for number, label in enumerate(model.card.labels, start=1):
            predicted[coded == label.code] = number
        entries.append(Entry(place.plan.slide.name, one, image, predicted))
    return Queue(p, model, codes, tuple(entries), len(found), tuple(odd))


def _segmenter(model: Model, p: ReviewParameters, settings: Settings) -> Segmenter:
    runtimes.prepare(model, p.runtime, settings.cache)
    return Segmenter(model.card, runtimes.load(model, p.runtime, 1, settings.cache), p.tta)


def _regions(
    source: Source,
    id: str,
    codes: GTCodes,
    model: Model,
    segmenter: Segmenter,
    p: ReviewParameters,
) -> Iterator[tuple[Region, _Place]]:
    """The cells of a slide with tissue that no ROI touches."""
    taken = _taken([one.content for one in source.documents.of_slide(id)], codes)
    address = source.slides.address(id)
    asked = SegmentParameters(address, p.model, p.out, tta=p.tta, runtime=p.runtime)
    plan = make_plan(asked, address.open(), model, None)
    for cell in plan.cells:
        box = plan.base_box(cell)
        if _worth_opening(plan, box, taken):
            place = _Place(plan, cell)
            image, members = _look(place, segmenter)
            yield observe(id, box, image, members), place


def _taken(documents: Sequence[Document], codes: GTCodes) -> list[Box]:
    """Where somebody has labelled; what a queue only asks for stays worth asking for.

    So a queue that is made again is the same, and pushing it again doubles nothing.
    """
    drawing = read_drawing(documents, codes)
    return [
        roi.box
        for roi in drawing.rois
        if not asks(documents[roi.document].get("attributes", {}))
        or any(not area.box.intersect(roi.box).empty for area in drawing.areas)
    ]


def _worth_opening(plan: Plan, box: Box, taken: Sequence[Box]) -> bool:
    if box.empty or any(not box.intersect(other).empty for other in taken):
        return False
    return plan.tissue is None or plan.tissue.share(box) >= _LEAST_TISSUE


def _look(place: _Place, segmenter: Segmenter) -> tuple[Pixels, NDArray[np.float32]]:
    """A cell's picture, and the answers of all turns, ``(answers, rows, cols, classes)``."""
    plan, cell = place.plan, place.cell
    seen, own = plan.grid.read_box(cell), plan.grid.write_box(cell)
    image = read(plan.slide, seen, plan.scale)
    answers = np.concatenate(segmenter.answers(image[None]))
    rows, columns = own.within(plan.grid.reach_box(cell))
    return image[own.within(seen)], answers[:, rows, columns]
