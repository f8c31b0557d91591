"""The service's jobs among Girder's jobs: progress, log and state there, cancel from there.

The service does the work and its ledger is the truth; a Girder job only follows. All that has to
be known lies in the database, so a restarted server goes on where it was, and servers that share a
database share the following.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Literal

from girder import events
from girder.exceptions import ValidationException
from girder_jobs.constants import JobStatus
from girder_jobs.models.job import Job

from girder_histoloop import narration, service, tokens
from girder_histoloop.compat import forget_lost_toast, log

Document = dict[str, Any]

HANDLER = "histoloop"
POLL_S = 1.0
_IDLE_S = 3.0
_ABSENT_S = 8.0
_READ_S = 5.0
_MOST = 200
"""Jobs that one round looks at; the least recently seen come first."""
_PATIENCE_S = 300.0
"""How long a service may refuse to speak of a job before the job counts as lost."""

_UNFINISHED = (JobStatus.INACTIVE, JobStatus.QUEUED, JobStatus.RUNNING)
_STATUS = {
    "queued": JobStatus.QUEUED,
    "running": JobStatus.RUNNING,
    "done": JobStatus.SUCCESS,
    "failed": JobStatus.ERROR,
    "cancelled": JobStatus.CANCELED,
}
_wake = threading.Event()
_started = threading.Lock()


def bind() -> None:
    """Listen to Girder's jobs panel."""
    for field in ("histoloop.job", "histoloop.run"):
        Job().ensureIndex((field, {"sparse": True}))
    tokens.register()
    events.bind("jobs.cancel", HANDLER, _on_cancel)


def create(user: Document, item: Document, job: Document, token: Document) -> Document:
    """A Girder job that follows a job of the service; it has the token from now on."""
    tokens.tie(token, job["id"])  # first: the job may be looked at as soon as it is there
    mirror: Document = Job().createJob(
        title=f"HistoLoop: {job['model']} on {item['name']}",
        type=HANDLER,
        handler=HANDLER,
        user=user,
        otherFields={
            "histoloop": {
                "job": job["id"],
                "run": job.get("run"),
                "item": item["_id"],
                "cancel": False,
                "seen": time.time(),
            }
        },
    )
    _follow(mirror, job)
    _wake.set()
    return mirror


def item_of(kind: Literal["job", "run"], id: str) -> str | None:
    """Id of the item that a job or run of the service is of, as far as Girder knows."""
    found = Job().findOne({f"histoloop.{kind}": id}, fields=["histoloop"])
    return str(found["histoloop"]["item"]) if found else None


