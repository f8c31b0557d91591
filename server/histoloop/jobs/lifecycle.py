"""From queued to ended: a job as the ledger sees it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from histoloop.config import Settings
from histoloop.errors import CancelledError, HistoloopError
from histoloop.geometry import Box
from histoloop.jobs.archive import open_archive
from histoloop.jobs.context import Context, Executor, Progress
from histoloop.jobs.delivery import deliver
from histoloop.jobs.job import Failure, Job, JobState
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.logins import Logins
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment

_log = logging.getLogger(__name__)

_PERIOD_S = 0.25
"""Between two looks into the ledger, or two notes: what an eye can follow."""


@dataclass
class LedgerListener:
    """Tells the ledger how a job goes on, and the job what the ledger was asked for."""

    ledger: Ledger
    job: str
    stage: str = "queued"
    _pending: list[Box] = field(default_factory=list)
    _noted: float = 0.0
    _asked: float = 0.0
    _focus: Box | None = None
    _cancelled: bool = False

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == self.stage and now - self._noted < _PERIOD_S:
            return
        self.flush()
        self.ledger.progress(self.job, progress)
        self.stage, self._noted = progress.stage, now

    def ready(self, boxes: Sequence[Box]) -> None:
        self._pending += boxes

    def flush(self) -> None:
        """Note the regions that have become available since the last time."""
        if self._pending:
            self.ledger.add_news(self.job, self._pending)
            self._pending = []

    def focus(self) -> Box | None:
        self._ask()
        return self._focus

    def check(self) -> None:
        self._ask()
        if self._cancelled:
            raise CancelledError(f"job {self.job} was cancelled")

    def _ask(self) -> None:
        if time.monotonic() - self._asked >= _PERIOD_S:
            self._cancelled, self._focus = self.ledger.wishes(self.job)
            self._asked = time.monotonic()


def run_job(settings: Settings, job: Job, executor: Executor) -> None:
    """Run a queued job to one of its ends; whatever happens is in the ledger."""
    ledger = Ledger(settings.ledger_url)
    if ledger.get(job.id).state is JobState.QUEUED:  # else it was cancelled before it began
        ledger.move(job.id, JobState.RUNNING)
        _run_to_an_end(settings, job, executor, ledger)
    Logins(settings.logins).forget(job.id)


def _run_to_an_end(settings: Settings, job: Job, executor: Executor, ledger: Ledger) -> None:
    listener = LedgerListener(ledger, job.id)
    try:
        _segment(settings, job, Context(executor, listener))
    except CancelledError:
        ledger.move(job.id, JobState.CANCELLED)
    except Exception as error:  # whatever it is, the user is told and the job has ended
        _log.exception("job %s failed", job.id)
        ledger.move(job.id, JobState.FAILED, _failure(job, listener.stage, error))
    else:
        tiles = ledger.get(job.id).progress.total
        ledger.move(job.id, JobState.DONE, progress=Progress("done", tiles, tiles))
    finally:
        listener.flush()


def _segment(settings: Settings, job: Job, context: Context) -> None:
    request, out = job.request, settings.runs / job.run
    archive = open_archive(settings, Logins(settings.logins).of(job.id))
    parameters = SegmentParameters(
        slide=archive.slides.address(request.slide),
        model=request.model,
        out=out,
        roi=request.roi,
        threshold=request.threshold,
        resume=True,
    )
    segment(parameters, settings.home, context, run=job.run)
    context.listener.progress(Progress("push"))
    deliver(out, archive.annotations, request.slide, job.run)


def _failure(job: Job, stage: str, error: Exception) -> Failure:
    if isinstance(error, HistoloopError):
        return Failure(stage, job.request.slide_name, None, error.message, error.hint)
    return Failure(
        stage,
        job.request.slide_name,
        None,
        f"{type(error).__name__}: {error}",
        "this is a defect of HistoLoop; its log has the details",
    )
