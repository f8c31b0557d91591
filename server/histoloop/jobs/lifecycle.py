"""From queued to ended: a job as the ledger sees it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from histoloop.config import Settings
from histoloop.durable import is_disk_fault
from histoloop.errors import (
    CancelledError,
    ClusterLostError,
    DsaAwayError,
    HistoloopError,
    SignInError,
    SlideError,
    StateError,
    SupersededError,
)
from histoloop.geometry import Box, Mpp, MppSource
from histoloop.jobs import outputs
from histoloop.jobs.archive import Archive, dsa_site, open_archive
from histoloop.jobs.context import Context, Executor, Progress
from histoloop.jobs.delivery import deliver
from histoloop.jobs.job import RETRAIN, Failure, Job, JobState, SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.logins import Logins
from histoloop.jobs.patience import Patience
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.retrain_process import supervise
from histoloop.jobs.room import make_room
from histoloop.jobs.segment import segment
from histoloop.models.runtimes import Precision, RuntimeName
from histoloop.slides.dsa.pulse import Pulse
from histoloop.slides.slide import SlideAddress, changed

_log = logging.getLogger(__name__)

_PERIOD_S = 0.25
"""Between two looks into the ledger, or two notes: what an eye can follow."""


@dataclass
class LedgerListener:
    """Tells the ledger how a job goes on, and the job what the ledger was asked for.

    All of it raises SupersededError when the job is not this attempt's any more.
    """

    ledger: Ledger
    job: str
    attempt: int | None = None
    stage: str = "queued"
    _pending: list[Box] = field(default_factory=list)
    _noted: float = 0.0
    _shown: bool = False
    _asked: float = 0.0
    _focus: Box | None = None
    _cancelled: bool = False

    def progress(self, progress: Progress) -> None:
        now, first = time.monotonic(), bool(self._pending) and not self._shown
        if progress.stage == self.stage and now - self._noted < _PERIOD_S and not first:
            return
        self.flush()
        self.ledger.progress(self.job, progress, self.attempt)
        self.stage, self._noted = progress.stage, now

    def ready(self, boxes: Sequence[Box]) -> None:
        self._pending += boxes

    def flush(self) -> None:
        """Note the regions that have become available since the last time."""
        if self._pending:
            self.ledger.add_news(self.job, self._pending, self.attempt)
            self._pending, self._shown = [], True

    def focus(self) -> Box | None:
        self._ask()
        return self._focus

    def check(self) -> None:
        self._ask()
        if self._cancelled:
            raise CancelledError(f"job {self.job} was cancelled")

    def refuse_superseded(self) -> None:
        """Make sure, now, that the job is still this attempt's."""
        self.ledger.beat(self.job, self.attempt)

    def _ask(self) -> None:
        if time.monotonic() - self._asked >= _PERIOD_S:
            self._cancelled, self._focus = self.ledger.wishes(self.job, self.attempt)
            self._asked = time.monotonic()


def run_job(settings: Settings, job: Job, executor: Executor) -> None:
    """Run a queued job to one of its ends; whatever happens is in the ledger."""
    with closing(Ledger(settings.ledger_url)) as ledger:
        try:
            job = ledger.move(job.id, JobState.RUNNING)
        except StateError:  # cancelled before it began, or somebody else has taken it up
            return
        if job.kind == RETRAIN:
            supervise(settings, job, ledger)
        else:
            run_to_an_end(settings, job, ledger, partial(_segment, settings, job, executor))


