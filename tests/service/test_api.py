"""REST over real slides, a real cluster and the bundled model."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from shapely.geometry import shape

from histoloop.config import settings
from histoloop.service import runs
from histoloop.service.admission import Admission
from histoloop.service.app import create_app
from histoloop.service.server import Service, running

BOX = "0,0,4096,2560"


@pytest.fixture(scope="module")
def served(
    bcss: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    slides = tmp_path_factory.mktemp("slides")
    for path in [*bcss.values(), data / "slides/broken.svs"]:
        shutil.copy(path, slides)
    shutil.copy(data / "slides/TCGA-CR-7395-01A-01-TS1.svs", slides / "no-scale.svs")
    said = settings(slides=slides, home=tmp_path_factory.mktemp("served"), port=0, workers=1)
    with running(said) as service:
        yield service


@pytest.fixture(scope="module")
def client(served: Service) -> FlaskClient:
    return create_app(served.library).test_client()


def slide_named(client: FlaskClient, word: str) -> dict[str, Any]:
    return next(one for one in client.get("/api/slides").json["slides"] if word in one["name"])


def picture(body: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def done(client: FlaskClient) -> dict[str, Any]:
    """A finished job."""
    slide = slide_named(client, "A0D2")
    answer = client.post("/api/jobs", json={"kind": "segment", "slide": slide["id"]})
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(answer.json["id"])
    return finished(client, answer.json["id"])


def finished(client: FlaskClient, job: str) -> dict[str, Any]:
    for _ in range(1200):
        found = client.get(f"/api/jobs/{job}").json
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.25)
    pytest.fail("the job does not end")


def test_the_library_lists_good_and_broken_slides(client: FlaskClient) -> None:
    good, broken = slide_named(client, "A0D2"), slide_named(client, "broken")
    assert good["mpp"]["x"] == pytest.approx(0.2844, rel=1e-4)
    assert good["problem"] is None
    assert "broken.svs" in broken["problem"]["detail"]
    assert picture(client.get(good["thumbnail"]).data).shape[1] == 256


def test_tiles_make_up_the_slide(client: FlaskClient) -> None:
    slide = client.get(f"/api/slides/{slide_named(client, 'A0D2')['id']}").json
    level = slide["levels"][2]
    columns, rows = (
        -(-level["width"] // slide["tile_width"]),
        -(-level["height"] // slide["tile_height"]),
    )
    lines = [
        np.hstack(
            [
                picture(client.get(f"/api/slides/{slide['id']}/tiles/2/{x}/{y}").data)
                for x in range(columns)
            ]
        )
        for y in range(rows)
    ]
    assert np.vstack(lines).shape[:2] == (level["height"], level["width"])


def test_metrics_count_requests_by_route_and_jobs_by_state(
    client: FlaskClient, done: dict[str, Any]
) -> None:
    assert client.get("/api/jobs/nobody-s").status_code == 404
    answer = client.get("/api/metrics")
    assert answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.text)
    samples = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in families
        for one in family.samples
    }
    assert samples["histoloop_jobs", ("state", "done")] >= 1
    assert samples["histoloop_workers",] == 1
    assert samples["histoloop_home_free_bytes",] > 0
    asked = ("method", "GET"), ("route", "/api/jobs/<id>"), ("status", "404")
    assert samples["histoloop_requests_total", *asked] >= 1
    assert samples["histoloop_request_seconds_count", ("route", "/api/jobs/<id>")] >= 1
    assert done["id"] not in answer.text


def test_ready_says_what_is_missing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/api/health/ready").json == {"status": "ready", "missing": []}
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=0))
    answer = client.get("/api/health/ready")
    assert answer.status_code == 503
    assert answer.json["missing"] == ["the home folder's disk is full"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/slides/nope", 404),
        ("/api/jobs/nope", 404),
        ("/api/jobs/nope/events", 404),
        ("/api/runs/nope", 404),
        ("/api/annotations/nope", 404),
        ("/api/slides/nope/tiles/0/0/0", 404),
        ("/api/nope", 404),
        ("/../../etc/passwd", 404),
    ],
)
def test_what_does_not_exist_is_a_problem(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"roi": [9000, 9000, 5, 5]},
        {"roi": [0, 0, 0, 5]},
        {"roi": "everything"},
        {"threshold": 2},
        {"kind": "dance"},
    ],
)
def test_an_impossible_job_is_refused_at_once(client: FlaskClient, change: dict[str, Any]) -> None:
    body = {"slide": slide_named(client, "A0D2")["id"]} | change
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_a_slide_without_scale_cannot_be_segmented(client: FlaskClient) -> None:
    answer = client.post("/api/jobs", json={"slide": slide_named(client, "no-scale")["id"]})
    assert answer.status_code == 422
    assert "micrometres" in answer.json["detail"]


def test_a_job_runs_to_its_end_and_leaves_layers(client: FlaskClient, done: dict[str, Any]) -> None:
    assert done["state"] == "done", done["failure"]
    run = client.get(f"/api/runs/{done['run']}").json
    assert run["report"]["classes"][0]["area_mm2"] > 0.1
    found = client.get(f"/api/slides/{done['slide']}/annotations").json["annotations"]
    assert found[0]["attributes"]["run"] == done["run"]
    document = client.get(f"/api/annotations/{found[0]['id']}").json
    assert len(document["elements"]) == found[0]["elements_count"] > 0
    assert client.post(f"/api/jobs/{done['id']}/cancel").status_code == 409


def test_events_tell_every_region_once_and_end(client: FlaskClient, done: dict[str, Any]) -> None:
    text = client.get(f"/api/jobs/{done['id']}/events").get_data(as_text=True)
    blocks = [
        dict(line.split(": ", 1) for line in one.splitlines()) for one in text.split("\n\n") if one
    ]
    boxes = [
        box for one in blocks if one["event"] == "tiles" for box in json.loads(one["data"])["boxes"]
    ]
    assert len(boxes) == done["progress"]["total"] == len({tuple(box) for box in boxes})
    assert json.loads(blocks[-1]["data"])["state"] == "done"
    again = client.get(
        f"/api/jobs/{done['id']}/events", headers={"Last-Event-ID": blocks[-1]["id"]}
    )
    assert "event: tiles" not in again.get_data(as_text=True)


def test_followers_without_a_place_hear_what_there_is_and_come_again(client: FlaskClient) -> None:
    slide = slide_named(client, "A1G6")
    job = client.post("/api/jobs", json={"slide": slide["id"], "priority": "low"}).json["id"]
    with ExitStack() as stack:
        for _ in range(32):
            held = stack.enter_context(client.get(f"/api/jobs/{job}/events"))
            assert b"event: job" in next(held.response)
        told = client.get(f"/api/jobs/{job}/events").text  # which ends by itself
        assert told.startswith("retry: ")
        assert "event: job" in told
        assert client.get(f"/api/jobs/{job}").json["state"] in ("queued", "running")
        client.post(f"/api/jobs/{job}/cancel")
    assert "retry: " not in client.get(f"/api/jobs/{job}/events").text  # there are places again


def test_a_crowd_of_browsers_keeps_its_connections_open(served: Service) -> None:
    address = urlsplit(served.url)
    with ExitStack() as stack:
        for _ in range(200):
            connection = HTTPConnection(address.hostname, address.port, timeout=60)
            stack.callback(connection.close)
            connection.request("GET", "/api/health")
            assert connection.getresponse().read()


def test_its_own_workers_give_way_to_whoever_looks(served: Service) -> None:
    assert served.library.engine.ask(os.nice, 0).result() == min(19, os.nice(0) + 10)


def test_layers_and_outlines_follow_the_threshold(
    client: FlaskClient, done: dict[str, Any]
) -> None:
    tiles = f"/api/runs/{done['run']}/tiles/0/0/0"
    grey = picture(client.get(f"{tiles}?layer=probability&class=tumor").data)
    assert grey.ndim == 2
    assert grey.max() > 200
    shares = []
    for threshold in (0.2, 0.8):
        coloured = picture(client.get(f"{tiles}?layer=class&threshold={threshold}").data)
        assert np.array_equal(coloured[..., 3] > 0, grey >= np.ceil(threshold * 255))
        url = f"/api/runs/{done['run']}/polygons?box={BOX}&threshold={threshold}&class=tumor"
        features = client.get(url).json["features"]
        polygons = [shape(feature["geometry"]) for feature in features]
        assert all(polygon.is_valid for polygon in polygons)
        shares.append(sum(polygon.area for polygon in polygons))
    assert shares[0] > shares[1] > 0
    assert client.get(f"{tiles}?layer=class&threshold=7").status_code == 422
    assert client.get(f"{tiles}?layer=probability&class=nope").status_code == 404


def test_outlines_hold_only_so_many_threads_and_the_rest_is_told_to_come_again(
    client: FlaskClient, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/runs/{done['run']}/polygons?box={BOX}&class=tumor"
    traced = client.get(path).json
    impatient = Admission("outlines", at_once=1, places=2, patience_s=0)
    monkeypatch.setattr(runs, "_TRACING", impatient)
    with impatient.turn():
        waited = client.get(path)
    patient = Admission("outlines", at_once=1, places=2, patience_s=60)
    monkeypatch.setattr(runs, "_TRACING", patient)
    with ThreadPoolExecutor(2) as pool, ExitStack() as held:
        held.enter_context(patient.turn())
        asked = [pool.submit(client.application.test_client().get, path) for _ in range(2)]
        (refused,), (waits,) = wait(asked, return_when=FIRST_COMPLETED)
        held.close()
        crowded = refused.result()
        assert waits.result().json == traced
    for busy in (waited, crowded):
        assert (busy.status_code, busy.mimetype) == (503, "application/problem+json")
        assert busy.json["detail"] == "too many ask for outlines at this moment"
        assert int(busy.headers["Retry-After"]) > 0
    assert client.get(path).json == traced


def test_every_route_is_documented_and_protected(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json")
    rules = client.application.url_map.iter_rules()
    routes = {
        rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}")
        for rule in rules
        if rule.rule.startswith("/api/")
        and rule.endpoint.split(".")[-1] not in ("health", "static")
    }
    assert routes - set(answer.json["paths"]) <= {"/api/", "/api/openapi.json"}
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
