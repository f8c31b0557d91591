"""Two services that are started with one home: the second says so, and touches nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests


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


def test_the_second_is_refused_until_the_first_has_gone(tissue_slide: Path, tmp_path: Path) -> None:
    home, slides = tmp_path / "home", tissue_slide.parent
    with serving(slides, home) as first:
        drafts = {home / "agreement" / ".20260101-000000", home / "review" / ".a@1-20260101-000000"}
        others = {home / "agreement" / "20260101-000000", home / "review" / ".mine"}
        for folder in drafts | others:
            (folder / "rois").mkdir(parents=True)
        before = sorted(home.rglob("*"))
        second = started(slides, home)
        _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert said.startswith(f"histoloop: {home}: another service works with this home (stop")
        assert said.count("\n") == 1
        assert sorted(home.rglob("*")) == before
        assert requests.get(f"{first}/api/health", timeout=10).status_code == 200
    with serving(slides, home) as third:  # however the first has ended
        assert requests.get(f"{third}/api/jobs", timeout=10).json() == {"jobs": []}
        there = {*(home / "agreement").iterdir(), *(home / "review").iterdir()}
        assert there == others, "nobody goes on with what the first was making"
