"""A job: what was asked for, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from histoloop.errors import StateError
from histoloop.geometry import Box
from histoloop.jobs.context import Progress
from histoloop.models.runtimes import Precision, RuntimeName

SEGMENT, RETRAIN = "segment", "retrain"
"""Kinds of jobs."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Nobody works on it any more; a failed job can be asked for again."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Priority(StrEnum):
    """How urgent a job is, among those that wait."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    # A job whose process died is queued again: it resumes from its shards.
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset(
        {JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.QUEUED}
    ),
    JobState.DONE: frozenset(),
    # Asked for again: it goes on from what it has finished.
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}


def check_transition(job: str, before: JobState, after: JobState) -> None:
    """Refuse what the table does not allow.

    Raises:
        StateError: the job cannot go from ``before`` to ``after``.
    """
    if after not in TRANSITIONS[before]:
        raise StateError(
            f"job {job} is {before} and cannot become {after}",
            hint="it has ended; start a new one" if before.ended else "",
        )


@dataclass(frozen=True)
class Failure:
    """Why a job failed, for people; ``tile`` is where: ``x,y,width,height`` in base pixels."""

    stage: str
    slide: str
    tile: str | None
    cause: str
    hint: str


@dataclass(frozen=True)
class SegmentRequest:
    """A segmentation as the service keeps it.

    Attributes:
        slide: id in the store; slide_name: for people.
        model: ``name@version``; roi: base pixels.
        replace: put the result in the place of this model's earlier layers.
        runtime, precision: as `SegmentParameters` has them.
        slide_mpp: µm per base pixel as the user says, `None` where the slide says it.
        fingerprint: of the slide that was asked for, whatever lies under its id later; empty
            where it was not noted.
        user: the archive's id of who asks; empty when an archive knows no users.
    """

    slide: str
    slide_name: str
    model: str
    roi: Box | None
    threshold: float
    replace: bool = False
    fingerprint: str = ""
    user: str = ""
    runtime: str = RuntimeName.AUTO
    precision: str = Precision.FP32
    slide_mpp: float | None = None


@dataclass(frozen=True)
class RetrainRequest:
    """A retraining as the service keeps it; what it learns from, the settings say.

    Attributes:
        model: a name; why: who or what has asked, for people.
        user: as a `SegmentRequest` has it; empty, too, when nobody has asked.
    """

    model: str
    from_scratch: bool = False
    why: str = ""
    user: str = ""

    @property
    def slide(self) -> str:
        """Of no slide."""
        return ""

    @property
    def slide_name(self) -> str:
        """What it is about, for people."""
        return f"the next version of {self.model}"


Request = SegmentRequest | RetrainRequest


@dataclass(frozen=True)
class Kept:
    """Somebody wants a run to stay, whatever its age.

    Attributes:
        by: the archive's id of who, empty where it knows no users; at: UTC, ISO 8601.
    """

    by: str
    at: str


@dataclass(frozen=True)
class PutAway:
    """The files of a run are deleted, to make room.

    Attributes:
        at: UTC, ISO 8601; why: for people; bytes: that they took.
        attempt: whose files these were: those of a later one are there.
        delivered: whether its annotations have reached the archive, where they stay.
    """

    at: str
    why: str
    bytes: int
    attempt: int
    delivered: bool


@dataclass(frozen=True)
class Job:
    """A row of the ledger.

    Attributes:
        run: identifier of the results, the same when the job is resumed.
        heartbeat: when its process was last known to live; times are UTC.
        attempt: how often it was begun; what an earlier one says does not count.
        looked_at: when somebody last had a look at its run, to some minutes.
        kept: its run is to stay; put_away: the files of its run, or of an earlier attempt, are not.
    """

    id: str
    kind: str
    request: Request
    state: JobState
    run: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    heartbeat: datetime | None
    progress: Progress
    failure: Failure | None
    cancel_requested: bool
    priority: Priority = Priority.NORMAL
    attempt: int = 0
    looked_at: datetime | None = None
    kept: Kept | None = None
    put_away: PutAway | None = None

    @property
    def gone(self) -> PutAway | None:
        """When and why the files of its run were put away, unless they are made again."""
        said = self.put_away
        return said if said and self.state.ended and said.attempt == self.attempt else None

    @property
    def last_wanted(self) -> datetime:
        """When its run was last looked at, or made, or asked for."""
        return max(filter(None, (self.created, self.finished, self.looked_at)))

    @property
    def folder(self) -> str:
        """Name of the folder of its results, which no earlier attempt knows."""
        return folder_of(self.run, self.attempt)

    @property
    def segmentation(self) -> SegmentRequest:
        """What was asked for, of a slide.

        Raises:
            StateError: the job is about none.
        """
        if not isinstance(self.request, SegmentRequest):
            raise StateError(f"job {self.id} is no segmentation, it is to {self.kind}")
        return self.request

    def document(self) -> dict[str, Any]:
        """As REST has it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "slide": self.request.slide,
            "slide_name": self.request.slide_name,
            "model": self.request.model,
            **self._asked(),
            "priority": self.priority,
            "run": self.run,
            "created": _iso(self.created),
            "started": _iso(self.started),
            "finished": _iso(self.finished),
            "progress": vars(self.progress),
            "failure": vars(self.failure) if self.failure else None,
            "put_away": {"at": gone.at, "why": gone.why} if (gone := self.gone) else None,
        }

    def _asked(self) -> dict[str, Any]:
        """What only jobs of its kind have."""
        p = self.request
        if isinstance(p, RetrainRequest):
            return {"from_scratch": p.from_scratch, "why": p.why}
        return {
            "roi": p.roi,
            "threshold": p.threshold,
            "replace": p.replace,
            "runtime": p.runtime,
            "precision": p.precision,
            "slide_mpp": p.slide_mpp,
        }


def folder_of(run: str, attempt: int) -> str:
    """Name of the folder of a run's results, as an attempt has it."""
    return f"{run}~{attempt}" if attempt > 1 else run


@dataclass(frozen=True)
class AnnotationNews:
    """Somebody has saved an annotation.

    Attributes:
        annotation: its id in the archive; user: the name to log in with, for people.
    """

    annotation: str
    user: str
    at: datetime


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
