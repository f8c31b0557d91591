"""Where jobs run: a Dask cluster, of this machine unless an address says otherwise.

The ledger records, Dask schedules. A job is a task that hands its shards back to the scheduler
and gives its own place free meanwhile; the process that submits it never computes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, get_client, secede, wait
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from histoloop.config import Settings
from histoloop.errors import ClusterLostError, UsageError, WorkersKilledError
from histoloop.jobs.context import Item, Rank, Result, take_lowest
from histoloop.jobs.job import RETRAIN, SEGMENT, Job, JobState, RetrainRequest
from histoloop.jobs.leases import Leases
from histoloop.jobs.ledger import Ledger, new_id
from histoloop.jobs.lifecycle import run_job
from histoloop.jobs.logins import Logins
from histoloop.jobs.places import Places, places_for
from histoloop.jobs.retrain_due import due
from histoloop.jobs.turns import Lane, next_up, urgency
from histoloop.logs import about, configure
from histoloop.models.runtimes import RuntimeName

_log = logging.getLogger(__name__)

_WATCH_S = 2.0
"""Between two looks after jobs: a worker that joins finds work so soon."""

_SMALL_AT_ONCE = 16

MESSAGES_KEPT = 20
"""That Dask's processes have sent each other, with all that tasks are told: it would keep 1,000 to
each worker, which on slides of thousands of tiles is hundreds of megabytes."""

_AT_ONCE = 1000
"""Dask's priority of what somebody waits for with the hand on the mouse."""

_LOST = (CancelledError, CommClosedError, ClosedClientError)
"""What is said of tasks that a scheduler has taken with it."""


@dataclass(frozen=True)
class DaskExecutor:
    """Shards as tasks of a cluster; those of a higher priority go first.

    Attributes:
        gpu: whether they are for workers that have one, where there are any; see `places`.
        settings: how a service's job writes its log; job: its id.
    """

    client: Client
    priority: int = 0
    gpu: bool = False
    settings: Settings | None = None
    job: str = ""

    def map(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        rank: Rank[Item],
        check: Callable[[], None],
    ) -> Iterator[Result]:
        """As `Executor` has it.

        Raises:
            ClusterLostError: the scheduler does not answer any more.
            WorkersKilledError: whoever takes up one of the shards.
        """
        try:
            yield from self._results(work, items, rank, check)
        except KilledWorker as error:
            raise WorkersKilledError(
                f"{error.task}: its workers have died {error.allowed_failures + 1} times",
                hint="they may have been out of memory: give each more, or start fewer",
            ) from error
        except Exception as error:
            # What a call says whose client has gone depends on where it was just then.
            if self.client.status == "running" and not isinstance(error, _LOST):
                raise
            raise ClusterLostError(
                "the Dask scheduler has gone", hint="start it again, and go on with --resume"
            ) from error

    def _results(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        rank: Rank[Item],
        check: Callable[[], None],
    ) -> Iterator[Result]:
        waiting, running = list(items), dict[Future, tuple[Item, Places]]()
        try:
            while waiting or running:
                check()
                places = places_for(self.client, gpu=self.gpu)
                waiting += self._taken_back(running, places)
                # One more than there are places: nobody waits, and what is looked at comes soon.
                while waiting and len(running) <= places.count:
                    item = take_lowest(waiting, rank)
                    running[self._submitted(work, item, places)] = item, places
                try:
                    with self.client.as_current():  # by default `wait` asks for any that is left
                        done, _ = wait(list(running), timeout=0.5, return_when="FIRST_COMPLETED")
                except TimeoutError:
                    continue
                for future in done:
                    del running[future]
                    yield future.result()
        finally:
            with suppress(*_LOST):
                self.client.cancel(list(running))

    def _submitted(self, work: Callable[[Item], Result], item: Item, places: Places) -> Future:
        if self.settings:
            work = partial(_shard, self.settings, self.job, work)
        only, priority = places.only, self.priority
        return self.client.submit(work, item, pure=False, priority=priority, workers=only)

    def _taken_back(self, running: dict[Future, tuple[Item, Places]], places: Places) -> list[Item]:
        """What waits for workers of which none is left."""
        lost = {
            future: item
            for future, (item, sent) in running.items()
            if sent.only and places.everywhere and places.everywhere.isdisjoint(sent.only)
        }
        self.client.cancel(list(lost))
        for future in lost:
            del running[future]
        return list(lost.values())


