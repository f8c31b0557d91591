"""`/api/jobs`: ask for a segmentation, follow it, stop it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Literal

from flask import Response, request, url_for
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from histoloop.errors import AccessError, DsaError, StateError
from histoloop.geometry import region_of_interest
from histoloop.jobs.job import Job, JobState, SegmentRequest
from histoloop.jobs.ledger import new_id
from histoloop.models.registry import DEFAULT
from histoloop.service.identity import visit
from histoloop.service.library import Visit, library
from histoloop.service.schema import BaseBox, ById, OfSlide
from histoloop.slides.slide import known_mpp

jobs = APIBlueprint("jobs", __name__, url_prefix="/api", abp_tags=[Tag(name="jobs")])

_POLL_S = 0.25
_KEEP_ALIVE_S = 15.0
_RIGHTS_S = 20.0
"""How long a stream goes on before it is asked again whether its reader may see it."""


class NewJob(BaseModel):
    """A job to queue."""

    kind: Literal["segment"] = "segment"
    slide: str
    model: str = DEFAULT
    roi: BaseBox | None = None
    threshold: float = Field(default=0.5, gt=0, le=1)
    focus: BaseBox | None = Field(default=None, description="computed first")
    replace: bool = Field(default=False, description="in the place of this model's earlier layers")


class Focus(BaseModel):
    """What the user looks at."""

    box: BaseBox


@jobs.post("/jobs", responses={202: {"description": "queued"}})
def create_job(body: NewJob) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Queue a segmentation; what is impossible is refused at once."""
    here = visit()
    asked, id = _request(here, body), new_id()
    _keep_login(here, id)
    job = here.library.ledger.create(asked, body.focus, id)
    here.library.engine.submit(job)
    return job.document(), 202, {"Location": url_for("jobs.show_job", id=job.id)}


def _request(here: Visit, body: NewJob) -> SegmentRequest:
    slide, user = here.slide(body.slide, now=True), here.visitor.user()
    here.visitor.refuse_readonly(slide.id)
    known_mpp(slide)
    return SegmentRequest(
        slide=slide.id,
        slide_name=slide.name,
        model=here.library.models.get(body.model).card.reference,
        roi=region_of_interest(body.roi, slide.size, slide.name) if body.roi else None,
        threshold=body.threshold,
        replace=body.replace,
        fingerprint=slide.fingerprint,
        user=user.id if user else "",
    )


def _keep_login(here: Visit, job: str) -> None:
    """A job needs to know in whose name it runs before anybody can take it up."""
    if here.library.settings.dsa:
        here.library.logins.keep(job, here.visitor.login)


@jobs.get("/jobs")
def list_jobs(query: OfSlide) -> dict[str, Any]:
    """Jobs, newest first."""
    return {"jobs": [job.document() for job in visit().jobs(query.slide, query.limit)]}


@jobs.get("/jobs/<id>")
def show_job(path: ById) -> dict[str, Any]:
    """A job as it stands."""
    return visit().job(path.id).document()


@jobs.post("/jobs/<id>/cancel", responses={202: {"description": "will stop"}})
def cancel_job(path: ById) -> tuple[dict[str, Any], int]:
    """Stop a job; what it has finished is kept."""
    here = visit()
    here.visitor.refuse_readonly(here.job(path.id).request.slide)
    job = here.library.ledger.request_cancel(path.id)
    if job.state.ended:  # before it began: nobody else will tidy up
        here.library.logins.forget(job.id)
    return job.document(), 202


@jobs.post("/jobs/<id>/retry", responses={202: {"description": "queued again"}})
def retry_job(path: ById) -> tuple[dict[str, Any], int]:
    """Run a failed job again, in the name of whoever asks now; it keeps what it has finished."""
    here = visit()
    job = here.job(path.id)
    here.visitor.refuse_readonly(job.request.slide)
    if job.state is not JobState.FAILED:
        raise StateError(f"job {job.id} is {job.state}: only a failed one can be run again")
    _keep_login(here, job.id)
    job = here.library.ledger.retry(job.id)
    here.library.engine.submit(job)
    return job.document(), 202


@jobs.put("/jobs/<id>/focus", responses={204: {"description": "noted"}})
def set_focus(path: ById, body: Focus) -> tuple[str, int]:
    """Compute what lies in this view first."""
    library().ledger.set_focus(visit().job(path.id).id, body.box)
    return "", 204


@jobs.get("/jobs/<id>/events")
def job_events(path: ById) -> Response:
    """Server-sent events: ``job`` on every change, ``tiles`` when regions can be looked at."""
    here = visit()
    here.job(path.id)  # an unknown job is a 404, not an empty stream
    after = request.headers.get("Last-Event-ID", "0")
    stream = _events(here, path.id, int(after) if after.isdigit() else 0)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream, mimetype="text/event-stream", headers=headers)


def _events(here: Visit, id: str, after: int) -> Iterator[str]:
    ledger = here.library.ledger
    before: Job | None = None
    spoken = allowed = time.monotonic()
    while before is None or not before.state.ended:
        if time.monotonic() - allowed > _RIGHTS_S:
            if not _may_go_on(here, id):
                return
            allowed = time.monotonic()
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


def _may_go_on(here: Visit, id: str) -> bool:
    """Whether the reader may still see the job; an archive that is away takes no right away."""
    try:
        here.visitor.user()
        return here.shows(here.library.ledger.get(id))
    except AccessError:
        return False
    except DsaError:
        return True


def _event(name: str, content: dict[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(content)}\n\n"
