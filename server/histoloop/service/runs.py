"""`/api/runs`: predictions as tiles and as polygons, for any threshold, without the model."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import shapely
from flask import Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from shapely import LinearRing, Polygon

from histoloop.errors import AccessError, NotFoundError
from histoloop.geometry import Box, Size
from histoloop.jobs import outputs
from histoloop.jobs.job import SEGMENT, Job, JobState, Kept
from histoloop.jobs.kept_runs import keep
from histoloop.masks.labels import LabelClass, labels, margin, uncertainty
from histoloop.masks.mask import Mask
from histoloop.masks.trace import trace
from histoloop.service.admission import Admission
from histoloop.service.identity import visit
from histoloop.service.library import library
from histoloop.service.pictures import encoded_png, png
from histoloop.service.problems import problem
from histoloop.service.schema import (
    BUSY,
    GONE,
    PNG,
    BaseBox,
    ById,
    OfSlide,
    Query,
    Tile,
    answers,
    resource,
)
from histoloop.service.slides import tile_box
from histoloop.tiling.stitching import Probabilities

runs = resource("runs", tag="runs")

_MOST_TRACED = 16_000_000
"""Mask pixels whose outlines are traced in one request."""

_MOST_TILES = 4096
"""Tiles of complete runs that are kept: some 40 MB; who look at a slide share most."""

_PLACES = 24
"""Threads that outlines may hold: with those that follow jobs some are left for all the rest."""

_TRACING = Admission(
    "outlines", at_once=min(os.cpu_count() or 1, 16), places=_PLACES, patience_s=10
)
"""Each who traces takes a core, and some 30 MB."""

Threshold = Annotated[float, Field(default=0.5, gt=0, le=1)]


class Layer(Query):
    """What a tile is to show."""

    layer: Literal["probability", "class", "uncertainty"] = "probability"
    threshold: Threshold
    class_name: str | None = Field(default=None, alias="class", description="first by default")


class Keeping(BaseModel):
    """Whether a run is to stay."""

    kept: bool


class Outlines(Query):
    """Which outlines are wanted."""

    box: BaseBox
    threshold: Threshold
    class_name: str | None = Field(default=None, alias="class", description="all by default")


@runs.put("/runs/<id>/kept", responses=answers("a run") | GONE)
def keep_run(path: ById, body: Keeping) -> dict[str, Any]:
    """Let a run stay, whatever its age, or let it go again.

    Whoever may have its slide segmented says that it is to stay; that it is not any more, in an
    archive, only they who have said so, or an administrator.
    """
    here = visit()
    job = here.job_of_run(path.id)
    here.visitor.refuse_readonly(job.segmentation.slide)
    user = here.visitor.user()
    foreign = job.kept and user and not user.admin and job.kept.by != user.id
    if job.kept and foreign and not body.kept:
        raise AccessError(
            f"run {job.run} is kept by {here.visitor.name_of(job.kept.by) or 'somebody else'}",
            hint="ask them, or an administrator, to let it go",
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = (job.kept or Kept(user.id if user else "", now)) if body.kept else None
    return _run(keep(here.library.ledger, job.id, kept))


@runs.get("/runs", responses=answers("runs"))
def list_runs(query: OfSlide) -> dict[str, Any]:
    """Runs, newest first; a run exists as soon as its job does."""
    jobs = visit().jobs(query.slide, query.limit, SEGMENT)
    return {"runs": [_run(job) for job in jobs]}


@runs.get("/runs/<id>", responses=answers("a run") | GONE)
def show_run(path: ById) -> dict[str, Any]:
    """A run with its report, when it is complete."""
    return _run(visit().job_of_run(path.id))


@runs.get("/runs/<id>/tiles/<int:z>/<int:x>/<int:y>", responses=PNG | GONE)
def run_tile(path: Tile, query: Layer) -> Response:
    """A PNG on the grid of the slide's tiles; 0 where nothing is predicted (yet)."""
    here = visit()
    job = here.job_of_run(path.id)
    slide = here.slide(job.segmentation.slide)
    zoom, box = tile_box(slide, path)
    factor = slide.levels[zoom].downsample
    base = Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor)
    mask, out = here.mask_of(job), Size(box.width, box.height)
    if mask is None:
        return png(encoded_png(np.zeros((out.height, out.width), np.uint8)), final=False)
    final = job.state is JobState.DONE
    drawn = _finished_tile if final else _tile
    return png(drawn(mask, base, out, query), final=final)


