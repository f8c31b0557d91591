"""`dataset review --push` on a real archive: rectangles arrive, once, beside people's drawings."""

from __future__ import annotations

import pytest
from tests.support.annotated import GTCODES, ROI, TUMOR, rectangle, write_slide
from tests.support.tiny_model import save_tiny_model
from tests.support.typed import run

from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.errors import DsaError


@pytest.fixture
def place(dsa, tmp_path):
    """A folder of two slides, on one of which the annotator has outlined a tumour."""
    client = dsa.client("annotator")
    folder = dsa.new_folder(tmp_path.name)
    items = []
    for seed in (1, 2):
        path = tmp_path / f"TCGA-A2-A0D{seed}-01Z-00-DX1.tiff"
        write_slide(path, seed)
        items.append(dsa.upload(path, folder))
    drawn = [rectangle(ROI, "roi"), rectangle(TUMOR, "mostly_tumor")]
    for one in drawn:
        one["rotation"] = 0
    mine = {"name": "drawn", "elements": drawn}
    client.post("annotation", parameters={"itemId": items[0]}, json=mine)
    return client, folder, items


@pytest.fixture
def push(dsa, place, tmp_path):
    (tmp_path / "codes.csv").write_text(GTCODES)
    save_tiny_model(tmp_path / "model", mpp=1.0)
    words = ("--source", dsa.stack.root_url, "--folder", place[1], "--tta", 4, "--most", 6)
    words += ("--gtcodes", tmp_path / "codes.csv", "--model", tmp_path / "model", "--push")
    key = dsa.api_key("annotator", days=0.01)
    env = {"HISTOLOOP_DSA": dsa.stack.root_url, "HISTOLOOP_DSA_KEY": key}
    home = ("--home", tmp_path / "home", "--out", tmp_path / "queue")
    return lambda: run("dataset", "review", *words, *home, env=env)


def documents(client, item):
    listed = client.get("annotation", parameters={"itemId": item, "limit": 0})
    return {one["_id"]: client.get(f"annotation/{one['_id']}") for one in listed}


def queued(found):
    return {id: one for id, one in found.items() if one["annotation"]["name"] != "drawn"}


def test_rectangles_arrive_once_and_what_people_drew_stays(place, push):
    client, _, items = place
    before = documents(client, items[0])
    assert "2 documents pushed" in push().stdout
    first = [documents(client, item) for item in items]
    elements = [
        one
        for found in first
        for doc in queued(found).values()
        for one in doc["annotation"]["elements"]
    ]
    assert len(elements) == 6
    assert {(one["type"], one["group"]) for one in elements} == {("rectangle", "roi")}
    places = {one["label"]["value"] for one in elements}
    assert places == {f"review {number}" for number in range(1, 7)}
    assert {id: first[0][id] for id in before} == before
    push()
    assert [documents(client, item) for item in items] == first, "nothing twice, nothing anew"


def test_a_push_that_was_cut_short_is_finished_by_the_next(place, push, monkeypatch):
    client, _, items = place
    create, done = DsaAnnotationStore._create, []

    def dies(store, *args):
        if done:
            raise DsaError("killed", hint="")
        done.append(1)
        create(store, *args)

    with monkeypatch.context() as patched:
        patched.setattr(DsaAnnotationStore, "_create", dies)
        with pytest.raises(DsaError):
            push()
    assert sum(len(queued(documents(client, item))) for item in items) == 1
    push()
    assert [len(queued(documents(client, item))) for item in items] == [1, 1]
