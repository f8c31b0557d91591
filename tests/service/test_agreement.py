"""`/api/agreement`: reports that are kept, and one that is made on demand."""

from __future__ import annotations

import time

import pytest
from tests.support.annotated import ROI
from tests.support.snapshots import FIRST, annotated_settings

from histoloop.jobs.engine import Engine
from histoloop.jobs.ledger import Ledger
from histoloop.service.app import create_app
from histoloop.service.library import Library


@pytest.fixture
def client(tmp_path):
    said = annotated_settings(tmp_path)
    ledger = Ledger(said.ledger_url)
    return create_app(Library(said, ledger, Engine(said, ledger))).test_client()


def made(client):
    """Of a report that is being made: what becomes of it."""
    assert client.post("/api/agreement").status_code == 202
    end = time.monotonic() + 240
    while (told := client.get("/api/agreement").json)["making"]["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.05)
    return told


def test_a_report_is_made_on_demand_and_kept(client):
    nothing = {"agreements": [], "making": None, "missing": None}
    assert client.get("/api/agreement").json == nothing
    told = made(client)
    assert told["making"]["state"] == "done", told
    (kept,) = told["agreements"]
    assert (kept["regions_count"], kept["annotators_count"]) == (1, 3)
    found = client.get(f"/api/agreement/{kept['name']}").json
    assert {one["name"] for one in found["annotators"]} == {"anna", "bert", "carl"}
    assert len(found["pairs"]) == 3
    assert (found["alone"], found["against"]) == (1, "majority")
    people = [one["dice"]["tumor"] for one in found["annotators"]]
    assert found["ceiling"]["tumor"]["people"] == 3
    assert found["ceiling"]["tumor"]["dice"] == pytest.approx(sum(people) / 3)
    assert min(people) < 1
    (region,) = found["regions"]
    assert 0 < region["disputed"] < 1
    assert region["box"] == list(ROI)
    slide = client.get(f"/api/slides/{region['slide']['id']}").json
    assert slide["name"] == region["slide"]["name"] == f"{FIRST}.tiff"
    picture = client.get(region["picture"])
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    # The bundled model was not evaluated here: that is said, and no figure is made up.
    assert found["model"]["dice"] == {}
    assert "tumor" in found["model"]["classes"]


def test_what_cannot_be_compared_is_said_and_leaves_nothing(client, tmp_path):
    (tmp_path / "slides" / f"{FIRST}.json").unlink()
    told = made(client)
    assert told["making"]["state"] == "failed"
    assert "no ROI has two annotators" in told["making"]["failure"]
    assert told["agreements"] == []
    assert not any((tmp_path / "home").glob("agreement/*"))


@pytest.mark.parametrize("path", ["nope", "nope/regions/1/picture"])
def test_what_is_not_there_is_a_problem(client, path):
    answer = client.get(f"/api/agreement/{path}")
    assert answer.status_code == 404
    assert "no agreement 'nope'" in answer.json["detail"]
