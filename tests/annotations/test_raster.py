"""A run's mask on a real DSA: what a viewer gets, who may see it, and when it goes."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import sys
import time

import numpy as np
import pytest
from girder_client import HttpError
from PIL import Image
from pydantic import SecretStr
from tests.support.dsa.proxy import Fault, Proxy

from histoloop.annotations import dsa_store, raster
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import write_documents
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.push import push_run
from histoloop.annotations.raster import FOLDER, pixelmap, write_indices
from histoloop.errors import DsaAwayError
from histoloop.geometry import Box, Mpp, Size
from histoloop.masks.labels import LabelClass
from histoloop.slides.dsa.site import DsaSite, Login
from histoloop.slides.dsa.store import DsaSlideStore, Shelf
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid

SIZE = Size(900, 700)
CLASSES = [LabelClass("tumor", 1, "#e6194b"), LabelClass("stroma", 7, "#3cb44b")]
SCALE = [4.0, 3.9]


def codes():
    picture = np.zeros((SIZE.height, SIZE.width), np.uint8)
    picture[100:300, 50:400] = 1
    picture[::3, 500:] = 7
    return picture


@pytest.fixture(scope="module")
def mask(tmp_path_factory):
    path = tmp_path_factory.mktemp("raster") / "mask.tiff"
    write_pyramid(path, SIZE, Mpp.square(2.0), [codes()], nearest=True)
    return path


def documents(run, model="tiny@1"):
    for label in CLASSES:
        attributes = {
            "software": "HistoLoop",
            "run": run,
            "model": model,
            "digest": "abc",
            "mpp": 2.0,
            "scale": SCALE,
            "threshold": 0.5,
            "class": label.name,
            "code": label.code,
            "color": label.color,
            "block": [0, 0, 16384],
        }
        yield {"name": label.name, "description": "", "attributes": attributes, "elements": []}


def store(dsa, folder, role="annotator"):
    return DsaAnnotationStore(DsaSite(dsa.url, folder, Login(token=SecretStr(dsa.token(role)))))


@pytest.fixture
def item(dsa):
    client = dsa.client("annotator")
    place = client.createFolder(dsa.folders["private"], "case", reuseExisting=True)
    # Girder lets names be taken once only and makes another of them silently.
    return client.createItem(place["_id"], "slide.svs")["_id"]


def alone(dsa):
    """A new slide in a folder of its own."""
    client = dsa.client("annotator")
    place = client.createFolder(dsa.folders["private"], secrets.token_hex(8))
    return client.createItem(place["_id"], "slide.svs")["_id"]


def of_raster(store, slide):
    return [one for one in store.list(slide) if "raster" in one.attributes]


def test_codes_survive_in_every_level(mask, tmp_path):
    write_indices(mask, tmp_path / "picture.tiff", Mpp.square(2.0))
    slide = open_slide(tmp_path / "picture.tiff")
    assert slide.size == SIZE
    for level in slide.levels:
        pixels = slide.read_level(level.zoom, Box.of(level.size))
        assert not pixels[..., 1:].any()
        assert set(np.unique(pixels[..., 0])) <= {0, 1, 7}
    assert np.array_equal(pixels[..., 0], codes())


def test_a_pixelmap_knows_its_classes_by_code():
    element = pixelmap("0" * 24, CLASSES, *SCALE)
    assert element["values"] == [0, 1, 0, 0, 0, 0, 0, 2]
    assert [one["label"] for one in element["categories"]] == ["none", "tumor", "stroma"]
    assert element["categories"][2]["fillColor"] == "rgb(60, 180, 75)"
    assert element["transform"]["matrix"] == [[4.0, 0], [0, 3.9]]


def test_a_viewer_gets_the_mask_in_place(dsa, item, mask, tmp_path):
    pushed = push_run(store(dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert pushed.notes == ()
    assert len(pushed.documents) == 3
    reader = dsa.client("reader")
    drawn = reader.get(f"annotation/{pushed.documents[-1]}")["annotation"]
    (element,) = drawn["elements"]
    raster = element["girderId"]
    tiles = reader.get(f"item/{raster}/tiles")
    assert (tiles["sizeX"], tiles["sizeY"]) == SIZE
    answer = reader.get(
        f"item/{raster}/tiles/region", parameters={"encoding": "PNG"}, jsonResp=False
    )
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    assert np.array_equal(pixels[..., 0], codes())
    bounds = {"left": 3599, "right": 3600, "top": 2700, "bottom": 2730}  # its last pixel, base
    assert len(reader.get(f"annotation/{pushed.documents[-1]}", bounds)["annotation"]["elements"])
    bounds |= {"left": 3601, "right": 3700}
    assert not reader.get(f"annotation/{pushed.documents[-1]}", bounds)["annotation"]["elements"]


def test_the_mask_lies_beside_the_slide_with_its_access(dsa, item, mask, tmp_path):
    store_ = store(dsa, tmp_path)
    push_run(store_, item, "r1", documents("r1"), mask)
    (one,) = of_raster(store_, item)
    admin = dsa.client("admin")
    raster = admin.getItem(one.attributes["raster"])
    folder = admin.getFolder(raster["folderId"])
    assert folder["name"] == FOLDER
    assert folder["parentId"] == admin.getItem(item)["folderId"]
    slides = DsaSlideStore(DsaSite(dsa.url, tmp_path, Login(token=SecretStr(dsa.token("reader")))))
    beside = Shelf(folder["parentId"], "", "folder")
    assert folder["_id"] not in {one.id for one in slides.shelves(beside)}
    assert raster["_id"] not in {one.id for one in DsaSlideStore(slides.site, beside.id).list()}
    with pytest.raises(HttpError) as refused:
        dsa.client("stranger").getItem(raster["_id"])
    assert refused.value.status == 403
    assert dsa.client("reader").getItem(raster["_id"])["name"].startswith("slide r1.tiff")


def test_a_mask_is_replaced_and_deleted_with_its_run(dsa, item, mask, tmp_path):
    store_, admin = store(dsa, tmp_path), dsa.client("admin")
    first = push_run(store_, item, "r1", documents("r1"), mask)
    assert push_run(store_, item, "r1", documents("r1"), mask) == first
    (old,) = of_raster(store_, item)
    other = tmp_path / "other.tiff"
    write_pyramid(other, SIZE, Mpp.square(2.0), [codes()[::-1]], nearest=True)
    push_run(store_, item, "r1", documents("r1"), other)
    (new,) = of_raster(store_, item)
    folder = admin.getItem(new.attributes["raster"])["folderId"]
    assert old.attributes["raster"] != new.attributes["raster"]
    there = {one["_id"] for one in admin.listItem(folder)}
    assert new.attributes["raster"] in there
    assert old.attributes["raster"] not in there
    push_run(store_, item, "r2", documents("r2", "tiny@2"), other, supersede=True)
    left = {one["_id"] for one in admin.listItem(folder)}
    assert new.attributes["raster"] not in left
    store_.delete_run(item, "r2")
    assert store_.list(item) == []


@pytest.fixture
def proxy(dsa):
    with Proxy(dsa.stack.root_url) as proxy:
        yield proxy


@pytest.fixture
def quick(monkeypatch):
    """Patience in hundredths of a second."""
    monkeypatch.setattr(raster, "_FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(dsa_store, "_FIRST_PAUSE_S", 0.02)


def through(proxy, dsa, folder):
    login = Login(token=SecretStr(dsa.token("annotator")))
    return DsaAnnotationStore(DsaSite(f"{proxy.url}/api/v1", folder, login))


def masks(dsa, slide):
    """Ids of the items that were made for a slide."""
    admin = dsa.client("admin")
    beside = {"parentType": "folder", "parentId": admin.getItem(slide)["folderId"], "name": FOLDER}
    return [
        one["_id"]
        for folder in admin.get("folder", beside)
        for one in admin.listItem(folder["_id"])
        if one["meta"].get("histoloop", {}).get("slide") == slide or "r1" in one["name"]
    ]


STEPS = [r"/folder\?", r"/item\?", r"/file\?", "/file/chunk"]


@pytest.mark.parametrize("fault", [{"drop": True}, {"lose_answer": True}, {"status": 503}])
@pytest.mark.parametrize("step", STEPS)
def test_a_connection_that_is_cut_costs_no_mask(dsa, mask, proxy, tmp_path, quick, step, fault):
    item = alone(dsa)
    hit = proxy.inject(Fault(step, "POST", times=2, **fault))
    pushed = push_run(through(proxy, dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert (pushed.notes, len(pushed.documents)) == ((), 3)
    (one,) = of_raster(store(dsa, tmp_path), item)
    assert masks(dsa, item) == [one.attributes["raster"]]
    assert len(dsa.client("reader").get(f"item/{masks(dsa, item)[0]}/files")) == 1
    assert hit.hits >= 1


@pytest.mark.parametrize("step", STEPS)
def test_a_mask_that_cannot_be_put_is_a_note_and_leaves_nothing(
    dsa, mask, proxy, tmp_path, quick, step
):
    item = alone(dsa)
    hit = proxy.inject(Fault(step, "POST", status=503))
    pushed = push_run(through(proxy, dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert hit.hits == 4, "it is tried again, but not for ever"
    assert len(pushed.documents) == 2
    (note,) = pushed.notes
    assert note.startswith("polygons only")
    assert masks(dsa, item) == []
    proxy.heal()
    again = push_run(through(proxy, dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert (again.notes, len(again.documents)) == ((), 3)


def test_a_mask_that_is_not_taken_for_an_image_is_a_note_and_leaves_nothing(
    dsa, mask, tmp_path, monkeypatch
):
    item = alone(dsa)
    monkeypatch.setattr(raster, "_PATIENCE_S", 0.0)
    pushed = push_run(store(dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert len(pushed.documents) == 2
    assert "does not take the mask" in pushed.notes[0]
    assert masks(dsa, item) == []


def test_a_mask_whose_document_never_came_goes_with_its_run(dsa, mask, proxy, tmp_path, quick):
    item = alone(dsa)
    other = push_run(store(dsa, tmp_path), item, "r2", documents("r2", "other@1"), mask)
    kept = masks(dsa, item)
    # First an empty one that asks for our plugin, then the polygons of each class.
    proxy.inject(Fault(f"/annotations?/.*{item}", "POST", skip=3, status=503))
    with pytest.raises(DsaAwayError):
        push_run(through(proxy, dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert len(masks(dsa, item)) == 2
    store(dsa, tmp_path).delete_run(item, "r1")
    assert masks(dsa, item) == kept
    assert {one.id for one in store(dsa, tmp_path).list(item)} == set(other.documents)


PUSH = """
import sys
from pathlib import Path
from pydantic import SecretStr
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import read_documents
from histoloop.annotations.files import write_documents
from histoloop.annotations.push import push_run
from histoloop.slides.dsa.site import DsaSite, Login

