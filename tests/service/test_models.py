"""`/api/models`: what is told of a version, and which one is used."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from tests.support.discs import NAME
from tests.support.gated import write_gated

from histoloop.config import settings
from histoloop.jobs.engine import Engine
from histoloop.jobs.kept_evaluation import evaluation_folder
from histoloop.jobs.ledger import Ledger
from histoloop.models.registry import ModelRegistry
from histoloop.service.app import create_app
from histoloop.service.library import Library
from histoloop.training.gate_decision import Decision


@pytest.fixture(scope="module")
def gated(tmp_path_factory) -> tuple[Path, Decision]:
    folder = tmp_path_factory.mktemp("gated")
    (folder / "slides").mkdir()
    return folder, write_gated(folder)


@pytest.fixture
def home(gated, tmp_path) -> Path:
    """A copy to do things to."""
    return Path(shutil.copytree(gated[0] / "home", tmp_path / "home"))


@pytest.fixture
def client(gated, home) -> FlaskClient:
    said = settings(home=home, slides=gated[0] / "slides")
    ledger = Ledger(said.ledger_url)
    return create_app(Library(said, ledger, Engine(said, ledger))).test_client()


def test_a_version_tells_where_it_comes_from_and_what_the_gate_said(client, gated):
    shown = client.get(f"/api/models/{NAME}@2").json
    assert shown["active"] == f"{NAME}@1"
    assert shown["rollback"] is None
    assert shown["changeable"] is True
    assert shown["limited"] is False
    assert [one["what"] for one in shown["history"]] == ["kept", "added"]
    assert shown["history"][1]["by"] == "anna"
    assert shown["history"][0]["why"] == gated[1].words
    gate = shown["gate"]
    assert gate["promoted"] is False
    assert gate["headline"].startswith(f"kept {NAME}@1, not {NAME}@2")
    (judged,) = gate["classes"]
    assert judged["mean"]["challenger"] == gated[1].classes[0].mean.challenger
    assert len(judged["slides"]) == 2
    assert client.get(f"/api/models/{NAME}@1").json["gate"] is None


def test_how_it_did_on_each_picture_is_kept_with_pictures_of_its_errors(client, gated):
    found = client.get(f"/api/models/{NAME}@2").json["evaluation"]
    assert found["patients"] == 2
    by_gate = {one.slide: one.dice.challenger for one in gated[1].classes[0].slides}
    told = {one["name"]: one["dice"]["tumor"] for one in found["slides"]}
    assert told == pytest.approx(by_gate)
    (judged,) = found["classes"]
    assert judged["pooled"]["dice"] == pytest.approx(gated[1].classes[0].pooled.challenger)
    assert judged["dice_interval"]["words"]
    assert found["gallery"]
    answer = client.get(found["gallery"][0])
    assert answer.mimetype == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (3 * 256 + 2 * 8, 128)
    missing = client.get(f"/api/models/{NAME}@2/gallery/{1 + len(found['gallery'])}")
    assert missing.status_code == 404


def test_an_evaluation_of_other_weights_is_none_of_this_model(client, home):
    path = evaluation_folder(home, NAME, 2) / "report.json"
    report = json.loads(path.read_text())
    report["model"]["digest"] = "another"
    path.write_text(json.dumps(report))
    assert client.get(f"/api/models/{NAME}@2").json["evaluation"] is None


def test_the_curves_are_those_of_the_training(client, home):
    epochs = client.get(f"/api/models/{NAME}@2/curves").json["epochs"]
    assert [one["epoch"] for one in epochs] == [1, 2]
    kept = json.loads((home / "models" / f"{NAME}-2" / "history.json").read_text())
    assert [one["loss"] for one in epochs] == [one["loss"] for one in kept]
    assert 0 <= epochs[-1]["dice"]["tumor"] <= 1
    (home / "models" / f"{NAME}-2" / "history.json").unlink()
    assert client.get(f"/api/models/{NAME}@2/curves").json == {"epochs": []}


def test_a_version_is_promoted_and_rolled_back_and_the_history_says_so(client, home):
    body = {"over": f"{NAME}@1", "why": "we looked at it"}
    promoted = client.post(f"/api/models/{NAME}@2/promote", json=body)
    assert promoted.status_code == 200
    assert promoted.json["tags"] == ["active"]
    assert promoted.json["rollback"] == f"{NAME}@1"
    registry = ModelRegistry(home)
    assert registry.get(NAME).card.version == 2
    event = registry.tags.read(NAME).history[-1]
    assert (event.what, event.why, event.by) == (
        "promoted",
        "we looked at it",
        "somebody in the viewer",
    )
    again = client.post(f"/api/models/{NAME}@2/promote", json=body)
    assert again.status_code == 409, "what was seen as active is so no more"
    stale = client.post(f"/api/models/{NAME}/rollback", json={"over": f"{NAME}@1"})
    assert stale.status_code == 409
    back = client.post(f"/api/models/{NAME}/rollback", json={"over": f"{NAME}@2"})
    assert back.json["reference"] == f"{NAME}@1"
    assert registry.get(NAME).card.version == 1
    nowhere = client.post(f"/api/models/{NAME}/rollback", json={"over": f"{NAME}@1"})
    assert nowhere.status_code == 409
    assert "no other version was active before" in nowhere.json["detail"]


def test_how_well_people_agree_stands_beside_the_model(client, home):
    assert client.get(f"/api/models/{NAME}@1").json["ceiling"] is None
    ceiling = {"tumor": {"dice": 0.9, "lowest": 0.8, "highest": 0.95, "people": 3}}
    for name, known in (("old", ceiling), ("new", {"necrosis": ceiling["tumor"]})):
        (home / "agreement" / name).mkdir(parents=True)
        (home / "agreement" / name / "report.json").write_text(json.dumps({"ceiling": known}))
    told = client.get(f"/api/models/{NAME}@1").json["ceiling"]
    assert told == {"agreement": "old", "classes": ceiling}


@pytest.mark.parametrize("reference", ["nope@1", NAME, f"{NAME}@9", "..", "tests"])
def test_what_is_no_version_is_a_problem(client, reference):
    for method, path in (("GET", ""), ("GET", "/curves"), ("POST", "/promote")):
        body = {"over": f"{NAME}@1"} if method == "POST" else None
        answer = client.open(f"/api/models/{reference}{path}", method=method, json=body)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
