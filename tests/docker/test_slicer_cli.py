"""The Analyses-menu entry: read by slicer_cli_web's parser, run as its image would run it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from slicer_cli_web.cli_utils import as_model, get_cli_parameters, is_girder_api, is_on_girder
from tests.support.dsa.processes import Port
from tests.support.pictures import tissue_picture
from tests.support.promised import once_within
from tests.support.tiny_model import save_tiny_model

import histoloop
from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid

IMAGE = Path(__file__).parents[2] / "docker" / "slicer-cli"
XML = (IMAGE / "HistoLoopSegment" / "HistoLoopSegment.xml").read_text()
TOKEN = "a-token-that-nobody-may-see"


@dataclass(frozen=True)
class Ended:
    """A run of the entry point that is over."""

    code: int
    output: str
    error: str

    @property
    def progress(self) -> list[float]:
        return [float(one) for one in re.findall(r"<filter-progress>([^<]*)<", self.output)]


@dataclass(frozen=True)
class Service:
    """A running `histoloop serve`."""

    url: str
    slides: Path

    def ask(self, path: str) -> Any:
        return requests.get(self.url + path, timeout=20).json()

    def slide(self, word: str) -> str:
        found = self.ask("/api/slides")["slides"]
        return next(one["id"] for one in found if word in one["name"])

    def jobs(self, slide: str) -> list[dict[str, Any]]:
        return self.ask(f"/api/jobs?slide={slide}")["jobs"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, tissue_slide: Path) -> Iterator[Service]:
    """A folder of a small and a large slide; a quick and a slow model."""
    home, slides = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("slides")
    save_tiny_model(home / "models" / "tiny-1")
    save_tiny_model(home / "models" / "slow-1", name="slow", mpp=0.5)
    for name in ("tissue.tiff", "torn.tiff"):
        shutil.copy(tissue_slide, slides / name)
    large = np.tile(tissue_picture(Size(800, 600)), (10, 10, 1))
    write_pyramid(slides / "large.tiff", Size(8000, 6000), Mpp.square(0.5), [large])
    command = [Path(sys.executable).with_name("histoloop"), "serve", "--slides", slides]
    with subprocess.Popen(
        [*command, "--home", home, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HISTOLOOP_WORKERS": "1"},
    ) as process:
        try:
            url = next(
                found[0] for line in process.stdout if (found := re.search(r"http\S+", line))
            )
            yield Service(url, slides)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0


def start(*arguments: str, url: str = "") -> subprocess.Popen[str]:
    """As girder_worker does: optional parameters first, every one of them, then the slide."""
    return subprocess.Popen(
        ["/bin/sh", IMAGE / "entrypoint.sh", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HISTOLOOP_URL": url},
    )


def options(
    slide: str,
    *,
    roi: str = "-1.0, -1.0, -1.0, -1.0",
    model: str = "tiny",
    threshold: str = "0.5",
    service_url: str = "",
    girder: str = "",
) -> list[str]:
    return [
        *("HistoLoopSegment", "--analysis_roi", roi, "--girder-api-url", girder),
        *("--girder-token", TOKEN, "--model", model, "--service-url", service_url),
        *("--threshold", threshold, slide),
    ]


def finish(process: subprocess.Popen[str], timeout: float = 240) -> Ended:
    output, error = process.communicate(timeout=timeout)
    assert TOKEN not in output + error
    return Ended(process.returncode, output, error)


UNUSED = Port()
"""Where nobody listens."""


def unused_url() -> str:
    return f"http://127.0.0.1:{UNUSED.number}"


def test_slicer_cli_web_reads_it_without_complaint(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        entry = as_model(XML)
        indexed, optional, outputs = get_cli_parameters(entry)
    assert caplog.records == []
    assert entry.version == histoloop.__version__
    assert [(one.typ, one.name, one.channel) for one in indexed] == [
        ("image", "inputImageFile", "input")
    ]
    assert {one.name: one.default for one in optional} == {
        "analysis_roi": [-1, -1, -1, -1],
        "girderApiUrl": "",
        "girderToken": "",
        "model": "",
        "serviceUrl": "",
        "threshold": 0.5,
    }
    assert {one.name for one in optional if is_girder_api(one)} == {"girderApiUrl", "girderToken"}
    assert outputs == []


def test_no_parameter_makes_the_worker_fetch_a_slide() -> None:
    assert not any(is_on_girder(one) for one in as_model(XML).parameters())


def test_the_image_answers_what_it_is_registered_by() -> None:
    listed = finish(start("--list_cli"))
    assert (listed.code, json.loads(listed.output)) == (0, {"HistoLoopSegment": {"type": "python"}})
    described = finish(start("HistoLoopSegment", "--xml"))
    assert described.code == 0
    assert as_model(described.output).title == as_model(XML).title


def test_a_slide_is_segmented_to_the_end(service: Service) -> None:
    slide = service.slide("tissue")
    ended = finish(start(*options(slide, threshold="0.25"), url=service.url))
    assert ended.code == 0, ended.error
    assert ended.progress == sorted(ended.progress)
    assert ended.progress[-1] == 1
    assert re.findall("<filter-comment>([^<]*)<", ended.output)[-1] == "done"
    (job,) = service.jobs(slide)
    assert (job["state"], job["roi"], job["threshold"]) == ("done", None, 0.25)
    assert f"run {job['run']}" in ended.output
    found = service.ask(f"/api/slides/{slide}/annotations")["annotations"]
    assert {one["attributes"]["run"] for one in found} == {job["run"]}


def test_a_region_is_passed_in_whole_pixels_around_it(service: Service) -> None:
    slide = service.slide("tissue")
    roi = "100.4, 50.6, 300.5, 200.0"
    ended = finish(start(*options(slide, roi=roi, service_url=service.url)))
    assert ended.code == 0, ended.error
    assert service.jobs(slide)[0]["roi"] == [100, 50, 301, 201]


def test_sigterm_cancels_the_job(service: Service) -> None:
    """Within the ten seconds that a container has."""
    once_within(8, lambda: seconds_to_cancel(service))


def seconds_to_cancel(service: Service) -> float:
    slide = service.slide("large")
    process = start(*options(slide, model="slow"), url=service.url)
    for line in process.stdout:
        if "predicting" in line:
            break
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    ended = finish(process)
    took = time.monotonic() - asked
    assert (ended.code, ended.error) == (143, "HistoLoop: cancelled\n")
    job = service.jobs(slide)[0]
    assert job["state"] == "cancelled"
    assert 0 < job["progress"]["done"] < job["progress"]["total"]
    return took


def test_a_job_that_is_cancelled_on_the_service_is_no_success(service: Service) -> None:
    slide = service.slide("large")
    process = start(*options(slide, model="slow"), url=service.url)
    job = next(found[1] for line in process.stdout if (found := re.match(r"job (\S+)", line)))
    requests.post(f"{service.url}/api/jobs/{job}/cancel", json={}, timeout=20).raise_for_status()
    ended = finish(process)
    assert (ended.code, ended.error) == (1, "HistoLoop: cancelled\n")


def test_a_job_that_fails_says_why_and_what_to_do(service: Service) -> None:
    slide, path = service.slide("torn"), service.slides / "torn.tiff"
    service.ask(f"/api/slides/{slide}")  # it is open; then somebody copies half a file over it
    whole = path.stat()
    os.truncate(path, whole.st_size // 2)
    os.utime(path, ns=(whole.st_atime_ns, whole.st_mtime_ns))
    ended = finish(start(*options(slide), url=service.url))
    assert ended.code == 1
    assert re.fullmatch(r"HistoLoop: failed on torn.*: .*truncated.* \(copy .+\)\n", ended.error)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"slide": "no-such-slide"}, 1, "no-such-slide"),
        ({"model": "no-such-model"}, 1, "no-such-model"),
        ({"roi": "90000, 90000, 10, 10"}, 1, "outside"),
        ({"roi": "1, 2, 3, 4, 5, 6"}, 2, "draw a rectangle"),
        ({"service_url": "ftp:/nowhere"}, 2, "no address"),
        ({"girder": unused_url()}, 1, "Girder at .* does not answer"),
    ],
)
def test_what_is_impossible_is_refused_in_one_line(
    service: Service, change: dict[str, str], code: int, said: str
) -> None:
    arguments = options(**({"slide": service.slide("tissue")} | change))
    ended = finish(start(*arguments, url=service.url))
    assert ended.code == code
    assert re.fullmatch(rf"HistoLoop: .*{said}.*\n", ended.error)


def test_without_a_service_it_says_so() -> None:
    ended = finish(start(*options("any", service_url="")))
    assert (ended.code, ended.error.count("HISTOLOOP_URL")) == (2, 1)
    url = unused_url()
    ended = finish(start(*options("any"), url=url))
    assert ended.code == 1
    assert ended.error.startswith(f"HistoLoop: the HistoLoop service at {url} does not answer")