@runs.get("/runs/<id>/polygons", responses=answers("GeoJSON") | GONE | BUSY)
def run_polygons(path: ById, query: Outlines) -> Response:
    """Outlines in a box as GeoJSON in base pixels, closed along the border of the box.

    While very many ask, some are told to come again, by ``Retry-After``.
    """
    mask = visit().mask(path.id)
    if mask is None:
        return _collection([])
    region = mask.frame.scale.to_level(query.box).intersect(Box.of(mask.frame.size))
    if region.area > _MOST_TRACED:
        return problem(413, f"{region.area:,} mask pixels are too many to trace", "zoom in")
    with _TRACING.turn():
        return _collection(_features(mask, region, query))


def _tile(mask: Mask, base: Box, out: Size, query: Layer) -> bytes:
    return encoded_png(_picture(mask, mask.view(base, out), query))


_finished_tile = lru_cache(maxsize=_MOST_TILES)(_tile)


def _run(job: Job) -> dict[str, Any]:
    report = library().settings.runs / job.folder / outputs.REPORT
    classes, mpp = _classes_and_mpp(job)
    said = job.document()
    return {
        "id": job.run,
        "job": job.id,
        "slide": job.segmentation.slide,
        "model": job.segmentation.model,
        "classes": [vars(one) for one in classes],
        "mpp": mpp,
        "roi": job.segmentation.roi,
        "threshold": job.segmentation.threshold,
        "state": job.state,
        "created": said["created"],
        "put_away": said["put_away"],
        "kept": {"at": job.kept.at, "by": visit().visitor.name_of(job.kept.by)}
        if job.kept
        else None,
        "report": json.loads(report.read_bytes()) if report.is_file() else None,
    }


def _classes_and_mpp(job: Job) -> tuple[tuple[LabelClass, ...], float | None]:
    """As the prediction has them; before there is one, as the model does, if it is still there."""
    if mask := visit().mask_of(job):
        return mask.frame.classes, mask.frame.mpp
    try:
        card = library().models.get(job.segmentation.model).card
    except NotFoundError:
        return (), None
    return card.labels, card.mpp


def _picture(mask: Mask, values: Probabilities, query: Layer) -> NDArray[np.uint8]:
    if query.layer == "uncertainty":
        return uncertainty(values)
    if query.layer == "class":
        return _coloured(labels(values, mask.frame.classes, query.threshold), mask.frame.classes)
    return np.asarray(values[_channels(mask, query.class_name)[0]])


def _coloured(codes: NDArray[np.uint8], classes: tuple[LabelClass, ...]) -> NDArray[np.uint8]:
    """Codes as RGBA; "none of the classes" is clear."""
    palette = np.zeros((256, 4), np.uint8)
    for one in classes:
        palette[one.code] = (*one.rgb, 255)
    return np.asarray(palette[codes], np.uint8)


def _collection(features: list[dict[str, Any]]) -> Response:
    """A megabyte of numbers for one view, none of which becomes an object of Python."""
    whole = {"type": "FeatureCollection", "features": features}
    body = orjson.dumps(whole, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, mimetype="application/json")


def _features(mask: Mask, region: Box, query: Outlines) -> list[dict[str, Any]]:
    values = mask.read(region)
    features = []
    for channel in _channels(mask, query.class_name):
        field = margin(values, channel, query.threshold)
        polygons = trace(partial(_crop, field, region), region)
        features += [_feature(mask, channel, polygon) for polygon in polygons]
    return features


def _crop(field: NDArray[np.int16], region: Box, box: Box) -> NDArray[np.int16]:
    return np.asarray(field[box.within(region)])


def _feature(mask: Mask, channel: int, polygon: Polygon) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "class": mask.frame.classes[channel].name,
            "area_um2": round(polygon.area * mask.frame.mpp**2, 1),
        },
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                _positions(mask, ring) for ring in (polygon.exterior, *polygon.interiors)
            ],
        },
    }


def _positions(mask: Mask, ring: LinearRing) -> NDArray[np.float64]:
    """``(n, 2)`` base pixels of a ring."""
    scale = (mask.frame.scale.x, mask.frame.scale.y)
    return np.ascontiguousarray(np.round(shapely.get_coordinates(ring) * scale, 1))


def _channels(mask: Mask, name: str | None) -> list[int]:
    """Channels of the class asked for, or of all.

    Raises:
        NotFoundError: the run has no such class.
    """
    names = [one.name for one in mask.frame.classes]
    if name is None:
        return list(range(len(names)))
    if name not in names:
        raise NotFoundError(f"no class {name!r} in this run", hint=f"it has {', '.join(names)}")
    return [names.index(name)]
