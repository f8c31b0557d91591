"""A retraining as a job: a process of its own, which gives way to all who segment and annotate.

It tells the ledger how it goes on, as every job does, and ends with the process that started it,
however that ends: the ledger then has the job taken up again, and it goes on where it was.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from histoloop.config import Settings
from histoloop.errors import SupersededError, UsageError
from histoloop.jobs.archive import dsa_site
from histoloop.jobs.context import Context, Listener, ThreadExecutor
from histoloop.jobs.dataset import DatasetParameters
from histoloop.jobs.job import RETRAIN, Failure, Job, JobState, RetrainRequest
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.logins import Logins
from histoloop.jobs.patience import Patience
from histoloop.jobs.retrain import SNAPSHOT, RetrainParameters, retrain
from histoloop.logs import about, configure
from histoloop.slides.dsa.pulse import Pulse

_log = logging.getLogger(__name__)

_NICE = 10


def supervise(settings: Settings, job: Job, ledger: Ledger) -> None:
    """Run a running job to an end in a process of its own; returns when that has ended."""
    command = [sys.executable, "-m", "histoloop.jobs.retrain_process"]
    # In a session of its own: a Ctrl-C is for the service, which has the job taken up again.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None  # noqa: S101
        pickle.dump((settings, job), process.stdin)
        process.stdin.flush()  # and left open: its end tells the process that we are gone
        process.wait()
    if ledger.get(job.id).state is JobState.RUNNING:
        failure = Failure(
            "train",
            job.request.slide_name,
            None,
            f"the process of the training ended unasked (status {process.returncode})",
            "run it again: it goes on where it was; it may have been out of memory",
        )
        with suppress(SupersededError):
            ledger.move(job.id, JobState.FAILED, failure, attempt=job.attempt)


def parameters_of(settings: Settings, job: Job, request: RetrainRequest) -> RetrainParameters:
    """What is asked for, learning from what the settings say.

    Raises:
        UsageError: they do not.
    """
    out = settings.runs / job.folder
    return RetrainParameters(
        data=learnt_from(settings, out / SNAPSHOT),
        out=out,
        model=request.model,
        from_scratch=request.from_scratch,
        by=request.why,
    )


def learnt_from(settings: Settings, out: Path) -> DatasetParameters:
    """All annotations of the archive, or beside the slides of the folder.

    Raises:
        UsageError: the settings do not say what they mean, or name no archive.
    """
    source = settings.dsa or settings.slides
    if settings.retrain_gtcodes is None or source is None:
        raise UsageError(
            "this service is not told what its annotations mean, nothing can be learnt from them",
            hint="set HISTOLOOP_RETRAIN_GTCODES to their table of GTCodes",
        )
    return DatasetParameters(
        source=str(source),
        gtcodes=settings.retrain_gtcodes,
        out=out,
        folder=settings.retrain_folder,
        classes=settings.retrain_classes,
        consensus=settings.retrain_consensus,
        annotators=settings.retrain_annotators,
        patients=settings.retrain_patients,
    )


def main() -> None:
    """The process: its job comes through standard input, which is open as long as it may live."""
    from histoloop.jobs.lifecycle import run_to_an_end

    settings, job = pickle.load(sys.stdin.buffer)  # noqa: S301  (from `supervise`)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    configure(settings)
    with about(job=job.id):
        run_to_an_end(settings, job, Ledger(settings.ledger_url), partial(_work, settings, job))


def _work(settings: Settings, job: Job, listener: Listener) -> int:
    """The retraining, in the name of whoever asked; returns the number of epochs.

    While the archive is away it waits, and goes on with what it has kept.
    """
    if not isinstance(job.request, RetrainRequest):
        raise UsageError(f"job {job.id} is to {job.kind}, not to {RETRAIN}")
    if settings.dsa and (login := Logins(settings.logins).of(job.id)):
        own = {"dsa_key": login.key, "dsa_token": login.token}
        settings = settings.model_copy(update=own)
    parameters = parameters_of(settings, job, job.request)
    context = Context(ThreadExecutor(1), listener)
    once = partial(retrain, parameters, settings, context, _log.info)
    if settings.dsa:
        patience = Patience(Pulse(dsa_site(settings)), listener, settings.dsa_patience_s)
        found = patience.through(once)
    else:
        found = once()
    return int(found.candidate.card.training["epochs"])


def _end_with_parent() -> None:
    """Nothing more is ever sent. The file itself is read: Python's locks a buffer when it ends."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
