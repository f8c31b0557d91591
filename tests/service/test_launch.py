"""Before, and after, a segmentation is asked for: preflights, several slides, the queue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from tests.service.conftest import finished
from tests.support.damaged import spoil_tile
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.geometry import Mpp, Size
from histoloop.service import preflights
from histoloop.service.admission import Admission
from histoloop.service.app import create_app
from histoloop.service.server import running
from histoloop.slides.pyramid import write_pyramid

SIZE = Size(2100, 1500)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A folder of two sound slides, a torn one, a hurt one, one without scale, one of a screen."""
    home, slides = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("slides")
    for number, name in enumerate(("one", "two", "torn", "hurt", "coarse")):
        mpp = Mpp.square({"coarse": 4.0, "hurt": 2.0}.get(name, 0.5))
        write_pyramid(slides / f"{name}.tiff", SIZE, mpp, [tissue_picture(SIZE, seed=number)])
    torn = slides / "torn.tiff"
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    spoil_tile(slides / "hurt.tiff", number=20)
    Image.fromarray(tissue_picture(SIZE, seed=9)).save(slides / "no-scale.png")
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings(slides=slides, home=home, port=0, workers=1)) as service:
        yield create_app(service.library).test_client()


@pytest.fixture(scope="module")
def ids(client: FlaskClient) -> dict[str, str]:
    """Of the slides, by their name without its ending."""
    listed = client.get("/api/slides").json["slides"]
    return {Path(one["name"]).stem: one["id"] for one in listed}


def checked(client: FlaskClient, slide: str, **changes: Any) -> dict[str, Any]:
    """A preflight with its samples."""
    answer = client.post("/api/preflights", json={"slide": slide, "model": "tiny@1"} | changes)
    assert answer.status_code == 200, answer.json
    end = time.monotonic() + 240
    while (found := client.get(f"/api/preflights/{answer.json['id']}").json)["samples"][
        "state"
    ] == "running":
        assert time.monotonic() < end, "the samples do not come"
        time.sleep(0.2)
    return dict(found)


def test_a_preflight_says_what_the_run_then_is(client: FlaskClient, ids: dict[str, str]) -> None:
    found = checked(client, ids["one"])
    assert found["scale"]["slide"] == {"x": 0.5, "y": 0.5, "source": "metadata"}
    assert (found["scale"]["model"], found["scale"]["factor"]) == (2.0, 4.0)
    assert found["warnings"] == []
    assert found["disk"]["enough"]
    assert found["time"]["source"] == "samples"
    assert found["samples"]["state"] == "done", found["samples"]["problem"]
    boxes = [one["box"] for one in found["samples"]["tiles"]]
    assert len({tuple(box) for box in boxes}) == 3

    job = client.post("/api/jobs", json={"slide": ids["one"], "model": "tiny@1"}).json
    assert finished(client, job["id"])["state"] == "done"
    report = client.get(f"/api/runs/{job['run']}").json["report"]
    assert found["tiles"]["tissue"] == report["tiles"]["run"]
    again = checked(client, ids["one"])
    assert again["time"]["source"] == "runs"
    assert again["time"]["tiles"] == report["tiles"]["run"]
    spent = report["seconds"]["total"]
    assert again["time"]["seconds"] == pytest.approx(spent, rel=0.01), "the same again"

    x, y, width, height = boxes[1]
    picture = decoded(client, found, 1, "picture")
    assert picture.shape[0] / picture.shape[1] == pytest.approx(height / width, rel=0.05)
    slide = tissue_picture(SIZE, seed=0)[y : y + height, x : x + width]
    small = cv2.resize(slide, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(picture[..., ::-1].astype(int) - small).mean() < 8, "that place of the slide"
    overlay = [decoded(client, found, 1, "class", at) for at in (0.01, 1.0)]
    assert overlay[0][..., 3].mean() > overlay[1][..., 3].mean(), "by the threshold asked for"


def decoded(
    client: FlaskClient, found: dict[str, Any], number: int, layer: str, threshold: float = 0.5
) -> np.ndarray:
    url = f"{found['samples']['tiles'][number]['picture']}?layer={layer}&threshold={threshold}"
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_scale_can_be_given_and_is_doubted(client: FlaskClient, ids: dict[str, str]) -> None:
    refused = client.post("/api/preflights", json={"slide": ids["no-scale"], "model": "tiny@1"})
    assert (refused.status_code, refused.json["type"]) == (422, "MissingScaleError")
    assert "slide_mpp" in refused.json["hint"]
    given = checked(client, ids["no-scale"], slide_mpp=0.5)
    assert given["scale"]["slide"] == {"x": 0.5, "y": 0.5, "source": "user"}
    coarse = checked(client, ids["coarse"])
    assert coarse["scale"]["doubtful"]
    assert "is it right?" in coarse["warnings"][0]
    assert checked(client, ids["coarse"], slide_mpp=0.5)["warnings"] == []

    body = {"slide": ids["no-scale"], "model": "tiny@1", "slide_mpp": 0.5, "runtime": "tensorflow"}
    job = finished(client, client.post("/api/jobs", json=body).json["id"])
    assert job["state"] == "done", job["failure"]
    report = client.get(f"/api/runs/{job['run']}").json["report"]
    assert (report["slide"]["mpp_x"], report["slide"]["mpp_source"]) == (0.5, "user")
    assert report["runtime"] == "tensorflow"


def test_who_checks_when_many_do_is_told_to_come_again(
    client: FlaskClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Admission("checks", at_once=1, places=2, patience_s=0)
    monkeypatch.setattr(preflights, "_LOOKING", turns)
    with turns.turn():
        busy = client.post("/api/preflights", json={"slide": ids["one"], "model": "tiny@1"})
    assert (busy.status_code, busy.json["type"]) == (503, "BusyError")
    assert int(busy.headers["Retry-After"]) > 0
    route = client.get("/api/openapi.json").json["paths"]["/api/preflights"]["post"]
    assert "Retry-After" in route["responses"]["503"]["headers"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"model": "nobody"}, 404, "unknown model"),
        ({"roi": [90000, 0, 5, 5]}, 422, "lies outside"),
        ({"precision": "int8", "runtime": "tensorflow"}, 400, "no int8"),
        ({"slide_mpp": 900}, 422, "slide_mpp"),
        ({"slide": "gone"}, 404, "no slide"),
    ],
)
def test_bad_input_is_one_clear_problem(
    client: FlaskClient, ids: dict[str, str], body: dict[str, Any], status: int, said: str
) -> None:
    for route in ("/api/preflights", "/api/jobs"):
        answer = client.post(route, json={"slide": ids["one"], "model": "tiny@1"} | body)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert said in answer.json["detail"]


