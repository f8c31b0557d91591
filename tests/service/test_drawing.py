"""Drawing through the service, on a folder of slides: what the viewer relies upon."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.annotated import GTCODES, write_slide
from tests.support.annotated import drawn as drawn_by_people
from tests.support.tiny_model import save_tiny_model

from histoloop.annotations.files import body
from histoloop.config import settings as settings_of
from histoloop.errors import DatasetError
from histoloop.jobs.dataset import DatasetParameters, build_dataset
from histoloop.jobs.retrain_due import due
from histoloop.service.app import create_app
from histoloop.service.server import Service, running

DRAWN = {
    "name": "by hand",
    "elements": [
        {
            "type": "polyline",
            "closed": True,
            "points": [[10, 10, 0], [90, 10, 0], [90, 90, 0]],
            "holes": [[[60, 20, 0], [80, 20, 0], [80, 40, 0]]],
            "id": "0123456789abcdef01234567",
            "group": "tumor",
        }
    ],
}

CODES = """group,overlay_order,GT_code,is_roi,is_background_class,color
roi,0,254,1,0,"rgb(200,0,150)"
tumor,1,1,0,0,"rgb(255,0,0)"
stroma,2,2,0,1,"rgb(255,125,0)"
"""


@pytest.fixture(scope="module")
def service(tissue_slide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home, slides = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("slides")
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings_of(slides=slides, home=home, port=0, workers=1)) as found:
        yield found


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service.library).test_client()


@pytest.fixture
def slide(client: FlaskClient) -> str:
    return str(client.get("/api/slides").json["slides"][0]["id"])


def drawn(client, slide, **changes):
    answer = client.post(f"/api/slides/{slide}/annotations", json={**DRAWN, **changes})
    assert answer.status_code == 201, answer.json
    return answer.json


def put(client, one, version, **changes):
    headers = {"If-Match": f'"{version}"'}
    return client.put(f"/api/annotations/{one['id']}", json={**DRAWN, **changes}, headers=headers)


def test_a_drawing_goes_through_its_life(client, slide, service):
    answer = client.post(f"/api/slides/{slide}/annotations", json=DRAWN)
    assert answer.status_code == 201
    first = answer.json
    assert answer.headers["ETag"] == f'"{first["version"]}"'
    assert (first["editable"], first["mine"], first["elements_count"]) == (True, True, 1)
    listed = client.get(f"/api/slides/{slide}/annotations").json["annotations"]
    assert first in listed

    shown = client.get(f"/api/annotations/{first['id']}")
    assert shown.headers["ETag"] == answer.headers["ETag"]
    added = {"version": first["version"], "editable": True}
    assert shown.json == {**DRAWN, **added}

    second = put(client, first, first["version"], name="anew")
    assert second.status_code == 200
    assert second.headers["ETag"] == f'"{second.json["version"]}"'
    assert second.json["name"] == "anew"
    lost = put(client, first, first["version"], name="too late")
    assert lost.status_code == 412
    assert lost.mimetype == "application/problem+json"
    assert lost.json["current"] == second.json
    assert "since you opened it" in lost.json["detail"]

    versions = client.get(f"/api/annotations/{first['id']}/versions").json
    assert [one["version"] for one in versions] == [second.json["version"], first["version"]]
    assert [one["current"] for one in versions] == [True, False]
    old = client.get(f"/api/annotations/{first['id']}/versions/{first['version']}").json
    assert old["elements"] == DRAWN["elements"]

    tag = {"If-Match": second.headers["ETag"]}
    path = f"/api/annotations/{first['id']}"
    third = client.post(f"{path}/versions/{first['version']}/restore", headers=tag)
    assert (third.status_code, third.json["name"]) == (200, "by hand")
    tag = {"If-Match": third.headers["ETag"]}
    gone = client.delete(path, headers=tag)
    assert (gone.status_code, gone.data) == (204, b"")
    assert client.get(path).status_code == 404
    deleted = client.get(f"/api/slides/{slide}/annotations?deleted=true").json["annotations"]
    assert first["id"] in {one["id"] for one in deleted}
    back = client.post(
        f"{path}/versions/{second.json['version']}/restore", headers={"If-Match": "*"}
    )
    assert (back.status_code, back.json["name"]) == (200, "anew")
    news = service.library.ledger.annotation_news(slide)
    assert len([one for one in news if one.annotation == first["id"]]) == 4


def test_what_was_read_can_be_sent_back(client, slide):
    one = drawn(client, slide)
    shown = client.get(f"/api/annotations/{one['id']}")
    tag = {"If-Match": shown.headers["ETag"]}
    answer = client.put(f"/api/annotations/{one['id']}", json=shown.json, headers=tag)
    assert answer.status_code == 200
    assert answer.json["version"] != one["version"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"If-Match": ""}, {"If-Match": "*"}])
def test_who_does_not_say_which_version_changes_nothing(client, slide, method, headers):
    one = drawn(client, slide)
    body = DRAWN if method == "PUT" else None
    path = f"/api/annotations/{one['id']}"
    answer = client.open(path, method=method, json=body, headers=headers)
    assert answer.status_code == 428
    assert "If-Match" in answer.json["detail"] + answer.json["hint"]
    assert client.get(path).json["version"] == one["version"]


def test_a_model_s_layer_is_refused_with_the_way_out(client, slide, service):
    layer = {**DRAWN, "attributes": {"run": "r1", "model": "tiny@1", "software": "HistoLoop 1"}}
    store = service.library.settings.annotations / slide
    store.mkdir(parents=True, exist_ok=True)
    (store / "layer.json").write_text(json.dumps(layer))
    shown = client.get("/api/annotations/layer").json
    assert shown["editable"] is False
    answer = put(client, {"id": "layer"}, shown["version"])
    assert answer.status_code == 409
    assert "copy" in answer.json["hint"]
    assert client.post(f"/api/slides/{slide}/annotations", json=layer).status_code == 422
    assert json.loads((store / "layer.json").read_text()) == layer


def test_a_larger_body_than_others_is_taken_and_a_huge_one_refused(client, slide, monkeypatch):
    many = [{**DRAWN["elements"][0], "id": f"{n:024x}"} for n in range(6000)]
    assert len(json.dumps(many)) > 2**20
    assert drawn(client, slide, elements=many)["elements_count"] == 6000
    other = client.post("/api/jobs", json={"slide": slide, "elements": many})
    assert other.status_code == 413
    monkeypatch.setattr("histoloop.service.annotations.LARGEST_DOCUMENT", 2**20)
    refused = client.post(f"/api/slides/{slide}/annotations", json={**DRAWN, "elements": many})
    assert refused.status_code == 413
    assert refused.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"{}"',
        b'{"name": "x", "elements": [{"type": "point", "center": [NaN, 1, 0]}]}',
        b'{"name": "x", "elements": [{"type": "point", "center": [1e999, 1, 0]}]}',
        b'{"name": "x", "elements": [], "atributes": {}}',
        b'{"name": "x", "elements": {}}',
        b'{"elements": []}',
        b'{"name": "x", "elements": [' + b"[" * 2000 + b"]" * 2000 + b"]}",
    ],
)
def test_nonsense_is_one_clear_problem(client, slide, body):
    answer = client.post(
        f"/api/slides/{slide}/annotations", data=body, content_type="application/json"
    )
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"]


def test_another_page_cannot_draw(client, slide):
    one = drawn(client, slide)
    path = f"/api/annotations/{one['id']}"
    foreign = {"Origin": "https://elsewhere.example", "If-Match": f'"{one["version"]}"'}
    for method, where in (("POST", f"/api/slides/{slide}/annotations"), ("PUT", path)):
        assert client.open(where, method=method, json=DRAWN, headers=foreign).status_code == 403
    assert client.delete(path, headers=foreign).status_code == 403
    restored = f"{path}/versions/{one['version']}/restore"
    assert client.post(restored, headers=foreign).status_code == 403
    assert client.get(path).json["version"] == one["version"]


def test_a_ledger_that_fails_makes_no_lie_of_what_is_stored(client, slide, service):
    """The viewer would draw it a second time: it takes an error for its word."""
    where, before = f"/api/slides/{slide}/annotations", listed(client, slide)
    ledger = closing(sqlite3.connect(service.library.settings.ledger_file, timeout=30))
    with ledger as database:
        database.execute("ALTER TABLE annotation_news RENAME TO away")
        try:
            made = client.post(where, json=DRAWN)
            assert made.status_code == 201
            own, seen = f"/api/annotations/{made.json['id']}", {"If-Match": made.headers["ETag"]}
            assert client.put(own, json=DRAWN | {"name": "b"}, headers=seen).status_code == 200
        finally:
            database.execute("ALTER TABLE away RENAME TO annotation_news")
    assert len(listed(client, slide)) == len(before) + 1
    assert client.get(own).json["name"] == "b"


def listed(client: FlaskClient, slide: str) -> list[dict[str, Any]]:
    return list(client.get(f"/api/slides/{slide}/annotations").json["annotations"])


def test_an_unknown_slide_takes_no_drawing(client):
    assert client.post("/api/slides/nothing/annotations", json=DRAWN).status_code == 404


def test_the_classes_are_those_of_the_table_else_the_model_s(client, service, tmp_path):
    own = client.get("/api/classes").json
    assert own
    assert {"name", "code", "colour", "is_roi", "is_background"} == set(own[0])
    table = tmp_path / "codes.csv"
    table.write_text(CODES)
    told = service.library.settings.model_copy(update={"retrain_gtcodes": table})
    library = type(service.library)(told, service.library.ledger, service.library.engine)
    found = create_app(library).test_client().get("/api/classes").json
    assert [(one["name"], one["code"], one["colour"]) for one in found] == [
        ("roi", 254, "#c80096"),
        ("tumor", 1, "#ff0000"),
        ("stroma", 2, "#ff7d00"),
    ]
    assert [one["is_roi"] for one in found] == [True, False, False]


def test_what_is_drawn_is_learnt_from_and_enough_of_it_starts_a_retraining(tmp_path):
    """On the slides of the service's own folder; a deleted drawing teaches nothing."""
    slides = tmp_path / "slides"
    slides.mkdir()
    for number in range(3):
        write_slide(slides / f"TCGA-A2-A0A{number}-01Z-00-DX1.tiff", number)
    (tmp_path / "codes.csv").write_text(GTCODES)
    told = settings_of(
        slides=slides,
        home=tmp_path / "home",
        port=0,
        workers=1,
        retrain_gtcodes=tmp_path / "codes.csv",
        retrain_after=3,
        retrain_quiet_s=60,
    )
    with running(told) as service:
        client = create_app(service.library).test_client()
        listed = client.get("/api/slides").json["slides"]
        made = [drawn(client, one["id"], **drawing) for one in listed for drawing in ours()]
        soon = datetime.now(UTC) + timedelta(seconds=61)
        assert len(made) >= 3
        assert due(told, service.library.ledger, soon) is not None
        gone = client.delete(
            f"/api/annotations/{made[-1]['id']}", headers={"If-Match": f'"{made[-1]["version"]}"'}
        )
        assert gone.status_code == 204
    parameters = DatasetParameters(str(slides), tmp_path / "codes.csv", tmp_path / "snapshot")
    built = build_dataset(parameters, told, lambda line: None).snapshot
    learnt = {one.id for roi in built.rois for one in roi.annotations}
    assert learnt == {one["id"] for one in made[:-1]}
    elsewhere = settings_of(slides=tmp_path, home=tmp_path / "home")
    with pytest.raises(DatasetError, match="no slide has an ROI"):
        build_dataset(replace(parameters, out=tmp_path / "other"), elsewhere, lambda line: None)


