"""Retraining as a job: beside everything else, stopped, killed, and started by new drawings."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask.testing import FlaskClient
from tests.support.annotated import GTCODES
from tests.support.discs import NAME, train_base, write_data, write_patient

from histoloop.config import Settings, settings
from histoloop.jobs.job import JobState, RetrainRequest, SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.retrain_due import due
from histoloop.models.registry import ModelRegistry
from histoloop.service.app import create_app
from histoloop.service.server import Service, running


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """`discs@1` in a home, and slides of three patients with a tumour drawn on each."""
    folder = tmp_path_factory.mktemp("place")
    train_base(folder / "home", write_data(folder / "data", {"train": [0, 1]}))
    (folder / "codes.csv").write_text(GTCODES)
    for number in range(3):
        write_patient(folder / "slides", number)
    return folder


@pytest.fixture
def said(place, tmp_path) -> Settings:
    shutil.copytree(place / "home", tmp_path / "home")
    return settings(
        home=tmp_path / "home",
        slides=place / "slides",
        retrain_gtcodes=place / "codes.csv",
        retrain_model=NAME,
        retrain_epochs=4,
        retrain_steps=25,
        port=0,
        workers=1,
    )


@pytest.fixture
def served(said) -> Iterator[Service]:
    with running(said) as service:
        yield service


@pytest.fixture
def client(served) -> FlaskClient:
    return create_app(served.library).test_client()


def asked(client: FlaskClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/jobs", json={"kind": "retrain", "model": NAME} | more)
    assert answer.status_code == 202, answer.json
    return dict(answer.json)


def until(
    client: FlaskClient, job: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 480
) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = client.get(f"/api/jobs/{job}").json
        if holds(found):
            return dict(found)
        assert found["state"] in ("queued", "running"), found
        time.sleep(0.1)
    pytest.fail("it does not come to that")


def ended(job: dict[str, Any]) -> bool:
    return job["state"] not in ("queued", "running")


def training(job: dict[str, Any]) -> bool:
    progress = job["progress"]
    return job["state"] == "running" and progress["stage"] == "train" and progress["done"] > 0


def trainer() -> int:
    """The one process of ours that trains."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # another one, which has ended meanwhile
            if "histoloop.jobs.retrain_process" in one.cmdline():
                found.append(one.pid)
    (only,) = found
    return only


def test_a_model_is_retrained_while_slides_are_segmented(client, said):
    job = asked(client)
    assert (job["kind"], job["why"], job["verdict"]) == ("retrain", "asked for in the viewer", None)
    again = client.post("/api/jobs", json={"kind": "retrain", "model": NAME})
    assert again.status_code == 409
    assert "is being retrained already" in again.json["detail"]
    until(client, job["id"], training)
    trains = psutil.Process(trainer())
    assert os.getpriority(os.PRIO_PROCESS, trains.pid) >= 10
    slide = client.get("/api/slides").json["slides"][0]["id"]
    body = {"slide": slide, "model": NAME}
    trains.suspend()  # so that it is not the faster one
    try:
        beside = client.post("/api/jobs", json=body).json
        assert until(client, beside["id"], ended)["state"] == "done"
        assert client.get(f"/api/jobs/{job['id']}").json["state"] == "running", "it blocks nobody"
    finally:
        trains.resume()
    done = until(client, job["id"], ended)
    assert done["state"] == "done", done["failure"]
    assert done["candidate"] == "discs@2"
    assert done["promoted"] is True
    assert done["verdict"].startswith(done["headline"])
    assert done["headline"].startswith("promoted discs@2 over discs@1: tumor ")
    assert "too few for an interval" in done["caveats"][0]
    models = {one["reference"]: one for one in client.get("/api/models").json["models"]}
    assert models["discs@2"]["tags"] == ["active"]
    assert client.post("/api/jobs", json=body).json["model"] == "discs@2", "the next job uses it"
    kinds = {one["kind"] for one in client.get("/api/jobs?kind=retrain").json["jobs"]}
    assert kinds == {"retrain"}
    assert len(client.get("/api/runs").json["runs"]) == 2, "no run of a slide"
    assert client.get(f"/api/runs/{done['run']}").status_code == 404
    events = client.get(f"/api/jobs/{job['id']}/events").text
    assert '"verdict": "promoted discs@2 over discs@1' in events


def test_one_that_was_killed_says_so_and_goes_on_when_it_is_run_again(client):
    job = asked(client)
    until(client, job["id"], training)
    os.kill(trainer(), signal.SIGKILL)
    failed = until(client, job["id"], ended)
    assert failed["state"] == "failed"
    assert "ended unasked (status -9)" in failed["failure"]["cause"]
    assert client.post(f"/api/jobs/{job['id']}/retry").status_code == 202
    again = until(client, job["id"], training)
    assert again["progress"]["done"] > 1, "not from the beginning"
    assert client.post(f"/api/jobs/{job['id']}/cancel").status_code == 202
    assert until(client, job["id"], ended)["state"] == "cancelled"


