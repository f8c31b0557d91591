"""A copy of the home folder is a whole service."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from tests.service.conftest import asked, finished
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.service.app import create_app
from histoloop.service.server import running


def test_a_copy_made_while_it_runs_has_jobs_results_and_annotations(
    tissue_slide: Path, tmp_path: Path
) -> None:
    home, kept, slides = tmp_path / "home", tmp_path / "kept", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings(slides=slides, home=home, port=0, workers=1)) as service:
        client = create_app(service.library).test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        job = finished(client, asked(client, slide, model="tiny@1", roi=[0, 0, 900, 700])["id"])
        assert job["state"] == "done"
        before = seen(client, slide, job)
        kept.mkdir()
        with sqlite3.connect(home / "ledger.sqlite") as ledger:  # what `.backup` does
            ledger.backup(sqlite3.connect(kept / "ledger.sqlite"))
        left_out = shutil.ignore_patterns("cache", "ledger.sqlite*")
        shutil.copytree(home, kept, ignore=left_out, dirs_exist_ok=True)
    shutil.rmtree(home)
    with running(settings(slides=slides, home=kept, port=0, workers=1)) as service:
        client = create_app(service.library).test_client()
        assert seen(client, slide, job) == before
        again = asked(client, slide, model="tiny@1", roi=[0, 0, 900, 700])
        assert finished(client, again["id"])["state"] == "done"


def seen(client, slide, job):
    """What people see of a job."""
    documents = client.get(f"/api/slides/{slide}/annotations").json["annotations"]
    return (
        client.get(f"/api/jobs/{job['id']}").json,
        client.get(f"/api/runs/{job['run']}").json,
        client.get(f"/api/runs/{job['run']}/tiles/0/0/0").data,
        [client.get(f"/api/annotations/{one['id']}").json for one in documents],
        [one["reference"] for one in client.get("/api/models").json["models"]],
    )