@dataclass
class Engine:
    """Sends jobs to a cluster when it is their turn, and again when their process was lost."""

    settings: Settings
    ledger: Ledger
    _submitted: dict[str, Future] = field(default_factory=dict)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _leases: Leases = field(init=False)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._leases = Leases(self.settings.lease_s)

    def start(self) -> None:
        """Connect, or bring up a cluster of this machine, and take up what was left.

        Raises:
            UsageError: no scheduler answers at the address.
        """
        if self.settings.scheduler:
            self._client = connect(self.settings.scheduler)
        else:
            self._client = Client(_local_cluster(self.settings))
            self.ledger.requeue(self._running())  # nobody else can be at work on them
            self.send()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Leave the cluster; a local one ends, its jobs are taken up at the next start."""
        self._stopping.set()
        cluster = self._client.cluster
        self._client.close()
        if cluster is not None:
            cluster.close()

    def places(self) -> int:
        """Predictions that can be made at a time; 0 while there is no worker, or no scheduler."""
        if self._client.status != "running":
            return 0
        with suppress(*_LOST, OSError):
            return sum(self._client.nthreads().values())
        return 0

    def send(self) -> None:
        """Send those jobs to the cluster whose turn it is; while there is none they all wait."""
        with self._sending:
            for job in self._next_up():
                try:
                    self._send(job)
                except _LOST:
                    _log.warning("job %s waits: the scheduler has gone", job.id)

    def _next_up(self) -> list[Job]:
        self._submitted = {id: one for id, one in self._submitted.items() if not one.done()}
        if not (places := self.places()):
            return []
        waiting, at_work = list[Job](), list[Job]()
        for job in self.ledger.unfinished():
            sent = job.state is JobState.RUNNING or job.id in self._submitted
            (at_work if sent else waiting).append(job)
        if not waiting:
            return []
        served = self.ledger.last_begun(job.request.user for job in waiting)
        whole = min(self.settings.jobs_at_once, places)
        most = {Lane.SMALL: _SMALL_AT_ONCE, Lane.WHOLE: whole, Lane.RETRAIN: 1}
        return next_up(waiting, at_work, served, most)

    def _send(self, job: Job) -> None:
        # Before its own tiles, and those of its like: it only hands them out.
        future = self._client.submit(
            run_on_cluster,
            self.settings,
            job,
            pure=False,
            priority=urgency(job) + 1,
            **places_for(self._client, gpu=job.kind == RETRAIN).wish,
        )
        self._submitted[job.id] = future
        future.add_done_callback(self._ended)

    def _ended(self, future: Future) -> None:
        """It is somebody else's turn; one that could not be begun waits for the next round."""
        if future.status == "finished" and not self._stopping.is_set():
            try:
                self.send()
            except Exception:  # a busy ledger: the next round
                _log.exception("no job was sent")

    def ask(self, work: Callable[..., Result], *about: object) -> Future:
        """Have something small computed before all that waits.

        Raises:
            ClusterLostError: there is nobody to compute it.
        """
        try:
            return self._client.submit(
                work,
                *about,
                pure=False,
                priority=_AT_ONCE,
                **places_for(self._client, gpu=False).wish,
            )
        except _LOST as error:
            raise ClusterLostError(
                "the Dask scheduler has gone", hint="try again when it is back"
            ) from error

    def _watch(self) -> None:
        while not self._stopping.wait(min(_WATCH_S, self.settings.lease_s / 4)):
            try:
                self._look_after_jobs()
            except Exception:  # a busy ledger, a scheduler that is still away: the next round
                _log.exception("jobs were not looked after")

    def _look_after_jobs(self) -> None:
        if self.settings.scheduler and self._client.status == "closed":
            self._client = connect(self.settings.scheduler)
            self._submitted.clear()
        for job in self.ledger.requeue(self._leases.lost(self._running())):
            _log.warning("job %s was not heard of and is taken up again", job.id)
            self._submitted.pop(job.id, None)
        if request := due(self.settings, self.ledger, datetime.now(UTC)):
            self._start_by_itself(request)
        self.send()

    def _start_by_itself(self, request: RetrainRequest) -> None:
        """Nobody has asked: it runs in the name of whoever the settings name."""
        id = new_id()
        if self.settings.dsa:
            Logins(self.settings.logins).keep(id, None)
        self.ledger.create(request, id=id)

    def _running(self) -> list[Job]:
        return [job for job in self.ledger.unfinished() if job.state is JobState.RUNNING]


def answer(future: Future) -> Any:
    """What came of something that was asked for, once it is done.

    Raises:
        ClusterLostError: whoever computed it has gone.
        Exception: whatever it raised.
    """
    try:
        return future.result()
    except (*_LOST, KilledWorker) as error:
        raise ClusterLostError("its worker has gone", hint="ask for it again") from error


def run_on_cluster(settings: Settings, job: Job) -> None:
    """The task of a job: it runs beside the worker's places, which its shards fill."""
    configure(settings)
    client = get_client()
    secede()
    with about(job=job.id):
        _log.info("begins: %s", job.request.slide_name)
        gpu = job.kind == SEGMENT and job.segmentation.runtime == RuntimeName.TENSORFLOW
        run_job(settings, job, DaskExecutor(client, urgency(job), gpu, settings, job.id))


def _shard(settings: Settings, job: str, work: Callable[[Item], Result], item: Item) -> Result:
    """A shard of a job, wherever it is computed."""
    configure(settings)
    with about(job=job):
        return work(item)


def _keep_few_messages() -> None:
    dask.config.set({"distributed.admin.low-level-log-length": MESSAGES_KEPT})


def _local_cluster(settings: Settings) -> LocalCluster:
    _keep_few_messages()
    return LocalCluster(
        n_workers=settings.workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=None,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        preload=["histoloop.jobs.background"],
    )


def connect(address: str) -> Client:
    """A client of a scheduler.

    Raises:
        UsageError: none answers there.
    """
    _keep_few_messages()
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address}", hint="start one with `dask scheduler`"
        ) from error
