"""A worker's container natively: its start script, its health check, a job through both."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from tests.docker.dockerfiles import ROOT
from tests.support.tiny_model import save_tiny_model

SCRIPTS = ROOT / "docker" / "histoloop"
BIN = Path(sys.executable).parent


@contextmanager
def process(command: list[str | Path], log: Path, **environment: str) -> Iterator[subprocess.Popen]:
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(log.parent)} | environment,
        )
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(120)


def said(log: Path, pattern: str, seconds: float = 180) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := re.search(pattern, log.read_text()):
            return found[0]
        time.sleep(0.1)
    pytest.fail(f"no {pattern} in {log.read_text()}")


def healthy(scheduler: str) -> bool:
    command = [sys.executable, SCRIPTS / "worker_health.py"]
    environment = os.environ | {"HISTOLOOP_SCHEDULER": scheduler}
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0


def test_a_job_runs_on_workers_of_a_scheduler(tmp_path: Path, tissue_slide: Path) -> None:
    home, slides = tmp_path / "home", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    logs = {name: tmp_path / f"{name}.log" for name in ("scheduler", "worker", "service")}
    with ExitStack() as stack:
        flags = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
        scheduler = [BIN / "dask", "scheduler", *flags]
        stack.enter_context(process(scheduler, logs["scheduler"]))
        address = said(logs["scheduler"], r"tcp://127\.0\.0\.1:\d+")
        assert not healthy(address)
        worker = process(
            ["/bin/sh", SCRIPTS / "worker.sh"],
            logs["worker"],
            HISTOLOOP_SCHEDULER=address,
            HISTOLOOP_WORKERS="2",
        )
        ended = stack.enter_context(worker)
        said(logs["worker"], r"(?s)(Registered to.*){2}")
        assert healthy(address)
        serve = [BIN / "histoloop", "serve", "--slides", slides, "--home", home, "--port", "0"]
        stack.enter_context(process(serve, logs["service"], HISTOLOOP_SCHEDULER=address))
        url = said(logs["service"], r"http://\S+")
        assert requests.get(f"{url}/api/health", timeout=60).json()["status"] == "ok"
        slide = requests.get(f"{url}/api/slides", timeout=60).json()["slides"][0]["id"]
        asked = {"slide": slide, "model": "tiny"}
        job = requests.post(f"{url}/api/jobs", json=asked, timeout=30).json()["id"]
        until = time.monotonic() + 240
        while (found := requests.get(f"{url}/api/jobs/{job}", timeout=60).json())["state"] in (
            "queued",
            "running",
        ):
            assert time.monotonic() < until
            time.sleep(0.2)
        assert found["state"] == "done", found["failure"]
        ended.send_signal(signal.SIGTERM)  # as Docker stops a container
        ended.wait(120)
        assert not healthy(address)


def test_a_worker_without_a_scheduler_says_what_it_lacks() -> None:
    done = subprocess.run(
        ["/bin/sh", SCRIPTS / "worker.sh"], env={"PATH": str(BIN)}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "HISTOLOOP_SCHEDULER: the address of a Dask scheduler" in done.stderr