def test_it_ends_with_the_service_and_goes_on_with_the_next_one(said):
    with running(said) as service:
        client = create_app(service.library).test_client()
        job = asked(client)
        until(client, job["id"], training)
        trained = psutil.Process(trainer())
    with suppress(psutil.NoSuchProcess):
        trained.wait(120)
    with running(said) as service:
        client = create_app(service.library).test_client()
        until(client, job["id"], training)
        client.post(f"/api/jobs/{job['id']}/cancel")
        assert until(client, job["id"], ended)["state"] == "cancelled"
    assert [one.card.version for one in ModelRegistry(said.home).list() if one.card.name == NAME]


@pytest.mark.parametrize(
    ("body", "status", "said_why"),
    [
        ({"model": "nobody"}, 404, "no model is called 'nobody'"),
        ({"model": "discs@1"}, 404, "without a version"),
        ({"kind": "paint"}, 422, "kind"),
    ],
)
def test_what_is_impossible_is_refused_at_once(client, body, status, said_why):
    answer = client.post("/api/jobs", json={"kind": "retrain", "model": NAME} | body)
    assert answer.status_code == status
    assert said_why in answer.text


def test_a_service_that_is_not_told_what_annotations_mean_cannot_retrain(said):
    with running(said.model_copy(update={"retrain_gtcodes": None})) as service:
        client = create_app(service.library).test_client()
        answer = client.post("/api/jobs", json={"kind": "retrain", "model": NAME})
    assert answer.status_code == 400
    assert "HISTOLOOP_RETRAIN_GTCODES" in answer.json["hint"]


class TestByItself:
    """After enough new annotations, and a pause."""

    @pytest.fixture
    def ledger(self, said) -> Ledger:
        return Ledger(said.ledger_url)

    @pytest.fixture
    def wanted(self, said) -> Settings:
        return said.model_copy(update={"retrain_after": 2, "retrain_quiet_s": 60.0})

    def later(self, seconds: float = 61) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=seconds)

    def draw(self, ledger: Ledger, *annotations: str) -> None:
        for one in annotations:
            ledger.add_annotation_news("item", one, "ada")

    def test_enough_of_them_and_a_pause_start_one(self, wanted, ledger):
        assert due(wanted, ledger, self.later()) is None
        self.draw(ledger, "a", "b")
        assert due(wanted, ledger, self.later(1)) is None, "somebody is drawing"
        assert due(wanted, ledger, self.later()) == RetrainRequest(NAME, why="2 new annotations")

    def test_one_that_is_saved_again_and_again_counts_once(self, wanted, ledger):
        self.draw(ledger, "a", "a", "a")
        assert due(wanted, ledger, self.later()) is None

    def test_only_what_was_drawn_since_the_last_one_counts(self, wanted, ledger):
        self.draw(ledger, "a", "b", "c")
        job = ledger.create(RetrainRequest(NAME))
        assert due(wanted, ledger, self.later()) is None, "one is going on"
        ledger.move(job.id, JobState.RUNNING)
        ledger.move(job.id, JobState.DONE)
        assert due(wanted, ledger, self.later()) is None
        self.draw(ledger, "a", "d")
        assert due(wanted, ledger, self.later())
        ledger.create(SegmentRequest("s", "s.svs", "m@1", None, 0.5))
        assert due(wanted, ledger, self.later()), "a segmentation is no retraining"

    def test_none_starts_unless_it_is_wanted_and_told_how(self, wanted, ledger):
        self.draw(ledger, "a", "b", "c")
        for change in ({"retrain_after": 0}, {"retrain_gtcodes": None}):
            assert due(wanted.model_copy(update=change), ledger, self.later()) is None

    def test_the_service_starts_it(self, said, ledger, monkeypatch):
        monkeypatch.setattr("histoloop.jobs.engine._WATCH_S", 0.1)
        self.draw(ledger, "a", "b")
        wanted = said.model_copy(update={"retrain_after": 2, "retrain_quiet_s": 0.0})
        with running(wanted) as service:
            client = create_app(service.library).test_client()
            end = time.monotonic() + 120
            while not (found := client.get("/api/jobs?kind=retrain").json["jobs"]):
                assert time.monotonic() < end
                time.sleep(0.1)
            assert found[0]["why"] == "2 new annotations"
            client.post(f"/api/jobs/{found[0]['id']}/cancel")
            until(client, found[0]["id"], ended)
            time.sleep(0.5)
            assert len(client.get("/api/jobs?kind=retrain").json["jobs"]) == 1