def test_of_several_slides_bad_ones_stop_no_others(
    client: FlaskClient, ids: dict[str, str]
) -> None:
    wanted = [ids[name] for name in ("torn", "one", "hurt", "two")]
    answer = client.post("/api/jobs", json={"slides": [*wanted, "gone"], "model": "tiny@1"})
    assert answer.status_code == 202
    assert [one["slide"] for one in answer.json["refused"]] == ["gone"]
    jobs = {one["slide"]: finished(client, one["id"]) for one in answer.json["jobs"]}
    states = [jobs[id]["state"] for id in wanted]
    assert states == ["failed", "done", "failed", "done"]
    torn, hurt = jobs[ids["torn"]]["failure"], jobs[ids["hurt"]]["failure"]
    assert torn["stage"] == "opening"
    assert torn["cause"].startswith("torn.tiff")
    assert torn["hint"]
    assert hurt["cause"].endswith("(cannot identify image file)"), "no object of Python"
    x, y, width, height = map(int, hurt["tile"].split(","))
    assert width > 0
    assert x >= 0
    # Tile 20 of a row of nine, 256 px each: the place that is named holds it.
    assert x < 3 * 256
    assert x + width > 2 * 256
    assert y < 3 * 256
    assert y + height > 2 * 256
    for id in ("torn", "hurt"):
        assert client.post(f"/api/jobs/{jobs[ids[id]]['id']}/retry").status_code == 202


def test_what_is_true_of_one_slide_is_said_of_one(client: FlaskClient, ids: dict[str, str]) -> None:
    body = {"slides": [ids["one"]], "model": "tiny@1", "roi": [0, 0, 9, 9]}
    answer = client.post("/api/jobs", json=body)
    assert (answer.status_code, answer.json["hint"]) == (400, "leave roi out")


@contextmanager
def held_up(client: FlaskClient, gate: Path) -> Iterator[None]:
    """The only worker does nothing else until the block has run."""
    os.mkfifo(gate)
    reading = client.application.extensions["histoloop"].engine.ask(Path.read_bytes, gate)
    try:
        yield
    finally:
        gate.write_bytes(b"")  # waits for who reads
        reading.result()


def test_a_cancelled_job_is_run_again(
    client: FlaskClient, ids: dict[str, str], tmp_path: Path
) -> None:
    body = {"slides": [ids["one"]], "model": "tiny@1"}
    with held_up(client, tmp_path / "gate"):
        (busy,) = client.post("/api/jobs", json=body).json["jobs"]
        twice = client.post("/api/jobs", json=body).json
        assert "already" in twice["refused"][0]["detail"]
        client.post(f"/api/jobs/{busy['id']}/cancel")
        assert finished(client, busy["id"])["state"] == "cancelled"
    assert client.post(f"/api/jobs/{busy['id']}/retry").json["run"] == busy["run"]
    assert finished(client, busy["id"])["state"] == "done"


def test_the_service_itself_never_computes(tmp_path: Path, tissue_slide: Path) -> None:
    """A preflight leaves the libraries that predict out of the service's process."""
    shutil.copy(tissue_slide, tmp_path / "slide.tiff")
    save_tiny_model(tmp_path / "home" / "models" / "tiny-1")
    code = f"""
import sys, time
from histoloop.config import settings
from histoloop.service.app import create_app
from histoloop.service.server import running
if __name__ == "__main__":
    said = settings(slides={str(tmp_path)!r}, home={str(tmp_path / "home")!r}, port=0, workers=1)
    with running(said) as service:
        client = create_app(service.library).test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        body = {{"slide": slide, "model": "tiny@1"}}
        id = client.post("/api/preflights", json=body).json["id"]
        state = "running"
        while state == "running":
            time.sleep(0.2)
            state = client.get(f"/api/preflights/{{id}}").json["samples"]["state"]
        assert client.get(f"/api/preflights/{{id}}/samples/0").status_code == 200
        print(state, *(name for name in ("tensorflow", "openvino", "keras") if name in sys.modules))
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=400
    )
    assert done.stdout.split() == ["done"], done.stdout + done.stderr
