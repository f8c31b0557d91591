"""The ledger: jobs, their states and their news, in a database that outlives every process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sql
from sqlalchemy.orm import Session

from histoloop.errors import NotFoundError, StateError, SupersededError
from histoloop.geometry import Box
from histoloop.jobs.context import Progress
from histoloop.jobs.database import open_database
from histoloop.jobs.job import (
    RETRAIN,
    SEGMENT,
    AnnotationNews,
    Failure,
    Job,
    JobState,
    Priority,
    Request,
    SegmentRequest,
    check_transition,
)
from histoloop.jobs.rows import job_of, utc
from histoloop.jobs.tables import AnnotationNewsRow, JobRow, NewsRow


class Ledger:
    """All that is known of jobs. Every method is a transaction of its own; threads may share it.

    Args:
        migrate: bring it up to date if it is of an older version; see `open_database`.

    Raises:
        OutputError: its folder cannot be made.
        StateError: the database cannot be opened or written to, or is of another version.
    """

    def __init__(self, url: str, *, migrate: bool = False) -> None:
        self._engine = open_database(url, migrate=migrate)

    def close(self) -> None:
        """Let its connections go; whoever asks again gets new ones."""
        self._engine.dispose()

    @property
    def place(self) -> str:
        """Which database it is, for people."""
        url = self._engine.url
        if self._engine.dialect.name == "sqlite":
            return Path(url.database or "").name
        return f"PostgreSQL at {url.host or 'this machine'}, {url.database}"

    def create(
        self,
        request: Request,
        focus: Box | None = None,
        id: str | None = None,
        priority: Priority = Priority.NORMAL,
        failure: Failure | None = None,
    ) -> Job:
        """Queue a job; whoever has to keep something for it first takes a `new_id` before.

        Args:
            failure: why it has failed before it could begin.
        """
        row = JobRow(
            id=id or new_id(),
            kind=SEGMENT if isinstance(request, SegmentRequest) else RETRAIN,
            slide=request.slide,
            request=asdict(request),
            state=JobState.FAILED if failure else JobState.QUEUED,
            run=new_id(),
            created=_now(),
            finished=_now() if failure else None,
            failure=asdict(failure) if failure else None,
            progress=asdict(Progress("queued")),
            focus=list(focus) if focus else None,
            cancel_requested=False,
            user=request.user,
            priority=priority,
        )
        with self.session() as session:
            session.add(row)
            session.flush()
            return job_of(row)

    def get(self, id: str) -> Job:
        """One job.

        Raises:
            NotFoundError: there is none of this id.
        """
        with self.session() as session:
            return job_of(_row(session, id))

    def of_run(self, run: str) -> Job:
        """The segmentation that makes or made a run.

        Raises:
            NotFoundError: there is none.
        """
        with self.session() as session:
            query = sql.select(JobRow).where(JobRow.run == run, JobRow.kind == SEGMENT)
            row = session.scalar(query)
            if row is None:
                raise NotFoundError(f"no run {run!r}", hint="list the slide's runs again")
            return job_of(row)

    def list(
        self,
        slide: str | None = None,
        most: int | None = None,
        kind: str | None = None,
        *,
        user: str | None = None,
        after: int = 0,
    ) -> Sequence[Job]:
        """Jobs, newest first; only the first ``most`` of them, or of those of a user.

        Args:
            after: leave out so many of the newest.
        """
        newest = (JobRow.created.desc(), JobRow.id)
        query = sql.select(JobRow).order_by(*newest).limit(most).offset(after)
        if kind is not None:
            query = query.where(JobRow.kind == kind)
        if slide is not None:
            query = query.where(JobRow.slide == slide)
        if user is not None:
            query = query.where(JobRow.user == user)
        with self.session() as session:
            return [job_of(row) for row in session.scalars(query)]

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state that any is in."""
        query = sql.select(JobRow.state, sql.func.count()).group_by(JobRow.state)
        with self.session() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def unfinished(self) -> Sequence[Job]:
        """Jobs that wait or run, oldest first."""
        query = sql.select(JobRow).where(JobRow.state.in_(("queued", "running")))
        with self.session() as session:
            return [job_of(row) for row in session.scalars(query.order_by(JobRow.created))]

    def last_begun(self, users: Iterable[str]) -> dict[str, datetime]:
        """When a job of each of these users last began; nothing of those who have had none."""
        last = sql.func.max(JobRow.started)
        query = sql.select(JobRow.user, last).where(JobRow.user.in_(set(users)))
        with self.session() as session:
            found = session.execute(query.group_by(JobRow.user)).all()
            return {user: utc(moment) for user, moment in found if moment}

    def damage(self) -> str:
        """What the database finds wrong with itself; empty if nothing, or if it looks by itself."""
        if self._engine.dialect.name != "sqlite":
            return ""
        try:
            with self.session() as session:
                found = session.scalar(sql.text("PRAGMA quick_check(1)"))
        except sql.exc.DatabaseError as error:
            return str(error.orig)
        return "" if found == "ok" else str(found)

    def move(
        self,
        id: str,
        state: JobState,
        failure: Failure | None = None,
        progress: Progress | None = None,
        attempt: int | None = None,
    ) -> Job:
        """Change a job's state, and with it what its user sees.

        Args:
            attempt: whose word it is; see `beat`.

        Raises:
            StateError: the table of transitions does not allow it, or another process was faster.
            SupersededError: it is not the attempt's any more.
        """
        with self.session() as session:
            row = _held(session, id, attempt)
            before = JobState(row.state)
            check_transition(id, before, state)
            mine = sql.update(JobRow).where(JobRow.id == id, JobRow.state == before)
            if not session.scalar(mine.values(state=state).returning(JobRow.id)):
                raise StateError(f"job {id} is not {before} any more", hint="look at it again")
            row.failure = asdict(failure) if failure else None
            row.progress = asdict(progress) if progress else row.progress
            if state is JobState.RUNNING:
                row.started, row.heartbeat = row.started or _now(), _now()
                row.attempt += 1
            if state.ended:
                row.finished = _now()
            return job_of(row)

    def retry(self, id: str) -> Job:
        """Queue a failed or cancelled job again: the same run, which keeps what it has finished.

        One whose run was put away is queued again, too, however it ended.

        Raises:
            StateError: it is none of these.
        """
        with self.session() as session:
            row = _row(session, id)
            again = row.state in (JobState.FAILED, JobState.CANCELLED) or job_of(row).gone
            if not again:
                raise StateError(
                    f"job {id} is {row.state}, only a failed or cancelled one can be run again",
                    hint="start a new one",
                )
            row.state, row.failure, row.finished = JobState.QUEUED, None, None
            row.cancel_requested, row.progress = False, asdict(Progress("queued"))
            return job_of(row)

    def request_cancel(self, id: str) -> Job:
        """Ask a job to stop; one that has not begun is cancelled at once.

        Raises:
            StateError: it has ended.
        """
        with self.session() as session:
            row = _row(session, id)
            state = JobState(row.state)
            if state.ended:
                raise StateError(f"job {id} is {state} already", hint="nothing is left to cancel")
            row.cancel_requested = True
            if state is JobState.QUEUED:
                row.state, row.finished = JobState.CANCELLED, _now()
            return job_of(row)

    def progress(self, id: str, progress: Progress, attempt: int | None = None) -> None:
        """Note how far a job is, and that it lives; see `beat`."""
        with self.session() as session:
            row = _held(session, id, attempt)
            row.progress, row.heartbeat = asdict(progress), _now()

    def beat(self, id: str, attempt: int | None = None) -> None:
        """Note that a job lives.

        Args:
            attempt: of whom this is to count; by default of whoever has it.

        Raises:
            SupersededError: the job is not that attempt's any more; nothing was noted.
        """
        with self.session() as session:
            _held(session, id, attempt).heartbeat = _now()

    def wishes(self, id: str, attempt: int | None = None) -> tuple[bool, Box | None]:
        """Whether the job is to stop, and what its user looks at; see `beat`."""
        with self.session() as session:
            row = _held(session, id, attempt)
            row.heartbeat = _now()
            return row.cancel_requested, Box(*row.focus) if row.focus else None

    def set_priority(self, id: str, priority: Priority) -> Job:
        """Let a job that waits go earlier or later.

        Raises:
            StateError: it waits no longer.
        """
        with self.session() as session:
            waiting = (JobRow.id == id, JobRow.state == JobState.QUEUED)
            noted = sql.update(JobRow).where(*waiting).values(priority=priority)
            if not session.scalar(noted.returning(JobRow.id)):
                raise StateError(
                    f"job {id} is {_row(session, id).state}: it does not wait any more",
                    hint="only the order of those that wait can be changed",
                )
            return job_of(_row(session, id))

    def set_focus(self, id: str, focus: Box) -> None:
        """Note what the user looks at."""
        with self.session() as session:
            _row(session, id).focus = list(focus)

    def add_news(self, id: str, boxes: Sequence[Box], attempt: int | None = None) -> None:
        """Note regions that have become available; see `beat`."""
        with self.session() as session:
            _held(session, id, attempt)
            session.add(NewsRow(job=id, boxes=[list(box) for box in boxes]))

    def news(self, id: str, after: int) -> tuple[Sequence[Box], int]:
        """Regions noted since the given number, and the number to go on from."""
        query = sql.select(NewsRow).where(NewsRow.job == id, NewsRow.number > after)
        with self.session() as session:
            rows = list(session.scalars(query.order_by(NewsRow.number)))
        boxes = [Box(*box) for row in rows for box in row.boxes]
        return boxes, rows[-1].number if rows else after

    def add_annotation_news(self, item: str, annotation: str, user: str) -> None:
        """Note that somebody has saved an annotation of a slide."""
        with self.session() as session:
            session.add(AnnotationNewsRow(item=item, annotation=annotation, user=user, at=_now()))

    def annotation_news(self, item: str) -> Sequence[AnnotationNews]:
        """The saves that were told of a slide, oldest first."""
        query = sql.select(AnnotationNewsRow).where(AnnotationNewsRow.item == item)
        with self.session() as session:
            rows = session.scalars(query.order_by(AnnotationNewsRow.number))
            return [AnnotationNews(row.annotation, row.user, utc(row.at)) for row in rows]

    def drawn_since(self, moment: datetime | None) -> tuple[int, datetime | None]:
        """How many annotations were saved after a moment, and when the last one was.

        One that was saved again and again counts once.
        """
        counted = sql.func.count(sql.distinct(AnnotationNewsRow.annotation))
        query = sql.select(counted, sql.func.max(AnnotationNewsRow.at))
        if moment is not None:
            query = query.where(AnnotationNewsRow.at > moment.replace(tzinfo=None))
        with self.session() as session:
            number, last = session.execute(query).one()
            return number, utc(last) if last else None

    def requeue(self, lost: Iterable[Job]) -> Sequence[Job]:
        """Queue running jobs again, and return those that were not heard of since they were read.

        Their process, should it live after all, can note nothing more of them.
        """
        queued = []
        with self.session() as session:
            for job in lost:
                beat = job.heartbeat.replace(tzinfo=None) if job.heartbeat else None
                same = (
                    *(JobRow.id == job.id, JobRow.state == JobState.RUNNING),
                    *(JobRow.attempt == job.attempt, JobRow.heartbeat == beat),
                )
                again = sql.update(JobRow).where(*same).values(state=JobState.QUEUED)
                if session.scalar(again.returning(JobRow.id)):
                    queued.append(job_of(_row(session, job.id)))
        return queued

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction of its own."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session


def new_id() -> str:
    """An identifier that nobody has had."""
    return uuid4().hex[:12]


def _held(session: Session, id: str, attempt: int | None) -> JobRow:
    """A job, which from here to the end of the transaction is in the hands of this attempt."""
    if attempt is not None:
        mine = (JobRow.id == id, JobRow.attempt == attempt, JobRow.state == JobState.RUNNING)
        held = sql.update(JobRow).where(*mine).values(heartbeat=_now())
        if not session.scalar(held.returning(JobRow.id)):
            raise SupersededError(
                f"job {id} is not this process's any more: it was taken up again",
                hint="whoever has it now goes on with it",
            )
    return _row(session, id)


def _row(session: Session, id: str) -> JobRow:
    row = session.get(JobRow, id)
    if row is None:
        raise NotFoundError(f"no job {id!r}", hint="list the jobs again")
    return row


def _now() -> datetime:
    """SQLite knows no time zones: all times are stored as UTC without one."""
    return datetime.now(UTC).replace(tzinfo=None)