def ours() -> list[dict[str, object]]:
    """What people draw on a slide, without what says who they are."""
    return [{"name": "mine", "elements": body(one)["elements"]} for one in drawn_by_people()]


def test_who_draws_where_nobody_signs_in_is_named_and_stays_so(
    service: Service, tmp_path: Path
) -> None:
    said = service.library.settings.model_copy(update={"annotator": "Ada <b>", "home": tmp_path})
    client = create_app(replace(service.library, settings=said)).test_client()
    slide = client.get("/api/slides").json["slides"][0]["id"]
    made = client.post(f"/api/slides/{slide}/annotations", json=DRAWN).json
    assert made["by"] == "Ada <b>"
    path = f"/api/annotations/{made['id']}"
    again = {**DRAWN, "attributes": {"drawn_in_histoloop": "c"}}
    client.put(path, json=again, headers={"If-Match": f'"{made["version"]}"'})
    kept = client.get(path).json["attributes"]
    assert kept == {"drawn_in_histoloop": "c", "annotator": "Ada <b>"}
    found = client.get(f"/api/slides/{slide}/drawn?x=85&y=80&annotation={made['id']}").json
    assert found["annotation"]["by"] == "Ada <b>"
    other = {**DRAWN, "attributes": {"annotator": "Bert"}}
    assert client.post(f"/api/slides/{slide}/annotations", json=other).json["by"] == "Bert"
