"""`/api/datasets`: which snapshots there are, and what is shown of them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from tests.support.annotated import ROI, TUMOR
from tests.support.snapshots import FIRST, SECOND, write_annotated, write_snapshot

from histoloop.config import settings
from histoloop.jobs.engine import Engine
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.retrain_record import RetrainRecord, write_record
from histoloop.service.app import create_app
from histoloop.service.library import Library
from histoloop.training.snapshot import MANIFEST, Snapshot


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Snapshot]:
    """A folder with ``slides``, and with ``home/datasets/pilot``."""
    folder = tmp_path_factory.mktemp("built")
    write_annotated(folder / "slides")
    snapshot = write_snapshot(folder / "slides", folder / "home" / "datasets" / "pilot")
    return folder, snapshot


@pytest.fixture
def place(built, tmp_path) -> Path:
    """A copy to do things to."""
    shutil.copytree(built[0] / "home", tmp_path / "home")
    return tmp_path


@pytest.fixture
def client(built, place) -> FlaskClient:
    said = settings(home=place / "home", slides=built[0] / "slides")
    ledger = Ledger(said.ledger_url)
    return create_app(Library(said, ledger, Engine(said, ledger))).test_client()


def test_a_snapshot_is_listed_with_what_it_is_made_of(client, built):
    listed = client.get("/api/datasets").json
    (one,) = listed["datasets"]
    assert listed["broken"] == []
    assert one["made"]
    assert {key: value for key, value in one.items() if key != "made"} == {
        "digest": built[1].digest,
        "name": "pilot",
        "regions": {"train": 1, "valid": 0, "test": 1},
        "slides": 2,
        "patients": 2,
        "classes": [
            {"name": "tumor", "color": "#ff0000"},
            {"name": "stroma", "color": "#ff7d00"},
        ],
        "background": "stroma",
        "consensus": "majority",
        "split": "patient",
        "annotators": ["anna", "bert", "carl"],
    }


def test_each_region_says_who_labelled_what_and_where_it_lies(client, built):
    shown = client.get(f"/api/datasets/{built[1].digest}").json
    first, second = shown["rois"]
    assert (first["split"], second["split"]) == ("train", "test")
    assert (first["patient"], second["patient"]) == ("one", "two")
    assert first["annotators"] == ["anna", "bert", "carl"]
    assert first["consensus"] == "majority"
    assert second["consensus"] == "reviewed", "one annotator makes no majority"
    assert first["box"] == second["box"] == list(ROI)
    assert first["pixels"] == {
        "classes": {"tumor": TUMOR.area, "stroma": ROI.area - TUMOR.area},
        "none": 0,
        "ignored": 0,
    }
    assert second["pixels"]["none"] == TUMOR.area, "excluded: of no class"
    names = {one["name"]: one["id"] for one in client.get("/api/slides").json["slides"]}
    assert first["slide"]["id"] == names[f"{FIRST}.tiff"]
    assert second["slide"]["id"] == names[f"{SECOND}.tiff"]
    slide = client.get(f"/api/slides/{first['slide']['id']}").json
    assert first["slide"]["fingerprint"] == slide["fingerprint"]


def test_the_picture_is_the_one_of_the_region(client, built):
    for roi in client.get(f"/api/datasets/{built[1].digest}").json["rois"]:
        answer = client.get(roi["preview"])
        assert answer.mimetype == "image/png"
        assert "immutable" in answer.headers["Cache-Control"]
        pixels = np.asarray(Image.open(io.BytesIO(answer.data)))
        assert pixels.shape == (ROI.height, 2 * ROI.width + 8, 3)


def test_what_is_not_there_is_a_problem(client, built, place):
    digest = built[1].digest
    for path in ("nope", "nope/previews/x", f"{digest}/previews/nope", f"{digest}/previews/.."):
        answer = client.get(f"/api/datasets/{path}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
    name = built[1].rois[0].name
    (place / "home" / "datasets" / "pilot" / "train" / "previews" / f"{name}.png").unlink()
    answer = client.get(f"/api/datasets/{digest}/previews/{name}")
    assert answer.status_code == 404
    assert "build it again" in answer.json["hint"]


def test_those_of_retrainings_are_there_and_one_that_is_there_twice_counts_once(client, place):
    home = place / "home"
    (only,) = client.get("/api/datasets").json["datasets"]
    shutil.copytree(home / "datasets" / "pilot", home / "datasets" / "copy")
    assert client.get("/api/datasets").json["datasets"] == [only]
    shutil.rmtree(home / "datasets" / "copy")
    (home / "runs" / "r1").mkdir(parents=True)
    (home / "datasets" / "pilot").rename(home / "runs" / "r1" / "snapshot")
    assert client.get("/api/datasets").json["datasets"][0]["name"] == "run r1"
    record = RetrainRecord(
        base="tumor@1", base_digest="", from_scratch=False, version=2, by="", started=""
    )
    write_record(home / "runs" / "r1", record)
    assert client.get("/api/datasets").json["datasets"][0]["name"] == "retraining of tumor@1"


def test_what_was_changed_or_is_half_built_is_not_shown_as_one(client, place):
    folder = place / "home" / "datasets"
    shutil.copytree(folder / "pilot", folder / ".next.1a2b.partial")
    manifest = folder / "pilot" / MANIFEST
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"anna"', '"somebody"'))
    listed = client.get("/api/datasets").json
    assert listed["datasets"] == []
    (broken,) = listed["broken"]
    assert "was changed after it was built" in broken["detail"]


def test_a_home_without_any_says_so(built, tmp_path):
    said = settings(home=tmp_path / "new", slides=built[0] / "slides")
    ledger = Ledger(said.ledger_url)
    new = create_app(Library(said, ledger, Engine(said, ledger))).test_client()
    assert new.get("/api/datasets").json == {"datasets": [], "broken": []}


def test_the_schema_names_the_routes(client):
    paths = client.get("/api/openapi.json").json["paths"]
    for path in ("", "/{digest}", "/{digest}/previews/{name}"):
        assert paths[f"/api/datasets{path}"]["get"]["tags"] == ["datasets"]