url, folder, slide, source, mask = sys.argv[1:]
site = DsaSite(url, Path(folder), Login(token=SecretStr(sys.stdin.readline().strip())))
push_run(DsaAnnotationStore(site), slide, "r1", read_documents(Path(source)), Path(mask))
"""


@pytest.mark.parametrize("step", STEPS[1:])
def test_killed_in_mid_upload_and_pushed_again_there_is_one_mask(dsa, mask, proxy, tmp_path, step):
    """What was on its way to the server still arrives there."""
    item = alone(dsa)
    source = tmp_path / "annotation.json"
    write_documents(source, documents("r1"))
    hit = proxy.inject(Fault(step, "POST", delay=2))
    command = [sys.executable, "-c", PUSH, f"{proxy.url}/api/v1", tmp_path, item, source, mask]
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, text=True)
    process.stdin.write(dsa.token("annotator") + "\n")
    process.stdin.flush()
    deadline = time.monotonic() + 240
    while not hit.hits and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    assert process.wait() != 0, "it was killed in mid-push"
    while not proxy.seen(step, "POST") and time.monotonic() < deadline:
        time.sleep(0.02)
    pushed = push_run(store(dsa, tmp_path), item, "r1", documents("r1"), mask)
    assert (pushed.notes, len(pushed.documents)) == ((), 3)
    (one,) = of_raster(store(dsa, tmp_path), item)
    assert masks(dsa, item) == [one.attributes["raster"]]
    store(dsa, tmp_path).delete_run(item, "r1")
    assert masks(dsa, item) == []


def test_only_the_run_s_own_item_is_ever_deleted(dsa, item, mask, tmp_path):
    """An attribute can say anything, also the id of somebody's slide."""
    store_ = store(dsa, tmp_path)
    (victim,) = [dsa.client("annotator").createItem(dsa.folders["private"], "mine")["_id"]]
    (document, _) = documents("r1")
    document["attributes"]["raster"] = victim
    store_.replace_run(item, "r1", [document])
    store_.delete_run(item, "r1")
    assert dsa.client("annotator").getItem(victim)["name"] == "mine"


def test_without_the_right_to_make_a_folder_the_polygons_still_go(dsa, mask, tmp_path):
    admin = dsa.client("admin")
    place = admin.createFolder(dsa.folders["private"], "annotate only", reuseExisting=True)
    flags = [one for one in admin.get("system/access_flag") if "annotation" in one]
    users = [{"id": dsa.user_ids["stranger"], "level": 0, "flags": flags}]
    access = json.dumps({"users": users, "groups": []})
    admin.put(f"folder/{place['_id']}/access", parameters={"access": access})
    item = admin.createItem(place["_id"], "slide")["_id"]
    stranger = store(dsa, tmp_path, "stranger")
    pushed = push_run(stranger, item, "r1", documents("r1"), mask)
    assert len(pushed.documents) == 2
    (note,) = pushed.notes
    assert note.startswith("polygons only")
    assert "ccess" in note
    assert len(stranger.list(item)) == 2


def test_the_local_store_takes_the_documents_alone(mask, tmp_path):
    local = LocalAnnotationStore(tmp_path)
    assert len(push_run(local, "s1", "r1", documents("r1"), mask).documents) == 2
