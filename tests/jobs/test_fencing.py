"""A process that comes back when its job is another's: it writes nothing any more."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.tiny_model import save_tiny_model

from histoloop.config import Settings, settings
from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.job import Job, JobState, SegmentRequest
from histoloop.jobs.leases import Leases
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.lifecycle import run_job
from histoloop.slides.folder import FolderSlideStore

WORKER = """
import sys, time
from pathlib import Path
from histoloop.config import settings
from histoloop.jobs import lifecycle, prediction, segment
from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.ledger import Ledger

home, slides, job, stage = sys.argv[1:]
said = settings(home=Path(home), slides=Path(slides), lease_s=1)
mark, leave = Path(home) / "reached", Path(home) / "leave"

def slowly(module, name):
    whole = getattr(module, name)
    def at_leisure(*args, **kwargs):
        mark.touch()
        while not leave.exists():  # stopped in here
            time.sleep(0.02)
        return whole(*args, **kwargs)
    setattr(module, name, at_leisure)

slowly(*{"predict": (segment, "predict_shard"), "write": (segment.outputs, "write"),
         "push": (lifecycle, "deliver")}[stage])
lifecycle.run_job(said, Ledger(said.ledger_url).get(job), ThreadExecutor(1))
"""
"""A process that does a job and stays where it is to be stopped until it may leave."""


@pytest.fixture
def said(tissue_slide: Path, tmp_path: Path) -> Settings:
    home, slides = tmp_path / "home", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    return settings(home=home, slides=slides, lease_s=1)


@pytest.fixture
def began(said: Settings) -> Iterator[Callable[[str, str], subprocess.Popen[str]]]:
    """Starts a process that does a job, and returns when it is at a stage."""
    processes = []

    def start(job: str, stage: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(said.home), str(said.slides), job, stage]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        until((said.home / "reached").exists)
        return process

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def until(true: Callable[[], object], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def asked(said: Settings) -> Job:
    (slide,) = FolderSlideStore(said.slides).list()
    request = SegmentRequest(slide.id, slide.name, "tiny@1", None, 0.5)
    return Ledger(said.ledger_url).create(request)


def left(said: Settings, folder: str) -> dict[str, bytes]:
    """Every file of a run and every annotation, but for what a report says of seconds."""
    roots = (said.runs / folder, said.annotations)
    files = (one for root in roots for one in root.rglob("*") if one.is_file())
    return {str(one): one.read_bytes() for one in files}


@pytest.mark.parametrize("stage", ["predict", "write", "push"])
def test_one_that_was_stopped_for_longer_than_its_lease_writes_nothing_more(
    said: Settings, began: Callable[[str, str], subprocess.Popen[str]], stage: str
) -> None:
    ledger, job = Ledger(said.ledger_url), asked(said)
    first = began(job.id, stage)
    os.kill(first.pid, signal.SIGSTOP)
    leases = Leases(said.lease_s)

    def taken_up() -> bool:
        return bool(ledger.requeue(leases.lost(ledger.unfinished())))

    until(taken_up)
    run_job(said, ledger.get(job.id), ThreadExecutor(1))
    done = ledger.get(job.id)
    assert (done.state, done.attempt, done.failure) == (JobState.DONE, 2, None)
    files, news = left(said, done.folder), ledger.news(job.id, 0)
    assert any("annotations" in name for name in files)
    (said.home / "leave").touch()
    os.kill(first.pid, signal.SIGCONT)
    _, said_last = first.communicate(timeout=240)
    assert "taken up again" in said_last
    assert ledger.get(job.id) == done
    assert ledger.news(job.id, 0) == news
    assert left(said, done.folder) == files
    assert first.returncode == 0


def test_what_was_finished_is_handed_on(
    said: Settings, began: Callable[[str, str], subprocess.Popen[str]]
) -> None:
    ledger, job = Ledger(said.ledger_url), asked(said)
    first = began(job.id, "push")
    first.kill()
    before = (said.runs / job.run / "mask.tiff").stat()
    ledger.requeue(ledger.unfinished())
    run_job(said, ledger.get(job.id), ThreadExecutor(1))
    done = ledger.get(job.id)
    assert done.state is JobState.DONE
    after = (said.runs / done.folder / "mask.tiff").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not (said.runs / job.run).exists(), "it is in one place"
