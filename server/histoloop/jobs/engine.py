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
from datetime import UTC, datetime, timedelta

from distributed import Client, Future, KilledWorker, LocalCluster, get_client, secede, wait
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from histoloop.config import Settings
from histoloop.errors import ClusterLostError, UsageError, WorkersKilledError
from histoloop.jobs.context import Item, Rank, Result, take_lowest
from histoloop.jobs.job import Job, RetrainRequest
from histoloop.jobs.ledger import Ledger, new_id
from histoloop.jobs.lifecycle import run_job
from histoloop.jobs.logins import Logins
from histoloop.jobs.retrain_due import due

_log = logging.getLogger(__name__)

_WATCH_S = 15.0

_LOST = (CancelledError, CommClosedError, ClosedClientError)
"""What is said of tasks that a scheduler has taken with it."""


@dataclass(frozen=True)
class DaskExecutor:
    """Shards as tasks of a cluster."""

    client: Client

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
        waiting, running = list(items), set[Future]()
        try:
            while waiting or running:
                check()
                # One more than there are places: nobody waits, and what is looked at comes soon.
                while waiting and len(running) <= sum(self.client.nthreads().values()):
                    item = take_lowest(waiting, rank)
                    running.add(self.client.submit(work, item, pure=False))
                try:
                    with self.client.as_current():  # by default `wait` asks for any that is left
                        done, running = wait(running, timeout=0.5, return_when="FIRST_COMPLETED")
                except TimeoutError:
                    continue
                yield from (future.result() for future in done)
        finally:
            with suppress(*_LOST):
                self.client.cancel(list(running))


@dataclass
class Engine:
    """Sends jobs to a cluster and again when their process was lost."""

    settings: Settings
    ledger: Ledger
    _submitted: dict[str, Future] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Connect, or bring up a cluster of this machine, and take up what was left.

        Raises:
            UsageError: no scheduler answers at the address.
        """
        if self.settings.scheduler:
            self._client = connect(self.settings.scheduler)
        else:
            self._client = Client(_local_cluster(self.settings))
            self._take_up(timedelta(0))  # nobody else can be running them
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

    def submit(self, job: Job) -> None:
        """Send a queued job to the cluster; while there is none it waits in the ledger."""
        try:
            self._submitted[job.id] = self._client.submit(
                run_on_cluster, self.settings, job, pure=False
            )
        except _LOST:
            _log.warning("job %s waits: the scheduler has gone", job.id)

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
        self._take_up(self.settings.lease)
        if request := due(self.settings, self.ledger, datetime.now(UTC)):
            self._start_by_itself(request)

    def _start_by_itself(self, request: RetrainRequest) -> None:
        """Nobody has asked: it runs in the name of whoever the settings name."""
        id = new_id()
        if self.settings.dsa:
            Logins(self.settings.logins).keep(id, None)
        self.submit(self.ledger.create(request, id=id))

    def _take_up(self, lease: timedelta) -> None:
        for job in self.ledger.requeue_lost(lease):
            future = self._submitted.get(job.id)
            if future is None or future.done():
                self.submit(job)


def run_on_cluster(settings: Settings, job: Job) -> None:
    """The task of a job: it runs beside the worker's places, which its shards fill."""
    client = get_client()
    secede()
    run_job(settings, job, DaskExecutor(client))


def _local_cluster(settings: Settings) -> LocalCluster:
    return LocalCluster(
        n_workers=settings.workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=None,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
    )


def connect(address: str) -> Client:
    """A client of a scheduler.

    Raises:
        UsageError: none answers there.
    """
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address}", hint="start one with `dask scheduler`"
        ) from error