@contextmanager
def beating(
    ledger: Ledger, job: str, every: timedelta, attempt: int | None = None
) -> Iterator[None]:
    """Keep the lease of a job while its process lives, however long one step of it takes."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every.total_seconds()):
            try:
                ledger.beat(job, attempt)
            except SupersededError:  # the work will hear of it, too
                return
            except Exception:  # a busy database: the next one will do
                _log.exception("job %s: no heartbeat", job)

    context = copy_context()  # its lines in the log are of this job, too
    thread = threading.Thread(target=context.run, args=(beat,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def run_to_an_end(
    settings: Settings, job: Job, ledger: Ledger, work: Callable[[LedgerListener], int]
) -> None:
    """Do the work of a running job, and move it to what that comes to.

    A job whose cluster is lost stays as it is: nobody hears of it any more, so it is taken up
    again, as one whose process was killed. If that has happened already, because this process was
    stopped or slow, nothing is said of it at all.

    Args:
        work: returns how many steps there were.
    """
    try:
        _run_to_an_end(settings, job, ledger, work)
    except SupersededError as error:
        _log.warning("%s", error)


def _run_to_an_end(
    settings: Settings, job: Job, ledger: Ledger, work: Callable[[LedgerListener], int]
) -> None:
    listener = LedgerListener(ledger, job.id, job.attempt)
    state, failure, progress = JobState.DONE, None, None
    try:
        with beating(ledger, job.id, settings.lease / 6, job.attempt):
            outputs.take_over(settings.runs, job)
            steps = work(listener)
        progress = Progress("done", steps, steps)
    except ClusterLostError as error:
        _log.warning("job %s: %s", job.id, error)
        return
    except SupersededError:
        raise
    except CancelledError:
        state = JobState.CANCELLED
    except Exception as error:  # whatever it is, the user is told and the job has ended
        _log.exception("job %s failed", job.id)
        state, failure = JobState.FAILED, _failure(job, listener.stage, error)
    listener.flush()
    listener.refuse_superseded()
    Logins(settings.logins).forget(job.id)  # before it has ended: a retry keeps another one
    ledger.move(job.id, state, failure, progress, job.attempt)


def _segment(settings: Settings, job: Job, executor: Executor, listener: LedgerListener) -> int:
    """Predict and push, wait while the archive is away; returns the number of tiles."""
    once = partial(_segment_once, settings, job, executor, listener)
    pulse = Pulse(dsa_site(settings)) if settings.dsa else None
    try:
        return Patience(pulse, listener, settings.dsa_patience_s).through(once) if pulse else once()
    except (ClusterLostError, SupersededError):  # it is not over
        raise
    except Exception as error:
        listener.refuse_superseded()  # what lies in the archive may be another attempt's
        # When it fails with all of ours there, others may have made room: then ours stay, unless
        # they are of another slide.
        ours = isinstance(error, CancelledError | SlideError) or not job.segmentation.replace
        # What was delivered before its run was put away stays: only files were to be made again.
        ours = ours and not (job.put_away and job.put_away.delivered)
        if ours and (pulse is None or pulse.beats()):
            _take_back(settings, job)
        raise


def _segment_once(
    settings: Settings, job: Job, executor: Executor, listener: LedgerListener
) -> int:
    """Predict and push, or what is left of it to do."""
    request, out = job.segmentation, settings.runs / job.folder
    context = Context(executor, listener)
    context.listener.progress(Progress("starting"))
    archive = _archive(settings, job)
    said = Mpp.square(request.slide_mpp, MppSource.USER) if request.slide_mpp else None
    address = archive.slides.address(request.slide, said)
    _refuse_another(request, address)
    if not (out / outputs.REPORT).is_file():  # its presence says that a run is complete
        parameters = SegmentParameters(
            slide=address,
            model=request.model,
            out=out,
            roi=request.roi,
            threshold=request.threshold,
            runtime=RuntimeName(request.runtime),
            precision=Precision(request.precision),
            resume=True,
        )
        admit = partial(make_room, settings, listener.ledger, out=out, listener=listener)
        segment(parameters, settings.home, context, job.run, admit)
    report = json.loads((out / outputs.REPORT).read_bytes())
    tiles = int(report["tiles"]["run"] + report["tiles"]["resumed"])
    context.listener.progress(Progress("push", tiles, tiles))
    _push(archive, address, job, out, context)
    return tiles


def _archive(settings: Settings, job: Job) -> Archive:
    """The archive in the name of whoever asked for the job."""
    return open_archive(settings, Logins(settings.logins).of(job.id) if settings.dsa else None)


def _refuse_another(request: SegmentRequest, address: SlideAddress) -> None:
    """Make sure that under the id still lies the slide that was asked for.

    Raises:
        SlideError: it is another one.
    """
    if request.fingerprint and address.open().fingerprint != request.fingerprint:
        raise changed(request.slide_name)


def _push(archive: Archive, address: SlideAddress, job: Job, out: Path, context: Context) -> None:
    """Deliver what is not there yet."""
    request, store = job.segmentation, archive.annotations
    _refuse_another(request, address)
    check = context.listener.check
    # Newer runs have taken the place of one whose files are only made again.
    supersede = request.replace and not (job.put_away and job.put_away.delivered)
    pushed = deliver(out, store, request.slide, job.run, supersede=supersede, check=check)
    _refuse_another(request, address)  # it takes a while
    if pushed.notes:
        report = json.loads((out / outputs.REPORT).read_bytes())
        report["warnings"] = list(dict.fromkeys([*report["warnings"], *pushed.notes]))
        outputs.save_json(out / outputs.REPORT, report)


def _take_back(settings: Settings, job: Job) -> None:
    """Remove what was pushed of a run, as far as the archive lets us."""
    with suppress(HistoloopError):
        _archive(settings, job).annotations.delete_run(job.segmentation.slide, job.run)


def _failure(job: Job, stage: str, error: Exception) -> Failure:
    name = job.request.slide_name
    if isinstance(error, SignInError):
        hint = "sign in and run it again: what was computed is kept"
        return Failure(stage, name, None, error.message, hint)
    if isinstance(error, DsaAwayError):
        hint = "run it again when the archive answers: what was computed is kept"
        return Failure(stage, name, None, error.message, hint)
    if isinstance(error, HistoloopError):
        place = ",".join(map(str, error.place)) if error.place else None
        return Failure(stage, name, place, error.message, error.hint)
    if isinstance(error, OSError) and is_disk_fault(error):
        hint = "look at the disk of the home folder, then run it again: what was computed is kept"
        return Failure(stage, name, None, str(error), hint)
    return Failure(
        stage,
        name,
        None,
        f"{type(error).__name__}: {error}",
        "this is a defect of HistoLoop; its log has the details",
    )
