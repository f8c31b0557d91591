"""What the ledger notes of how long a run stays: looked at, kept, put away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy as sql

from histoloop.errors import GoneError
from histoloop.jobs.job import Job, Kept, PutAway
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.rows import job_of
from histoloop.jobs.tables import JobRow


def refuse_gone(job: Job) -> None:
    """Make sure that the files of a job's run are there, or will be.

    Raises:
        GoneError: they were put away.
    """
    if gone := job.gone:
        raise GoneError(
            f"run {job.run} of {job.request.model} on {job.request.slide_name} was put away on "
            f"{gone.at[:10]}: {gone.why}",
            hint=f"run it again (POST /api/jobs/{job.id}/retry); its annotations are still there",
        )


def look(ledger: Ledger, run: str) -> None:
    """Note that somebody looks at a run just now."""
    with ledger.session() as session:
        session.execute(sql.update(JobRow).where(JobRow.run == run).values(looked_at=_now()))


def keep(ledger: Ledger, id: str, kept: Kept | None) -> Job:
    """Let the run of a job stay, whatever its age; `None`: no longer.

    Raises:
        GoneError: it was put away already.
    """
    noted = sql.update(JobRow).where(JobRow.id == id).values(kept=asdict(kept) if kept else None)
    with ledger.session() as session:
        # First: from here on nobody puts it away, and a refusal takes it back.
        session.execute(noted)
        job = job_of(session.get_one(JobRow, id))
        refuse_gone(job)
        return job


def note_put_away(ledger: Ledger, job: Job, bytes: int, why: str) -> bool:
    """Note that the run of a job is put away, from now on; `False` if it must not be, after all.

    It must not once somebody has looked at it, kept it, or had it run again since it was read.
    """
    attempt = max(1, job.attempt)  # ledgers of earlier versions did not count: the next is another
    delivered = job.state == "done" or bool(job.put_away and job.put_away.delivered)
    said = PutAway(datetime.now(UTC).isoformat(timespec="seconds"), why, bytes, attempt, delivered)
    looked = job.looked_at.replace(tzinfo=None) if job.looked_at else None
    same = (
        *(JobRow.id == job.id, JobRow.state == job.state, JobRow.attempt == job.attempt),
        *(JobRow.looked_at == looked, JobRow.kept.is_(sql.null())),
    )
    noted = sql.update(JobRow).where(*same).values(put_away=asdict(said), attempt=attempt)
    with ledger.session() as session:
        return session.scalar(noted.returning(JobRow.id)) is not None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
