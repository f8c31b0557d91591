"""Rows of the ledger as what they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from histoloop.geometry import Box
from histoloop.jobs.context import Progress
from histoloop.jobs.job import (
    RETRAIN,
    Failure,
    Job,
    JobState,
    Kept,
    Priority,
    PutAway,
    Request,
    RetrainRequest,
    SegmentRequest,
)
from histoloop.jobs.tables import JobRow


def job_of(row: JobRow) -> Job:
    """A row as a job."""
    return Job(
        id=row.id,
        kind=row.kind,
        request=_request(row.kind, dict(row.request)),
        state=JobState(row.state),
        run=row.run,
        created=utc(row.created),
        started=utc(row.started) if row.started else None,
        finished=utc(row.finished) if row.finished else None,
        heartbeat=utc(row.heartbeat) if row.heartbeat else None,
        progress=Progress(**row.progress),
        failure=Failure(**row.failure) if row.failure else None,
        cancel_requested=row.cancel_requested,
        priority=Priority(row.priority),
        attempt=row.attempt,
        looked_at=utc(row.looked_at) if row.looked_at else None,
        kept=Kept(**row.kept) if row.kept else None,
        put_away=PutAway(**row.put_away) if row.put_away else None,
    )


def _request(kind: str, kept: dict[str, Any]) -> Request:
    if kind == RETRAIN:
        return RetrainRequest(**kept)
    roi = kept.pop("roi")
    return SegmentRequest(roi=Box(*roi) if roi else None, **kept)


def utc(moment: datetime) -> datetime:
    """A moment as the ledger has it, with its zone."""
    return moment.replace(tzinfo=UTC)
