"""`/api/review`: regions, what people say to them, and what becomes of it."""

from __future__ import annotations

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from tests.support.queued import copied, settings_of, write_queue, write_slides
from tests.support.tiny_model import save_tiny_model

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.annotations.roi_mask import read_drawing
from histoloop.config import settings
from histoloop.errors import DatasetError
from histoloop.geometry import Box
from histoloop.jobs.dataset import DatasetParameters, build_dataset
from histoloop.jobs.engine import Engine
from histoloop.jobs.kept_reviews import kept_queue
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.review import ReviewParameters, review
from histoloop.service.app import create_app
from histoloop.service.library import Library
from histoloop.training.snapshot_split import SplitPlan


@pytest.fixture(scope="module")
def queued(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("queued")
    return folder, write_queue(folder)


@pytest.fixture
def place(queued, tmp_path) -> Path:
    return copied(queued[0], tmp_path / "place")


def client_of(said) -> FlaskClient:
    ledger = Ledger(said.ledger_url)
    return create_app(Library(said, ledger, Engine(said, ledger))).test_client()


@pytest.fixture
def client(place) -> FlaskClient:
    return client_of(settings_of(place))


def test_a_queue_is_read_once_and_again_when_it_is_another(place, queued):
    """Each answer asks for it, and it may hold thousands of regions."""
    home = settings_of(place).home
    (path,) = home.glob("review/*/queue.json")
    kept = kept_queue(home, queued[1])
    assert kept_queue(home, queued[1]) is kept
    content = json.loads(path.read_text()) | {"model": "another@1"}
    path.write_text(json.dumps(content))
    assert kept_queue(home, queued[1]).content["model"] == "another@1"


def say(client, queue, number, verdict):
    return client.put(f"/api/review/{queue}/regions/{number}", json={"verdict": verdict})


def documents(client, region):
    path = f"/api/slides/{region['slide']['id']}/annotations"
    return client.get(path).json["annotations"]


def test_a_queue_shows_its_regions_in_order_with_the_models_answer(client, queued, place):
    queue = queued[1]
    listed = client.get("/api/review").json
    assert [(one["id"], one["name"], one["model"]) for one in listed["queues"]] == [
        (queue, "pilot", "tiny@1")
    ]
    assert listed["making"] is listed["missing"] is None
    shown = client.get(f"/api/review/{queue}").json
    assert [one["number"] for one in shown["regions"]] == list(range(1, 13))
    assert shown["gains"] == {
        **dict.fromkeys(("reviewed", "skipped", "corrected", "open"), 0),
        "area_mm2": 0,
        "dice": None,
    }
    first = shown["regions"][0]
    width, height = first["box"][2:]
    assert first["area_mm2"] == pytest.approx(width * 0.5 * height * 0.6 / 1e6, rel=0.05)
    answer = client.get(f"/api/review/{queue}/regions/1").json
    drawing = read_drawing([answer], read_gtcodes(place / "codes.csv"))
    assert [roi.box for roi in drawing.rois] == [Box(*first["box"])]
    assert {area.group for area in drawing.areas} <= {"mostly_tumor", "mostly_stroma"}
    assert drawing.areas
    picture = client.get(first["picture"])
    assert Image.open(io.BytesIO(picture.data)).height > 10


def test_what_is_accepted_is_an_annotation_once_however_often_it_is_said(client, queued):
    queue = queued[1]
    first = client.get(f"/api/review/{queue}").json["regions"][0]
    before = documents(client, first)
    for _ in range(3):
        after = say(client, queue, 1, "accept").json
    region = after["regions"][0]
    assert region["said"]["verdict"] == "accept"
    assert (region["dice"], region["changed"]) == (1.0, False)
    (new,) = [one for one in documents(client, first) if one not in before]
    assert new["id"] == region["annotation"] == region["said"]["document"]
    stored = client.get(f"/api/annotations/{new['id']}").json
    answer = client.get(f"/api/review/{queue}/regions/1").json["elements"]
    bare = [{key: e[key] for key in e if key != "id"} for e in stored["elements"]]
    assert bare == answer
    assert after["gains"]["reviewed"] == 1
    assert after["gains"]["area_mm2"] == pytest.approx(first["area_mm2"])


def test_words_that_come_together_draw_once(client, queued):
    queue, people = queued[1], [client.application.test_client() for _ in range(4)]
    for number in range(1, 5):
        with ThreadPoolExecutor(len(people)) as at_once:
            accept = partial(say, queue=queue, number=number, verdict="accept")
            answers = list(at_once.map(accept, people))
        assert not [one.json for one in answers if one.status_code != 200]
        assert len({one.json["regions"][number - 1]["annotation"] for one in answers}) == 1
    slides = {one["slide"]["id"]: one for one in answers[0].json["regions"]}
    drawn = [one for region in slides.values() for one in documents(client, region)]
    assert sum("review " in one["name"] for one in drawn) == 4


def test_nothing_is_lost_when_the_service_starts_again(client, queued, place):
    queue = queued[1]
    for number, verdict in ((1, "accept"), (2, "skip"), (3, "fix")):
        assert say(client, queue, number, verdict).status_code == 200
    again = client_of(settings_of(place)).get(f"/api/review/{queue}").json
    told = [one["said"] and one["said"]["verdict"] for one in again["regions"]]
    assert told[:4] == ["accept", "skip", "fix", None]
    assert (again["gains"]["reviewed"], again["gains"]["skipped"], again["gains"]["open"]) == (
        *(2, 1, 1),
    )


def test_a_skip_takes_an_acceptance_back_but_nobodys_work(client, queued, place):
    queue = queued[1]
    region = say(client, queue, 1, "accept").json["regions"][0]
    after = say(client, queue, 1, "skip").json
    assert after["regions"][0]["annotation"] is None
    assert documents(client, region) == []
    assert after["gains"]["reviewed"] == 0

    region = say(client, queue, 1, "fix").json["regions"][0]
    correct(place, region)
    for verdict in ("skip", "accept"):
        after = say(client, queue, 1, verdict).json
        (kept,) = documents(client, region)
        assert kept["elements_count"] == 2, "what was drawn stays"
    assert after["gains"]["corrected"] == 1


def correct(place: Path, region) -> None:
    """Draw over what was written: the ROI stays, tumour is its left half."""
    (path,) = (place / "home" / "annotations").glob(f"*/{region['annotation']}.json")
    document = json.loads(path.read_text())
    x, y, width, height = region["box"]
    corners = [[x, y, 0], [x + width / 2, y, 0], [x + width / 2, y + height, 0], [x, y + height, 0]]
    half = {"type": "polyline", "closed": True, "points": corners, "group": "mostly_tumor"}
    document["elements"] = [document["elements"][0], half]
    path.write_text(json.dumps(document))


def test_gains_tell_what_was_corrected_and_how_far_the_model_was_off(client, queued, place):
    queue = queued[1]
    region = say(client, queue, 2, "fix").json["regions"][1]
    assert region["dice"] == 1.0
    correct(place, region)
    shown = client.get(f"/api/review/{queue}").json
    assert shown["gains"]["corrected"] == 1
    assert shown["gains"]["open"] == 0
    assert 0 <= shown["regions"][1]["dice"] < 1
    assert shown["gains"]["dice"] == pytest.approx(shown["regions"][1]["dice"])
    both = say(client, queue, 1, "accept").json
    assert shown["gains"]["dice"] < both["gains"]["dice"] < 1


def test_what_was_said_is_training_data_and_is_not_asked_for_again(client, queued, place):
    queue = queued[1]
    first = say(client, queue, 1, "accept").json["regions"][0]
    said = settings_of(place)
    asked = DatasetParameters(
        source=str(said.slides),
        gtcodes=said.retrain_gtcodes,
        out=place / "snapshot",
        split=SplitPlan(valid=0, test=0),
    )
    snapshot = build_dataset(asked, said, lambda _: None).snapshot
    (roi,) = snapshot.rois
    assert list(roi.box) == first["box"]
    counts = {int(code): count for code, count in roi.pixels.items()}
    assert set(counts) <= {1, 2}
    again = ReviewParameters(
        asked.source, asked.gtcodes, "tiny@1", place / "again", most=100, tta=4
    )
    boxes = [
        [entry.asked.region.slide, *entry.asked.region.box]
        for entry in review(again, said, lambda _: None).entries
    ]
    assert boxes
    assert [first["slide"]["id"], *first["box"]] not in boxes
    elsewhere = settings(home=place / "other", slides=said.slides)
    with pytest.raises(DatasetError):
        build_dataset(
            DatasetParameters(str(said.slides), asked.gtcodes, place / "none"),
            elsewhere,
            lambda _: None,
        )


def test_a_queue_is_made_when_it_is_asked_for(tmp_path):
    write_slides(tmp_path, 2)
    said = settings_of(tmp_path)
    save_tiny_model(said.home / "models" / "tiny-1", mpp=1.0)
    client = client_of(said)
    assert client.post("/api/review", json={"most": 3}).status_code == 202
    end = time.monotonic() + 240
    while (making := client.get("/api/review").json["making"])["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert making["state"] == "done", making
    (queue,) = client.get("/api/review").json["queues"]
    assert (queue["model"], queue["regions_count"]) == ("tiny@1", 3)
    assert kept_queue(said.home, queue["id"]).answer(3)


def test_one_that_is_cancelled_leaves_nothing(tmp_path, monkeypatch):
    write_slides(tmp_path, 1)
    said = settings_of(tmp_path)
    save_tiny_model(said.home / "models" / "tiny-1", mpp=1.0)
    client = client_of(said)
    started, stopped = [], []

    def slow(_asked, _settings, tell):
        started.append(True)
        while True:
            tell("still looking")
            stopped.append(True)
            time.sleep(0.02)

    monkeypatch.setattr("histoloop.service.review.rank_regions", slow)
    assert client.post("/api/review", json={}).status_code == 202
    assert client.post("/api/review", json={}).status_code == 409
    assert client.post("/api/review/cancel").status_code == 204
    end = time.monotonic() + 120
    while client.get("/api/review").json["making"]["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert client.get("/api/review").json["making"]["state"] == "cancelled"
    assert client.get("/api/review").json["queues"] == []
    assert started


def test_without_a_table_of_classes_the_way_out_is_told(place, queued):
    client = client_of(settings(home=place / "home", slides=place / "slides"))
    assert "HISTOLOOP_RETRAIN_GTCODES" in client.get("/api/review").json["missing"]["hint"]
    assert client.post("/api/review", json={}).status_code == 400


def test_what_is_not_there_is_a_problem(client, queued):
    queue = queued[1]
    for path in ("nope", f"{queue}/regions/99", f"{queue}/regions/99/picture"):
        assert client.get(f"/api/review/{path}").status_code == 404
    assert say(client, queue, 99, "accept").status_code == 404
    assert say(client, queue, 1, "perhaps").status_code == 422
