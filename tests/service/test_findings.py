"""What a run is measured to be, where it comes from, and the files that one takes along."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tifffile
from flask.testing import FlaskClient
from shapely.geometry import Point, shape
from sqlalchemy import update
from tests.service.conftest import asked, finished
from tests.support.annotated import GTCODES
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.jobs.job import Failure, Job
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.tables import JobRow
from histoloop.service.app import create_app
from histoloop.service.server import running

DRAWN = "drawnbyada"


@pytest.fixture(scope="module")
def served(
    tissue_slide: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FlaskClient, dict[str, Any]]]:
    """A client and a finished run of a slide that a person has drawn on."""
    home, slides = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("slides")
    shutil.copy(tissue_slide, slides / "case <1> & more.tiff")
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings(slides=slides, home=home, port=0, workers=1)) as service:
        client = create_app(service.library).test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        job = finished(client, asked(client, slide, model="tiny@1", roi=[0, 0, 900, 700])["id"])
        ring = [[100, 100, 0], [300, 100, 0], [300, 200, 0], [100, 200, 0]]
        element = {"type": "polyline", "closed": True, "points": ring, "group": "tumor"}
        document = {"name": "<b>Ada</b>", "attributes": {"annotator": "Ada"}, "elements": [element]}
        (home / "annotations" / slide / f"{DRAWN}.json").write_text(json.dumps(document))
        yield client, client.get(f"/api/runs/{job['run']}").json


def test_areas_are_the_reports_at_its_threshold_and_move_with_it(served) -> None:
    client, run = served
    said = client.get(f"/api/runs/{run['id']}/areas?threshold={run['threshold']}").json
    reported = run["report"]["classes"][0]
    one = said["classes"][0]
    assert one["area_mm2"] == pytest.approx(reported["area_mm2"])
    assert one["share"] == pytest.approx(reported["share"], rel=1e-6)
    assert one["low_mm2"] < one["area_mm2"] < one["high_mm2"]
    looser = client.get(f"/api/runs/{run['id']}/areas?threshold={run['threshold'] - 0.1}").json
    assert looser["classes"][0]["area_mm2"] == pytest.approx(one["high_mm2"])
    assert said["mpp"] == {
        "x": pytest.approx(0.5),
        "y": pytest.approx(0.6),
        "source": "metadata",
    }


def test_a_region_says_what_it_comes_from(served) -> None:
    client, run = served
    box = "0,0,900,700"
    features = client.get(f"/api/runs/{run['id']}/polygons?box={box}&threshold=0.3").json[
        "features"
    ]
    largest = max((shape(one["geometry"]) for one in features), key=lambda one: one.area)
    inside = largest.representative_point()
    said = client.get(f"/api/runs/{run['id']}/region?x={inside.x}&y={inside.y}&threshold=0.3").json
    assert said["region"]["class"] == "tumor"
    assert said["region"]["probability"] > 0.3
    assert said["region"]["area_mm2"] == pytest.approx(largest.area * 0.5 * 0.6 / 1e6, rel=0.15)
    assert shape(said["region"]["geometry"]).covers(Point(inside.x, inside.y))
    assert said["lineage"]["model"] == "tiny@1"
    assert said["lineage"]["digest"] == run["report"]["model"]["digest"]
    nowhere = client.get(f"/api/runs/{run['id']}/region?x=890&y=690&threshold=1").json
    assert nowhere["region"] is None


def test_a_drawn_region_says_who_drew_it(served) -> None:
    client, run = served
    path = f"/api/slides/{run['slide']}/drawn?annotation={DRAWN}"
    said = client.get(f"{path}&x=200&y=150").json
    assert said["region"]["class"] == "tumor"
    assert said["region"]["area_mm2"] == pytest.approx(200 * 100 * 0.5 * 0.6 / 1e6)
    assert said["annotation"]["by"] == "Ada"
    assert client.get(f"{path}&x=10&y=10").json["region"] is None
    assert client.get(f"{path[:-3]}&x=10&y=10").status_code == 404


@pytest.mark.parametrize(
    ("path", "name", "mimetype"),
    [
        ("runs/{run}/annotation.json", "case_1_more-tiny@1.json", "application/json"),
        ("runs/{run}/annotation.geojson", "case_1_more-tiny@1.geojson", "application/geo+json"),
        ("runs/{run}/mask.tiff", "case_1_more-tiny@1.tiff", "image/tiff"),
        ("runs/{run}/report.html", "case_1_more-tiny@1-report.html", "text/html"),
        ("annotations/{drawn}/document.json", "b_Ada_b.json", "application/json"),
        ("annotations/{drawn}/document.geojson", "b_Ada_b.geojson", "application/geo+json"),
    ],
)
def test_files_have_names_that_any_machine_takes(served, path, name, mimetype) -> None:
    client, run = served
    answer = client.get(f"/api/{path.format(run=run['id'], drawn=DRAWN)}")
    assert answer.status_code == 200, answer.json
    assert answer.mimetype == mimetype
    assert f"filename={name}" in answer.headers["Content-Disposition"].replace('"', "")


def test_files_hold_what_the_run_found(served) -> None:
    client, run = served
    path = f"/api/runs/{run['id']}"
    documents = client.get(f"{path}/annotation.json").json
    elements = sum(len(one["elements"]) for one in documents)
    features = json.loads(client.get(f"{path}/annotation.geojson").data)["features"]
    assert len(features) == elements == run["report"]["vectorisation"]["polygons"] > 0
    codes = tifffile.imread(io.BytesIO(client.get(f"{path}/mask.tiff").data))
    assert set(codes.ravel()) == {0, 1}


def test_a_run_that_was_taken_up_again_has_its_files_too(served) -> None:
    client, run = served
    path, library = f"/api/runs/{run['id']}", client.application.extensions["histoloop"]
    job = next(one for one in library.ledger.list() if one.run == run["id"])
    before = [client.get(f"{path}/{name}").status_code for name in ("mask.tiff", "areas")]
    again = replace(job, attempt=job.attempt + 1)
    runs = library.settings.runs
    set_attempt(library.ledger, again)
    (runs / job.folder).rename(runs / again.folder)
    try:
        after = [client.get(f"{path}/{name}").status_code for name in ("mask.tiff", "areas")]
        report = client.get(f"{path}/report.html").get_data(as_text=True)
        said = client.get(f"{path}/areas").json
    finally:
        (runs / again.folder).rename(runs / job.folder)
        set_attempt(library.ledger, job)
    assert before == after == [200, 200]
    assert "has not ended well" not in report
    assert said["share_of"] == "tissue"


def set_attempt(ledger: Ledger, job: Job) -> None:
    with ledger.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(attempt=job.attempt))


def test_the_report_stands_alone_and_takes_names_for_text(served) -> None:
    client, run = served
    answer = client.get(f"/api/runs/{run['id']}/report.html?threshold=0.4")
    text = answer.text
    assert "case &lt;1&gt; &amp; more.tiff" in text
    assert "<1>" not in text
    assert "at threshold 0.40" in text
    assert "research use only" in text
    assert "0.5 × 0.6 µm/px, as the slide's metadata say" in text.replace("&#x27;", "'")
    assert run["report"]["model"]["digest"] in text
    assert 'src="data:image/jpeg;base64,' in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not any(word in text for word in ("<script", "http://", "https://", 'src="/'))


def test_only_runs_that_are_done_are_compared_and_kept_by_a_browser(served) -> None:
    client, run = served
    library = client.application.extensions["histoloop"]
    done = library.ledger.of_run(run["id"])
    stopped = library.ledger.create(done.request, failure=Failure("predict", "s", None, "c", "h"))
    shutil.copytree(library.settings.runs / done.folder, library.settings.runs / stopped.folder)
    for this, other in ((done, stopped), (stopped, done)):
        for path in ("", "/tiles/0/0/0"):
            told = client.get(f"/api/runs/{this.run}/disagreement{path}?run={other.run}")
            assert (told.status_code, told.json["hint"]) == (409, "run it again")
    kept = {
        "tiles/0/0/0": "private, max-age=3600",
        f"disagreement/tiles/0/0/0?run={done.run}": "private, max-age=3600",
        f"disagreement/tiles/0/0/0?annotation={DRAWN}": "no-cache",
    }
    for path, said in kept.items():
        answer = client.get(f"/api/runs/{done.run}/{path}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, said)
    again = client.get(f"/api/runs/{stopped.run}/tiles/0/0/0")
    assert again.headers["Cache-Control"] == "no-cache", "it can be run again"


def test_what_outlines_regions_by_the_table_is_no_tissue_of_a_drawing(served, tmp_path) -> None:
    client, run = served
    library = client.application.extensions["histoloop"]
    codes = tmp_path / "codes.csv"
    codes.write_text(GTCODES.replace("\nroi,", "\ntumor,"))
    said = library.settings.model_copy(update={"retrain_gtcodes": codes})
    told = create_app(replace(library, settings=said)).test_client()
    path = f"/api/runs/{run['id']}/disagreement?annotation={DRAWN}"
    drawn = [one.get(path).json["classes"][0]["other_mm2"] for one in (client, told)]
    assert drawn == [pytest.approx(200 * 100 * 0.5 * 0.6 / 1e6, rel=0.05), 0]
