"""How a service begins and ends: alone in its home, and with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.service.app import create_app
from histoloop.service.library import Library
from histoloop.service.server import running


def started(slides: Path, home: Path) -> subprocess.Popen[str]:
    command = [Path(sys.executable).with_name("histoloop"), "serve", "--slides", slides]
    return subprocess.Popen(
        [*map(str, command), "--home", str(home), "--port", "0"],
        env=os.environ | {"HISTOLOOP_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def serving(slides: Path, home: Path) -> Iterator[str]:
    """The address of a service, killed with all it has started when the block is left."""
    process = started(slides, home)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[3]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def living(group: int) -> list[str]:
    """Processes of a group that have not ended, whether or not anybody has asked how."""
    found = []
    for one in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(one.cmdline()))
    return found


def test_the_second_is_refused_until_the_first_has_gone(tissue_slide: Path, tmp_path: Path) -> None:
    home, slides = tmp_path / "home", tissue_slide.parent
    with serving(slides, home) as first:
        drafts = {home / "agreement" / ".20260101-000000", home / "review" / ".a@1-20260101-000000"}
        others = {home / "agreement" / "20260101-000000", home / "review" / ".mine"}
        for folder in drafts | others:
            (folder / "rois").mkdir(parents=True)
        before = sorted(home.rglob("*"))
        second = started(slides, home)
        _, said = second.communicate(timeout=120)
        assert second.returncode == 1
        assert said.startswith(f"histoloop: {home}: another service works with this home (stop")
        assert said.count("\n") == 1
        assert sorted(home.rglob("*")) == before
        assert requests.get(f"{first}/api/health", timeout=60).status_code == 200
    with serving(slides, home) as third:  # however the first has ended
        assert requests.get(f"{third}/api/jobs", timeout=60).json() == {"jobs": []}
        there = {*(home / "agreement").iterdir(), *(home / "review").iterdir()}
        assert there == others, "nobody goes on with what the first was making"


def test_ctrl_c_in_a_terminal_ends_all_and_prints_no_traceback(
    tissue_slide: Path, tmp_path: Path
) -> None:
    """A terminal sends it to every process of the group, in mid-job."""
    home = tmp_path / "home"
    save_tiny_model(home / "models" / "tiny-1")
    process = started(tissue_slide.parent, home)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[3]
        slide = requests.get(f"{url}/api/slides", timeout=30).json()["slides"][0]["id"]
        asked = {"slide": slide, "model": "tiny@1"}
        job = requests.post(f"{url}/api/jobs", json=asked, timeout=30).json()["id"]
        with requests.get(f"{url}/api/jobs/{job}/events", stream=True, timeout=60) as told:
            next(line for line in told.iter_lines() if b'"running"' in line)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "Traceback" not in said, said
        assert "still running" not in said, "whoever follows a job keeps nobody waiting"
        end = time.monotonic() + 60
        while left := living(process.pid):
            assert time.monotonic() < end, left
            time.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_what_is_being_answered_when_a_service_ends_is_answered(
    tissue_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def held_up(library: Library) -> Callable[..., Any]:
        app = create_app(library)

        def answer(*request: Any) -> Any:
            begun.set()
            goes_on.wait(60)
            return app(*request)

        return answer

    monkeypatch.setattr("histoloop.service.server.create_app", held_up)
    said = settings(slides=tissue_slide.parent, home=tmp_path / "home", port=0, workers=1)
    with ThreadPoolExecutor(1) as pool:
        with running(said) as service:
            answer = pool.submit(requests.get, f"{service.url}/api/health", timeout=60)
            assert begun.wait(60)
            threading.Timer(0.5, goes_on.set).start()  # when the block has been left
        assert answer.result().status_code == 200
    assert "Exception" not in caplog.text
