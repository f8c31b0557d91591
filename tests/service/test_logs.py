"""The log of a service: whose request, which job, and nothing secret; in its workers, too."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from flask import Flask
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.logs import _formatter, _note, about
from histoloop.service.tracing import register


def line(message: str, *args: object, **said: str) -> str:
    """What is written of a message."""
    record = logging.LogRecord("histoloop.x", logging.INFO, "", 1, message, args, None)
    _note(record)
    return _formatter(settings(**said)).format(record)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "leak",
    [
        "GET /item with Girder-Token: gehe1m",
        "{'Girder-Token': 'gehe1m'}",
        'asked with {"password": "gehe1m"}',
        "https://dsa/api?token=gehe1m&limit=1",
        "postgresql+psycopg://ada:gehe1m@host/name does not answer",
        "Authorization: Bearer gehe1m",
        "a known one, bare: k-gehe1m",
    ],
)
def test_no_secret_is_written(form: str, leak: str) -> None:
    written = line("%s", leak, log=form, dsa_key="k-gehe1m")
    assert "gehe1m" not in written
    assert "[hidden]" in written


def test_a_line_says_what_it_is_about() -> None:
    with about(request="r1", job="j1"):
        found = json.loads(line("half done", log="json"))
        assert "INFO histoloop.x [request r1] [job j1] half done" in line("half done")
    assert found.pop("time").endswith("+00:00")
    assert found == {
        **{"level": "INFO", "logger": "histoloop.x", "message": "half done"},
        **{"request": "r1", "job": "j1"},
    }
    assert json.loads(line("later", log="json"))["job"] == ""


def test_no_caller_writes_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = Flask(__name__)
    register(app)
    with caplog.at_level("INFO"):
        app.test_client().get("/nowhere%0a2026-01-01 ERROR all is lost")
    (said,) = [one.getMessage() for one in caplog.records if "nowhere" in one.getMessage()]
    assert "\n" not in said


def test_a_service_and_its_workers_write_json(tissue_slide: Path, tmp_path: Path) -> None:
    home, slides, log = tmp_path / "home", tmp_path / "slides", tmp_path / "log"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    command = [Path(sys.executable).with_name("histoloop"), "serve", "--slides", slides]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*map(str, command), "--home", str(home), "--port", "0"],
            env=os.environ | {"HISTOLOOP_WORKERS": "1", "HISTOLOOP_LOG": "json"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        slide = requests.get(f"{url}/api/slides", timeout=30).json()["slides"][0]["id"]
        asked = {"slide": slide, "model": "tiny@1"}
        mine = {"X-Request-Id": "from-the-proxy.1"}
        answer = requests.post(f"{url}/api/jobs", json=asked, headers=mine, timeout=30)
        assert answer.headers["X-Request-Id"] == "from-the-proxy.1"
        bad = requests.get(f"{url}/api/jobs/none", headers={"X-Request-Id": "a b"}, timeout=30)
        given = bad.headers["X-Request-Id"]
        assert given != "a b"
        job = answer.json()["id"]
        end = time.monotonic() + 240
        while requests.get(f"{url}/api/jobs/{job}", timeout=30).json()["state"] != "done":
            assert time.monotonic() < end
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    found = [json.loads(one) for one in log.read_text().splitlines() if one.startswith("{")]
    by_request = {one["request"]: one["message"] for one in found}
    assert by_request["from-the-proxy.1"].startswith("POST /api/jobs: 202 in ")
    assert by_request[given].startswith("GET /api/jobs/none: 404 in ")
    assert "begins: tissue.tiff" in [one["message"] for one in found if one["job"] == job]
