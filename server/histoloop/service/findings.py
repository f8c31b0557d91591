"""What a run says in figures, and where a region comes from: areas, lineage."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field
from shapely import Point
from shapely.geometry import mapping

from histoloop.annotations.elements import read_elements
from histoloop.errors import AccessError, NotFoundError
from histoloop.geometry import Mpp
from histoloop.jobs import outputs
from histoloop.jobs.job import Job
from histoloop.jobs.report import Report
from histoloop.jobs.snapshots import shelf
from histoloop.masks.areas import STEP, Tally, tally
from histoloop.masks.mask import Mask
from histoloop.masks.region import region_at
from histoloop.service.identity import visit
from histoloop.service.library import Visit, library
from histoloop.service.schema import GONE, ById, answers, resource

findings = resource("findings", tag="runs")

Threshold = Annotated[float, Field(default=0.5, gt=0, le=1)]
Coordinate = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False, description="base pixels")]

UNCERTAINTY = (
    f"from the areas at thresholds {STEP:g} stricter and looser: how much the model was undecided "
    "about, not how often it is wrong"
)


class At(BaseModel):
    """At which threshold areas are wanted."""

    threshold: Threshold


class Place(BaseModel):
    """A point of the slide."""

    x: Coordinate
    y: Coordinate


class RunPlace(Place):
    """A point of a prediction."""

    threshold: Threshold


class DrawnPlace(Place):
    """A point of an annotation."""

    annotation: str = Field(max_length=64)


@findings.get("/runs/<id>/areas", responses=answers("areas") | GONE)
def run_areas(path: ById, query: At) -> dict[str, Any]:
    """Area and share of each class at a threshold, from the stored probabilities.

    ``low`` and ``high`` are the same at thresholds 0.1 stricter and looser: a measure of how much
    the model was undecided about, no confidence interval. Shares are of the tissue where the run
    knows it, else of what was predicted. ``measured_mpp`` is the scale that was counted at.
    """
    here = visit()
    job = here.job_of_run(path.id)
    mask = here.mask(path.id)
    if mask is None:
        raise NotFoundError(
            f"run {path.id} has nothing to measure yet", hint="wait until its first tiles are there"
        )
    return areas(mask, job, query.threshold)


def areas(mask: Mask, job: Job, threshold: float) -> dict[str, Any]:
    """As `run_areas` answers."""
    counted = _counted(mask.path, job.progress.done if not job.state.ended else -1)
    whole, of = _whole_mm2(mask, job)
    mpp = mask.frame.base_mpp
    return {
        "threshold": threshold,
        "step": STEP,
        "uncertainty": UNCERTAINTY,
        "share_of": of,
        "whole_mm2": whole,
        "measured_mpp": counted.mpp,
        "mpp": {"x": mpp.x, "y": mpp.y, "source": mpp.source},
        "classes": [
            {"name": one.name, "code": one.code, "color": one.color}
            | _spans(counted, channel, threshold, whole)
            for channel, one in enumerate(mask.frame.classes)
        ],
    }


@findings.get("/runs/<id>/region", responses=answers("a region") | GONE)
def run_region(path: ById, query: RunPlace) -> dict[str, Any]:
    """The connected region of a class around a point, and all that it comes from.

    ``region`` is null where no class reaches the threshold.
    """
    here = visit()
    job = here.job_of_run(path.id)
    mask = here.mask(path.id)
    found = region_at(mask, query.x, query.y, query.threshold) if mask else None
    if found is None:
        return {"region": None, "lineage": lineage(here, job)}
    return {
        "region": {
            "class": found.label.name,
            "color": found.label.color,
            "area_mm2": found.area_mm2,
            "probability": found.probability,
            "threshold": query.threshold,
            "measured_mpp": found.mpp,
            "geometry": mapping(found.outline) if found.outline else None,
        },
        "lineage": lineage(here, job),
    }


@findings.get("/slides/<id>/drawn", responses=answers("an element"))
def drawn_region(path: ById, query: DrawnPlace) -> dict[str, Any]:
    """The topmost area of an annotation at a point, with who drew it and when; else null."""
    here = visit()
    slide = here.slide(path.id)
    summary = next(
        (one for one in here.annotations.list(path.id) if one.id == query.annotation), None
    )
    if summary is None:
        raise NotFoundError(
            f"no annotation {query.annotation!r} on this slide",
            hint="list the slide's annotations again",
        )
    areas_there = [
        one
        for one in read_elements(here.annotations.get(query.annotation)).elements
        if one.area and one.geometry.covers(Point(query.x, query.y))
    ]
    if not areas_there:
        return {"region": None, "annotation": None}
    top = min(areas_there, key=lambda one: one.geometry.area)
    said = summary.attributes
    return {
        "region": {
            "class": top.group,
            "area_mm2": _mm2(top.geometry.area, slide.mpp),
            "geometry": mapping(top.geometry),
        },
        "annotation": {
            "id": summary.id,
            "name": summary.name,
            "by": here.visitor.name_of(summary.creator) or str(said.get("annotator", "")),
            "updated": summary.updated.isoformat(),
            "run": said.get("run"),
            "model": said.get("model"),
            "digest": said.get("digest"),
            "threshold": said.get("threshold"),
        },
    }


def lineage(here: Visit, job: Job) -> dict[str, Any]:
    """Where a run comes from: its model, what that learned from, and from whom."""
    report = Report.read(library().settings.runs / job.folder / outputs.REPORT)
    try:
        card = library().models.get(job.segmentation.model).card
    except NotFoundError:
        card = None
    digest = report.model.get("digest") if report else (card.digest if card else None)
    trained = card.training if card and card.digest == digest else {}
    snapshot = trained.get("snapshot") or None
    return {
        "run": job.run,
        "slide": job.segmentation.slide_name,
        "model": job.segmentation.model,
        "digest": digest,
        "parent": card.parent if card else None,
        "threshold": job.segmentation.threshold,
        "created": job.created.isoformat(),
        "finished": job.finished.isoformat() if job.finished else None,
        "by": here.visitor.name_of(job.segmentation.user) if job.segmentation.user else "",
        "software": report.software if report else None,
        "snapshot": snapshot,
        "annotators": _annotators(here, snapshot),
    }


def _annotators(here: Visit, snapshot: str | None) -> list[str] | None:
    """Who drew what a model learned from; `None` where that is not known, or nobody's business."""
    if snapshot is None:
        return None
    try:
        here.visitor.refuse_datasets()
        return list(shelf(library().settings).get(snapshot).snapshot.annotators)
    except (AccessError, NotFoundError):
        return None