def start() -> None:
    """Follow all unfinished jobs in the background, once per process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_run, name="histoloop-mirror", daemon=True).start()


def _on_cancel(event: events.Event) -> None:
    """The job is cancelled when the service says so; until then it is stopping."""
    job = event.info
    if job.get("handler") != HANDLER or job["status"] not in _UNFINISHED:
        return
    event.preventDefault()
    Job().update({"_id": job["_id"]}, {"$set": {"histoloop.cancel": True}}, multi=False)
    Job().updateJob(job, log="Asked to stop.\n", progressMessage="stopping")
    _wake.set()


def _run() -> None:
    absences = 0
    pause = 0.0
    while True:
        _wake.wait(pause)
        _wake.clear()
        try:
            busy = _round()
            absences, pause = 0, POLL_S if busy else _IDLE_S
        except service.AbsentError:
            absences += 1
            pause = min(POLL_S * 2**absences, _ABSENT_S)
        except Exception:  # the database may be away; following must outlive that
            log.exception("HistoLoop: cannot follow jobs")
            pause = _ABSENT_S


def _round() -> bool:
    """Look at each unfinished job once; whether there were any."""
    order = [("histoloop.cancel", -1), ("histoloop.seen", 1)]
    query = {"handler": HANDLER, "status": {"$in": _UNFINISHED}}
    mirrors = list(Job().find(query, limit=_MOST, sort=order))
    for mirror in mirrors:
        try:
            if _claim(mirror):
                _look(mirror)
        except service.AbsentError:
            raise
        except Exception:  # one job's trouble is not the others'
            log.exception("HistoLoop: cannot follow job %s", mirror["_id"])
    return bool(mirrors)


def _claim(mirror: Document) -> bool:
    """Whether this process is the one to look now."""
    seen, now = mirror["histoloop"]["seen"], time.time()
    if now - seen < POLL_S / 2 and not mirror["histoloop"]["cancel"]:
        return False
    query = {"_id": mirror["_id"], "histoloop.seen": seen}
    return bool(Job().update(query, {"$set": {"histoloop.seen": now}}, multi=False).modified_count)


def _look(mirror: Document) -> None:
    """Ask the service about one job.

    Raises:
        AbsentError: it does not answer, so there is no use in asking about others now.
    """
    token = tokens.of(mirror["histoloop"]["job"])
    if token is None:
        _lose(mirror, f"The permission given to this job ended after {tokens.DAYS} days.")
        return
    try:
        job = _ask(mirror, token)
    except service.AbsentError as error:
        _complain(mirror, error)
        raise
    except service.ServiceError as error:
        _refused(mirror, error)
        return
    if "trouble" in mirror["histoloop"]:
        mirror["histoloop"].pop("trouble")
        Job().update({"_id": mirror["_id"]}, {"$unset": {"histoloop.trouble": 1}}, multi=False)
    _follow(mirror, job)


def _ask(mirror: Document, token: str) -> Document:
    """The job as the service has it, which is told first that it is to stop."""
    path = f"jobs/{mirror['histoloop']['job']}"
    if mirror["histoloop"]["cancel"]:
        try:
            return service.call_for_job("POST", f"{path}/cancel", token, read_s=_READ_S)
        except service.ServiceError as error:
            if error.status != 409:  # it has ended already: then see how
                raise
    return service.call_for_job("GET", path, token, read_s=_READ_S)


def _follow(mirror: Document, job: Document) -> None:
    """Bring a Girder job to where the service's job is."""
    status = _STATUS[job["state"]]
    step = narration.step(mirror["histoloop"].get("told"), job)
    ended = status not in _UNFINISHED
    if step is None and status == mirror["status"] and not ended:
        return
    if mirror["status"] != JobStatus.RUNNING and status in (JobStatus.SUCCESS, JobStatus.ERROR):
        _update(mirror, status=JobStatus.RUNNING)  # Girder knows no way around it
    if mirror["status"] == JobStatus.RUNNING and status == JobStatus.QUEUED:
        status = JobStatus.RUNNING  # taken up again by the service after a crash
    _update(mirror, status=status, **(step.as_update() if step else {}))
    if ended:
        tokens.retire(mirror["histoloop"]["job"])


def _refused(mirror: Document, error: service.ServiceError) -> None:
    since = _complain(mirror, error)
    if error.status == 404:
        _lose(mirror, "The service does not know this job or its slide any more.")
    elif time.time() - since > _PATIENCE_S:
        _lose(mirror, "The service has refused to speak of this job for too long.")


def _complain(mirror: Document, error: service.ServiceError) -> float:
    """Say once in the log what is wrong; since when it is, in seconds of the epoch."""
    known = mirror["histoloop"].get("trouble")
    since: float = known["since"] if known else time.time()
    if known and known["what"] == error.message:
        return since
    trouble = {"what": error.message, "since": since}
    _update(
        mirror,
        log=narration.lines(error.message, error.hint),
        otherFields={"histoloop.trouble": trouble},
    )
    return since


def _lose(mirror: Document, reason: str) -> None:
    if mirror["status"] == JobStatus.INACTIVE:
        _update(mirror, status=JobStatus.RUNNING)
    hint = "Look at the job in HistoLoop's own viewer, or start it again."
    _update(
        mirror, status=JobStatus.ERROR, log=narration.lines(reason, hint), progressMessage="lost"
    )
    tokens.retire(mirror["histoloop"]["job"])


def _update(mirror: Document, **changes: Any) -> None:
    forget_lost_toast(mirror)
    try:
        Job().updateJob(mirror, **changes)
    except ValidationException as error:  # somebody has set another status meanwhile
        log.warning("HistoLoop: job %s: %s", mirror["_id"], error)
