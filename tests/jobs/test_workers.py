"""Workers of several machines come and go; what a slide's mask says does not change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import Client, get_worker
from tests.support.pictures import tissue_picture

from histoloop.config import settings
from histoloop.geometry import Mpp, Size
from histoloop.jobs.engine import MESSAGES_KEPT, DaskExecutor
from histoloop.jobs.places import places_for
from histoloop.service.app import create_app
from histoloop.service.server import running
from histoloop.slides.pyramid import write_pyramid

BIN = Path(sys.executable).parent
PIECE, TIMES = Size(1000, 800), 5


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "large.tiff"
    picture = np.tile(tissue_picture(PIECE, seed=5), (TIMES, TIMES, 1))
    write_pyramid(path, Size(*picture.shape[1::-1]), Mpp.square(1.0), [picture])
    return path


@contextmanager
def machine(*command: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its children, ended at the latest with the block."""
    process = subprocess.Popen(
        [str(BIN / str(command[0])), *map(str, command[1:])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        lost(process)


def lost(process: subprocess.Popen[bytes]) -> None:
    """As if its plug had been pulled."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(true: Callable[[], object], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def stored(run: Path) -> dict[str, bytes]:
    """Everything that a run says of the slide, and none of what it says of itself."""
    files = [run / "mask.tiff", *sorted((run / "probability.zarr").rglob("*"))]
    return {str(one.relative_to(run)): one.read_bytes() for one in files if one.is_file()}


def test_one_joins_late_and_one_is_lost_and_the_files_are_the_same(
    slide: Path, home: Path, tmp_path: Path
) -> None:
    def segment(out: Path, *more: object) -> tuple[object, ...]:
        return (*("histoloop", "segment", slide, "--home", home, "--tta", 4, "--out", out, *more),)

    with machine(*segment(tmp_path / "alone")) as alone:
        assert alone.wait(400) == 0
    with ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        stack.enter_context(machine(*scheduler(file)))
        until(file.is_file)
        until(lambda: file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        client = stack.enter_context(Client(address, set_as_default=False))

        def workers() -> set[str]:
            return set(client.scheduler_info(n_workers=-1)["workers"])

        work = ("histoloop", "worker", address, "--workers", 1, "--folder", tmp_path)
        first = stack.enter_context(machine(*work))
        until(workers)
        (early,) = workers()
        out = tmp_path / "shared"
        job = stack.enter_context(machine(*segment(out, "--scheduler", address)))
        until(lambda: list(out.rglob("*.npz")))
        stack.enter_context(machine(*work))
        until(lambda: len(workers()) == 2)
        (late,) = workers() - {early}
        until(lambda: client.processing([late])[late] and client.processing([early])[early])
        assert not list(out.rglob("report.json")), "it was too fast to lose anything"
        lost(first)
        assert job.wait(400) == 0, job.stderr and job.stderr.read()
        assert workers() == {late}
    report = json.loads((out / "large" / "report.json").read_text())
    assert report["tiles"]["run"] + report["tiles"]["resumed"] == report["tiles"]["tissue"]
    assert stored(out / "large") == stored(tmp_path / "alone" / "large")


def test_a_gpu_takes_its_own_kind_of_task_and_nothing_waits_for_one_that_has_gone(
    tmp_path: Path,
) -> None:
    def where(item: int) -> str:
        time.sleep(0.02)
        return str(get_worker().address)

    with ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        stack.enter_context(machine(*scheduler(file)))
        until(lambda: file.is_file() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        client = stack.enter_context(Client(address, set_as_default=False))
        work = ("histoloop", "worker", address, "--workers", 1, "--folder", tmp_path)
        with_gpu = stack.enter_context(machine(*work, "--gpu"))
        until(lambda: places_for(client, gpu=True).count == 1)
        (gpu,) = places_for(client, gpu=True).threads
        kept = client.run(dask.config.get, "distributed.admin.low-level-log-length")
        assert kept == {gpu: MESSAGES_KEPT}

        def used(*, gpu: bool, check: Callable[[], None] = lambda: None) -> list[str]:
            return list(DaskExecutor(client, gpu=gpu).map(where, range(12), float, check))

        assert set(used(gpu=False)) == {gpu}  # there is no other
        stack.enter_context(machine(*work, "--no-gpu"))
        until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == 2)
        (plain,) = places_for(client, gpu=False).threads
        assert plain != gpu
        for _ in range(3):
            assert set(used(gpu=True)) == {gpu}
            assert set(used(gpu=False)) == {plain}
        looks = count()

        def unplug() -> None:
            if next(looks) == 3:
                lost(with_gpu)

        assert {gpu, plain} >= set(used(gpu=True, check=unplug)) >= {plain}


def scheduler(file: Path, port: int = 0) -> tuple[object, ...]:
    return (
        *("dask", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"),
        *("--no-jupyter", "--scheduler-file", file),
    )


def test_a_service_finds_its_scheduler_again_however_long_that_was_away(
    slide: Path, home: Path, tmp_path: Path, unused_port: int
) -> None:
    address = f"tcp://127.0.0.1:{unused_port}"
    work = ("histoloop", "worker", address, "--workers", 1, "--folder", tmp_path)
    said = settings(slides=slide.parent, home=home, port=0, scheduler=address, lease_s=2)
    with ExitStack() as stack:
        first = stack.enter_context(machine(*scheduler(tmp_path / "one.json", unused_port)))
        until((tmp_path / "one.json").is_file)
        service = stack.enter_context(running(said))
        client = create_app(service.library).test_client()

        def ready() -> bool:
            return client.get("/api/health/ready").status_code == 200

        assert client.get("/api/health/ready").json["missing"] == ["there is no worker"]
        worker = stack.enter_context(machine(*work))
        until(ready)
        lost(first)
        lost(worker)
        until(lambda: service.library.engine._client.status == "closed")
        assert client.get("/api/health/ready").json["missing"] == ["there is no worker"]
        assert b"histoloop_workers 0.0" in client.get("/api/metrics").data
        id = client.get("/api/slides").json["slides"][0]["id"]
        asked = {"slide": id, "roi": [0, 0, 1500, 1500]}
        answer = client.post("/api/jobs", json=asked)
        assert answer.status_code == 202, "it waits in the ledger"
        stack.enter_context(machine(*scheduler(tmp_path / "two.json", unused_port)))
        until((tmp_path / "two.json").is_file)
        stack.enter_context(machine(*work))
        until(ready)
        job = answer.json["id"]
        until(lambda: client.get(f"/api/jobs/{job}").json["state"] == "done")


def test_a_scheduler_that_does_not_answer_is_one_error() -> None:
    command = [str(BIN / "histoloop"), "worker", "tcp://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("histoloop: no Dask scheduler answers at tcp://127.0.0.1:1 (")
    assert done.stderr.count("\n") == 1
