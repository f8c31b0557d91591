"""A run that was put away: what the service says of it, and that it comes back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.test_bad_input import run
from tests.service.conftest import asked, finished
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.jobs.retention import prune
from histoloop.service.app import create_app
from histoloop.service.server import Service, running

ROI = [0, 0, 900, 700]


@pytest.fixture
def service(tissue_slide: Path, tmp_path: Path) -> Iterator[Service]:
    home, slides = tmp_path / "home", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings(slides=slides, home=home, port=0, workers=1)) as served:
        yield served


def test_it_is_said_to_be_gone_and_comes_back_when_it_is_run_again(service: Service) -> None:
    library = service.library
    client = create_app(library).test_client()
    slide = client.get("/api/slides").json["slides"][0]["id"]
    job = finished(client, asked(client, slide, model="tiny@1", roi=ROI)["id"])
    first = f"/api/runs/{job['run']}"
    tile = client.get(f"{first}/tiles/0/0/0").data
    layers = client.get(f"/api/slides/{slide}/annotations").json["annotations"]
    looked = library.ledger.get(job["id"]).looked_at
    assert looked is not None
    home = ("--home", library.settings.home)
    assert client.put(f"{first}/kept", json={"kept": True}).json["kept"]["by"] == ""
    listed = run("runs", "list", *home).stdout
    assert f"{job['run']}\t" in listed
    assert "is kept" in listed
    assert prune(library.settings, library.ledger, timedelta(0)) == []
    assert client.put(f"{first}/kept", json={"kept": False}).json["kept"] is None
    for options, words in ((("--dry-run",), "1 would be put away"), ((), "1 put away")):
        done = run("runs", "prune", "--older-than", 0, *options, *home)
        assert words in done.stdout, done.stderr
    gone = [
        *("", "/tiles/0/0/0", "/polygons?box=0,0,9,9", "/areas", "/region?x=9&y=9", "/mask.tiff"),
        *(
            "/annotation.json",
            "/annotation.geojson",
            "/report.html",
            f"/disagreement?run={job['run']}",
        ),
    ]
    for path in gone:
        answer = client.get(first + path)
        assert (answer.status_code, answer.mimetype) == (410, "application/problem+json"), path
        assert "was put away on 20" in answer.json["detail"]
        assert "not looked at for 0 hours" in answer.json["detail"]
        assert "run it again" in answer.json["hint"]
    assert client.put(f"{first}/kept", json={"kept": True}).status_code == 410
    said = client.get(f"/api/jobs/{job['id']}").json["put_away"]
    assert said["why"] == "not looked at for 0 hours"
    assert client.get("/api/runs").json["runs"][0]["put_away"] == said
    assert not any(library.settings.runs.iterdir())
    assert client.get(f"/api/slides/{slide}/annotations").json["annotations"] == layers
    assert client.post(f"/api/jobs/{job['id']}/retry").status_code == 202
    again = finished(client, job["id"])
    assert (again["state"], again["put_away"], again["run"]) == ("done", None, job["run"])
    assert client.get(f"{first}/tiles/0/0/0").data == tile
    after = client.get(f"/api/slides/{slide}/annotations").json["annotations"]
    assert len(after) == len(layers), "the same layers, no second ones"
    library.housekeeper.round()
    metrics = client.get("/api/metrics").text
    assert "histoloop_runs_put_away_total 0.0" in metrics
    assert "histoloop_runs_bytes 0.0" not in metrics


def test_a_slip_in_the_home_is_told_and_makes_none(tmp_path: Path) -> None:
    done = run("runs", "prune", "--older-than", 1, "--home", tmp_path / "slip")
    assert done.returncode == 1
    assert "there are no runs" in done.stderr
    assert not (tmp_path / "slip").exists()
    assert run("runs", "prune", "--home", tmp_path).returncode == 2
