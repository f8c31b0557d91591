"""`/api/jobs`: ask for a segmentation, follow it, stop it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Literal

from flask import Response, request, url_for
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from histoloop.geometry import region_of_interest
from histoloop.jobs.job import Job, SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.models.registry import DEFAULT
from histoloop.service.library import library
from histoloop.service.schema import BaseBox, ById, OfSlide
from histoloop.slides.slide import known_mpp

jobs = APIBlueprint("jobs", __name__, url_prefix="/api", abp_tags=[Tag(name="jobs")])

_POLL_S = 0.25
_KEEP_ALIVE_S = 15.0


class NewJob(BaseModel):
    """A job to queue."""

    kind: Literal["segment"] = "segment"
    slide: str
    model: str = DEFAULT
    roi: BaseBox | None = None
    threshold: float = Field(default=0.5, gt=0, le=1)
    focus: BaseBox | None = Field(default=None, description="computed first")


class Focus(BaseModel):
    """What the user looks at."""

    box: BaseBox


@jobs.post("/jobs", responses={202: {"description": "queued"}})
def create_job(body: NewJob) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Queue a segmentation; what is impossible is refused at once."""
    shelf = library()
    slide = shelf.slide(body.slide)
    known_mpp(slide)
    roi = region_of_interest(body.roi, slide.size, slide.name) if body.roi else None
    model = shelf.models.get(body.model)
    asked = SegmentRequest(slide.id, slide.name, model.card.reference, roi, body.threshold)
    job = shelf.ledger.create(asked, body.focus)
    shelf.engine.submit(job)
    return job.document(), 202, {"Location": url_for("jobs.show_job", id=job.id)}


@jobs.get("/jobs")
def list_jobs(query: OfSlide) -> dict[str, Any]:
    """Jobs, newest first."""
    return {"jobs": [job.document() for job in library().ledger.list(query.slide)]}


@jobs.get("/jobs/<id>")
def show_job(path: ById) -> dict[str, Any]:
    """A job as it stands."""
    return library().ledger.get(path.id).document()


@jobs.post("/jobs/<id>/cancel", responses={202: {"description": "will stop"}})
def cancel_job(path: ById) -> tuple[dict[str, Any], int]:
    """Stop a job; what it has finished is kept."""
    return library().ledger.request_cancel(path.id).document(), 202


@jobs.put("/jobs/<id>/focus", responses={204: {"description": "noted"}})
def set_focus(path: ById, body: Focus) -> tuple[str, int]:
    """Compute what lies in this view first."""
    library().ledger.set_focus(path.id, body.box)
    return "", 204


@jobs.get("/jobs/<id>/events")
def job_events(path: ById) -> Response:
    """Server-sent events: ``job`` on every change, ``tiles`` when regions can be looked at."""
    ledger = library().ledger
    ledger.get(path.id)  # an unknown job is a 404, not an empty stream
    after = request.headers.get("Last-Event-ID", "0")
    stream = _events(ledger, path.id, int(after) if after.isdigit() else 0)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream, mimetype="text/event-stream", headers=headers)


def _events(ledger: Ledger, id: str, after: int) -> Iterator[str]:
    before: Job | None = None
    spoken = time.monotonic()
    while before is None or not before.state.ended:
        job = ledger.get(id)  # before the news: an ended job has no more of it
        boxes, after = ledger.news(id, after)
        if boxes:
            yield _event("tiles", {"boxes": boxes}, after)
        if before is None or job.document() != before.document():
            yield _event("job", job.document(), after)
            spoken = time.monotonic()
        elif time.monotonic() - spoken > _KEEP_ALIVE_S:
            yield ": still here\n\n"
            spoken = time.monotonic()
        before = job
        time.sleep(_POLL_S)


def _event(name: str, content: dict[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(content)}\n\n"
