"""`/api/jobs`: ask for a segmentation, follow it, stop it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

from flask import Response, request, url_for
from pydantic import BaseModel, Field

from histoloop.errors import AccessError, DsaError, NotFoundError, StateError
from histoloop.jobs.job import (
    RETRAIN,
    SEGMENT,
    Job,
    JobState,
    Priority,
    Request,
    RetrainRequest,
    SegmentRequest,
)
from histoloop.jobs.ledger import new_id
from histoloop.jobs.retrain_process import learnt_from
from histoloop.jobs.retrain_record import read_record
from histoloop.service.identity import visit
from histoloop.service.library import Visit, library
from histoloop.service.schema import BaseBox, ById, OfSlide, answers, resource
from histoloop.service.segmentations import (
    MOST_SLIDES,
    NewSegmentation,
    each_of,
    refuse_for_several,
    request_of,
)

jobs = resource("jobs", tag="jobs")

_POLL_S = 0.25
_YOUNG_S, _YOUNG_POLL_S = 5.0, 0.05
"""Who has just asked for a small region sees it almost as soon as it is there."""

_STREAMS = threading.BoundedSemaphore(32)
"""Those that stay open: each holds a thread of the service, of which tiles need some, too."""

_COME_AGAIN_MS = 3000
"""For whoever finds no place among them: their browser asks again by itself, so often."""

_KEEP_ALIVE_S = 15.0
_RIGHTS_S = 20.0
"""How long a stream goes on before it is asked again whether its reader may see it."""


class NewJob(NewSegmentation):
    """A job to queue: to segment a slide or several, or to retrain a model from all annotations."""

    kind: Literal["segment", "retrain"] = "segment"
    slides: list[str] = Field(
        default=[], max_length=MOST_SLIDES, description="several to segment, a job each"
    )
    from_scratch: bool = Field(default=False, description="to retrain: with new weights")
    focus: BaseBox | None = Field(default=None, description="computed first")
    replace: bool = Field(default=False, description="in the place of this model's earlier layers")
    priority: Priority = Field(default=Priority.NORMAL, description="among those that wait")


class Wanted(OfSlide):
    """Which jobs to list."""

    kind: Literal["segment", "retrain"] | None = None
    whose: Literal["all", "account"] = Field(
        default="all",
        description="account: those that the account asked for; of an administrator: everybody's",
    )


class Focus(BaseModel):
    """What the user looks at."""

    box: BaseBox


class Urgency(BaseModel):
    """Where a job is to wait."""

    priority: Priority


@jobs.post("/jobs", responses=answers("queued", status=202))
def create_job(body: NewJob) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Queue a segmentation or a retraining; what is impossible is refused at once.

    Of several ``slides`` one that cannot be read fails with the reason, as a job, and one that is
    out of reach is among the ``refused``; neither stops the others.
    """
    here = visit()
    _refuse_urgent(here, body.priority)
    if body.slides and body.kind == SEGMENT:
        return _queue_all(here, body), 202, {"Location": url_for("jobs.list_jobs")}
    if body.kind == RETRAIN:
        job = _queue(here, _retraining(here, body), body)
    else:
        job = _queue(here, request_of(here, body, replace=body.replace), body)
    return document(here, job), 202, {"Location": url_for("jobs.show_job", id=job.id)}


def _queue_all(here: Visit, body: NewJob) -> dict[str, Any]:
    refuse_for_several(body)
    queued, refused = list[Job](), list[dict[str, Any]]()
    for one in each_of(here, body, body.slides, replace=body.replace):
        if isinstance(one, SegmentRequest):
            queued.append(_queue(here, one, body))
        elif isinstance(one, tuple):
            request, failure = one
            queued.append(here.library.ledger.create(request, failure=failure))
        else:
            refused.append(one)
    return {"jobs": [document(here, job) for job in queued], "refused": refused}


def _queue(here: Visit, asked: Request, body: NewJob) -> Job:
    id = new_id()
    _keep_login(here, id)
    job = here.library.ledger.create(asked, body.focus, id, body.priority)
    here.library.engine.send()
    return job


def document(here: Visit, job: Job) -> dict[str, Any]:
    """A job; one that is to retrain with what the gate has said, once it has."""
    if job.kind != RETRAIN:
        return job.document() | {"by": here.visitor.name_of(job.request.user)}
    record = read_record(here.library.settings.runs / job.folder)
    decision = record.decision if record else None
    return job.document() | {
        "by": here.visitor.name_of(job.request.user),
        "candidate": record.candidate if record else None,
        "snapshot": record.snapshot if record else None,
        "promoted": decision.promoted if decision else None,
        "verdict": decision.words if decision else None,
        "headline": decision.headline if decision else None,
        "caveats": decision.caveats if decision else (),
    }


def _retraining(here: Visit, body: NewJob) -> RetrainRequest:
    here.visitor.refuse_retraining()
    settings, user = here.library.settings, here.visitor.user()
    learnt_from(settings, settings.runs)  # refused now, not in a while
    running = [one for one in here.library.ledger.list(kind=RETRAIN) if not one.state.ended]
    if same := next((one for one in running if one.request.model == body.model), None):
        raise StateError(
            f"{body.model} is being retrained already", hint=f"follow or cancel job {same.id}"
        )
    if here.library.models.active(body.model) is None or "@" in body.model:
        raise NotFoundError(
            f"no model is called {body.model!r}", hint="name one of /api/models, without a version"
        )
    why = f"asked for by {user.login}" if user else "asked for in the viewer"
    return RetrainRequest(body.model, body.from_scratch, why, user.id if user else "")