@lru_cache(maxsize=64)
def _counted(path: Path, _progress: int) -> Tally:
    return tally(Mask.open(path))


def _whole_mm2(mask: Mask, job: Job) -> tuple[float | None, str]:
    """What shares are of: the tissue as the report has it, else the region."""
    report = Report.read(library().settings.runs / job.folder / outputs.REPORT)
    for one in report.classes if report else ():
        if 0 < one.share < 1:
            return one.area_mm2 / one.share, "tissue"
    mpp, base = mask.frame.base_mpp, mask.frame.base
    box = job.segmentation.roi
    pixels = box.area if box else base.width * base.height
    return _mm2(pixels, mpp), "region"


def _spans(
    counted: Tally, channel: int, threshold: float, whole: float | None
) -> dict[str, float | None]:
    span = counted.span(channel, threshold)

    def share(mm2: float) -> float | None:
        return min(1.0, mm2 / whole) if whole else None

    return {
        "area_mm2": span.mm2,
        "low_mm2": span.low,
        "high_mm2": span.high,
        "share": share(span.mm2),
        "low_share": share(span.low),
        "high_share": share(span.high),
    }


def _mm2(pixels: float, mpp: Mpp | None) -> float | None:
    return pixels * mpp.x * mpp.y / 1e6 if mpp else None
