"""`/api/runs/{id}/disagreement`: where a run and another, or a person, give other classes."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from flask import Response
from pydantic import BaseModel, Field

from histoloop.annotations.gtcodes import roi_groups
from histoloop.annotations.opinions import (
    DrawnOpinion,
    Kind,
    Opinion,
    RunOpinion,
    both,
    joint_names,
    kinds,
)
from histoloop.errors import NotFoundError, StateError, UsageError
from histoloop.geometry import Box, Mpp, Scale, region_of_interest
from histoloop.jobs.job import Job, JobState
from histoloop.service.identity import visit
from histoloop.service.library import Visit
from histoloop.service.pictures import encoded_png, png
from histoloop.service.schema import GONE, PNG, ById, Tile, answers, resource
from histoloop.service.slides import tile_box
from histoloop.service.visitor import Visitor
from histoloop.slides.slide import Slide

comparison = resource("comparison", tag="runs")

_MOST_COUNTED = 4_000_000
"""Pixels that figures are counted on: a second of work, and finer than any outline is sure."""

_DRAWING_HOLDS_S = 5.0
"""A drawing is not read anew for every tile, and who goes on with it soon sees that."""

_DRAWINGS = 16

_KINDS = {
    "only_this": Kind.ONLY_THIS,
    "only_other": Kind.ONLY_OTHER,
    "other_class": Kind.OTHER_CLASS,
}


class Other(BaseModel):
    """With what a run is compared: one of both."""

    run: str | None = Field(default=None, max_length=64, description="another run of the slide")
    annotation: str | None = Field(
        default=None, max_length=64, description="an annotation of the slide"
    )
    threshold: Annotated[float, Field(default=0.5, gt=0, le=1, description="of both runs")]


class OtherLayer(Other):
    """Which disagreement a tile is to show."""

    kind: Literal["only_this", "only_other", "other_class"] = Field(
        default="only_this",
        description="a class only here, only there, or another class on either side",
    )


@comparison.get("/runs/<id>/disagreement", responses=answers("figures") | GONE)
def disagreement(path: ById, query: Other) -> dict[str, Any]:
    """How far a run and another view of its slide agree, where both speak.

    Areas are counted on a grid of at most four million pixels over what both speak of. ``dice``
    is, by class, twice what both give it over the sum of what either does; null where neither has
    it.
    """
    job = visit().job_of_run(path.id)
    slide = visit().slide(job.segmentation.slide)
    this, other = _sides(visit(), job, slide, query)
    shared = this.scope.intersect(other.scope).intersect(Box.of(slide.size))
    factor = max(1, math.ceil(math.sqrt(shared.area / _MOST_COUNTED)))
    scale = Scale(factor, factor)
    mine, theirs = both(this, other, scale.to_level(shared), scale)
    mm2 = _pixel_mm2(slide.mpp, scale)
    found = kinds(mine, theirs)
    return {
        "shared": shared,
        "mpp": _pitch(slide.mpp, scale),
        "areas_mm2": {
            name: _area(int(np.count_nonzero(found == kind)), mm2) for name, kind in _KINDS.items()
        },
        "share": float(np.count_nonzero(found) / found.size) if found.size else None,
        "classes": [
            _agreed(name, mine == code, theirs == code, mm2)
            for code, name in enumerate(joint_names(this, other), start=1)
        ],
    }


@comparison.get("/runs/<id>/disagreement/tiles/<int:z>/<int:x>/<int:y>", responses=PNG | GONE)
def disagreement_tile(path: Tile, query: OtherLayer) -> Response:
    """A grey PNG on the grid of the slide's tiles: 255 where both sides differ so, else 0."""
    here = visit()
    job = here.job_of_run(path.id)
    slide = here.slide(job.segmentation.slide)
    zoom, box = tile_box(slide, path)
    this, other = _sides(here, job, slide, query)
    factor = slide.levels[zoom].downsample
    found = kinds(*both(this, other, box, Scale(factor, factor)))
    grey = np.where(found == _KINDS[query.kind], 255, 0).astype(np.uint8)
    return png(encoded_png(grey), final=query.annotation is None)


def _sides(here: Visit, job: Job, slide: Slide, query: Other) -> tuple[Opinion, Opinion]:
    """
    Raises:
        UsageError: nothing is named to compare with, or too much.
        NotFoundError: what is named does not lie on the slide, or its result is gone.
        StateError: a run is not done: where it has not been it says nothing, and not “no class”.
    """
    this = _of_run(here, job, slide, query.threshold)
    if (query.run is None) == (query.annotation is None):
        raise UsageError(
            "a run is compared with one run or with one annotation",
            hint="give “run” or “annotation”",
        )
    if query.annotation is not None:
        return this, _of_person(here, slide.id, query.annotation)
    other = here.job_of_run(query.run or "")
    if other.segmentation.slide != job.segmentation.slide:
        raise NotFoundError(
            f"run {query.run} is of another slide", hint="compare runs of the same slide"
        )
    return this, _of_run(here, other, slide, query.threshold)


def _of_run(here: Visit, job: Job, slide: Slide, threshold: float) -> RunOpinion:
    if job.state is not JobState.DONE:
        raise StateError(
            f"run {job.run} ({job.segmentation.model}) is {job.state}: its end is to be awaited "
            "before it is compared",
            hint="run it again" if job.state.ended else "wait until it is done",
        )
    mask = here.mask(job.run)
    if mask is None:
        raise NotFoundError(
            f"the result of run {job.run} is not there any more", hint="segment the slide again"
        )
    region = region_of_interest(job.segmentation.roi, slide.size, slide.name)
    return RunOpinion(mask, region, threshold)


def _of_person(here: Visit, slide: str, annotation: str) -> DrawnOpinion:
    rois = roi_groups(here.library.settings.retrain_gtcodes)
    moment = int(time.monotonic() / _DRAWING_HOLDS_S)
    return _drawn(here.visitor, slide, annotation, rois, moment)


@lru_cache(maxsize=_DRAWINGS)
def _drawn(
    visitor: Visitor, slide: str, annotation: str, rois: frozenset[str], _moment: int
) -> DrawnOpinion:
    if all(one.id != annotation for one in visitor.annotations.list(slide)):
        raise NotFoundError(
            f"no annotation {annotation!r} on this slide", hint="list the slide's annotations again"
        )
    return DrawnOpinion(visitor.annotations.get(annotation), rois)


def _agreed(name: str, mine: Any, theirs: Any, mm2: float | None) -> dict[str, Any]:
    this, other = int(np.count_nonzero(mine)), int(np.count_nonzero(theirs))
    shared = int(np.count_nonzero(mine & theirs))
    return {
        "name": name,
        "this_mm2": _area(this, mm2),
        "other_mm2": _area(other, mm2),
        "dice": 2 * shared / (this + other) if this + other else None,
    }


def _area(pixels: int, mm2: float | None) -> float | None:
    return None if mm2 is None else pixels * mm2


def _pixel_mm2(mpp: Mpp | None, scale: Scale) -> float | None:
    return mpp.x * scale.x * mpp.y * scale.y / 1e6 if mpp else None


def _pitch(mpp: Mpp | None, scale: Scale) -> float | None:
    return mpp.x * scale.x if mpp else None