def _refuse_meddling(here: Visit, job: Job) -> None:
    """Make sure that the visitor may stop a job, or have it run again.

    Raises:
        AccessError: they may not.
    """
    if job.kind == RETRAIN:
        here.visitor.refuse_retraining()
    else:
        here.visitor.refuse_readonly(job.segmentation.slide)


def _refuse_urgent(here: Visit, priority: Priority) -> None:
    if priority is Priority.HIGH:
        here.visitor.refuse_overtaking()


def _keep_login(here: Visit, job: str) -> None:
    """A job needs to know in whose name it runs before anybody can take it up."""
    if here.library.settings.dsa:
        here.library.logins.keep(job, here.visitor.login)


@jobs.get("/jobs", responses=answers("jobs"))
def list_jobs(query: Wanted) -> dict[str, Any]:
    """Jobs, newest first."""
    here = visit()
    found = here.jobs(query.slide, query.limit, query.kind, whose=_account(here, query.whose))
    return {"jobs": [document(here, job) for job in found]}


def _account(here: Visit, whose: str) -> str | None:
    """Whose jobs are listed; `None`: everybody's."""
    user = here.visitor.user()
    return None if whose == "all" or user is None or user.admin else user.id


@jobs.get("/jobs/<id>", responses=answers("a job"))
def show_job(path: ById) -> dict[str, Any]:
    """A job as it stands."""
    here = visit()
    return document(here, here.job(path.id))


@jobs.post("/jobs/<id>/cancel", responses=answers("will stop", status=202))
def cancel_job(path: ById) -> tuple[dict[str, Any], int]:
    """Stop a job; what it has finished is kept."""
    here = visit()
    _refuse_meddling(here, here.job(path.id))
    job = here.library.ledger.request_cancel(path.id)
    if job.state.ended:  # before it began: nobody else will tidy up
        here.library.logins.forget(job.id)
    return document(here, job), 202


@jobs.post("/jobs/<id>/retry", responses=answers("queued again", status=202))
def retry_job(path: ById) -> tuple[dict[str, Any], int]:
    """Run a failed or cancelled job again, in the name of whoever asks now.

    It keeps what it has finished. One whose run was put away makes its files anew.
    """
    here = visit()
    job = here.job(path.id)
    _refuse_meddling(here, job)
    if job.state not in (JobState.FAILED, JobState.CANCELLED) and not job.gone:
        raise StateError(
            f"job {job.id} is {job.state}: only a failed or cancelled one can be run again"
        )
    _keep_login(here, job.id)
    job = here.library.ledger.retry(job.id)
    here.library.engine.send()
    return document(here, job), 202


@jobs.put("/jobs/<id>/priority", responses=answers("a job"))
def set_priority(path: ById, body: Urgency) -> dict[str, Any]:
    """Let a job that waits go earlier or later; in an archive only administrators say `high`."""
    here = visit()
    _refuse_meddling(here, here.job(path.id))
    _refuse_urgent(here, body.priority)
    return document(here, here.library.ledger.set_priority(path.id, body.priority))


@jobs.put("/jobs/<id>/focus", responses=answers("noted", "", 204))
def set_focus(path: ById, body: Focus) -> tuple[str, int]:
    """Compute what lies in this view first."""
    library().ledger.set_focus(visit().job(path.id).id, body.box)
    return "", 204


@jobs.get("/jobs/<id>/events", responses=answers("events", "text/event-stream"))
def job_events(path: ById) -> Response:
    """Server-sent events: ``job`` on every change, ``tiles`` when regions can be looked at.

    While very many follow jobs, a stream may end when it has told what is new; ask again then, with
    ``Last-Event-ID``, as browsers do.
    """
    here = visit()
    here.job(path.id)  # an unknown job is a 404, not an empty stream
    after = request.headers.get("Last-Event-ID", "0")
    stream = _stream(here, path.id, int(after) if after.isdigit() else 0)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream, mimetype="text/event-stream", headers=headers)


def _stream(here: Visit, id: str, after: int) -> Iterator[str]:
    """Events as they come; where no place is left for that, those that there are."""
    if not _STREAMS.acquire(blocking=False):
        yield f"retry: {_COME_AGAIN_MS}\n\n"
        yield from _events(here, id, after, once=True)
        return
    try:
        yield from _events(here, id, after)
    finally:
        _STREAMS.release()


def _events(here: Visit, id: str, after: int, *, once: bool = False) -> Iterator[str]:
    ledger = here.library.ledger
    before: Job | None = None
    began = spoken = allowed = time.monotonic()
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
            yield _event("job", document(here, job), after)
            spoken = time.monotonic()
        elif time.monotonic() - spoken > _KEEP_ALIVE_S:
            yield ": still here\n\n"
            spoken = time.monotonic()
        before = job
        if once:
            return
        young = time.monotonic() - began < _YOUNG_S
        if here.library.closing.wait(_YOUNG_POLL_S if young else _POLL_S):
            return


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
