"""What every place of slides owes its reader: a folder of this machine and a real DSA."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from tests.support.pictures import noise

from histoloop.errors import HistoloopError, NotFoundError, SlideError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.dsa.site import DsaSite, Login
from histoloop.slides.dsa.store import DsaSlideStore
from histoloop.slides.folder import FolderSlideStore
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.slide import SlideStore

SIZE = Size(600, 420)


@dataclass(frozen=True)
class Place:
    """A store with two slides of the name ``twin.tiff`` and a note that is none."""

    store: SlideStore
    files: dict[str, Path]
    note: str
    unknown: str


def _pictures(folder: Path) -> list[Path]:
    paths = [folder / part / "twin.tiff" for part in ("a", "b")]
    for seed, path in enumerate(paths):
        path.parent.mkdir()
        write_pyramid(path, SIZE, Mpp(0.5, 0.6), [noise(SIZE, seed=seed)], lossless=True)
    return paths


def _folder(folder: Path) -> Place:
    paths = _pictures(folder)
    note = folder / "note.svs"
    note.write_text("not a slide")
    store = FolderSlideStore(folder)
    ids = {entry.path: entry.id for entry in store.list()}
    return Place(store, {ids[path]: path for path in paths}, ids[note], "0123456789abcdef")


def _dsa(folder: Path, dsa) -> Place:
    client = dsa.client("annotator")
    place = client.createFolder(dsa.folders["private"], "contract", reuseExisting=True)["_id"]
    files = {}
    for path in _pictures(folder):
        inner = client.createFolder(place, path.parent.name, reuseExisting=True)["_id"]
        id = dsa.upload(path)
        client.put(f"item/{id}", parameters={"folderId": inner})
        files[id] = path
    note = client.createItem(place, "note.svs")["_id"]
    site = DsaSite(dsa.url, folder / "cache", Login(token=SecretStr(dsa.token("reader"))))
    return Place(DsaSlideStore(site, place), files, note, "0123456789abcdef01234567")


@pytest.fixture(scope="module", params=["folder", pytest.param("dsa", marks=pytest.mark.dsa)])
def place(request, tmp_path_factory) -> Place:
    folder = tmp_path_factory.mktemp("stores")
    if request.param == "folder":
        return _folder(folder)
    return _dsa(folder, request.getfixturevalue("dsa"))


def test_all_slides_are_listed_once_in_name_order(place):
    listed = place.store.list()
    ids = [entry.id for entry in listed]
    assert len(set(ids)) == len(ids)
    assert set(place.files) <= set(ids)
    assert [entry.name for entry in listed if entry.id in place.files] == ["twin.tiff"] * 2
    assert ids == [entry.id for entry in place.store.list()]


def test_an_id_opens_its_own_slide_whatever_its_name(place):
    for id, path in place.files.items():
        slide = place.store.open(id)
        assert (slide.id, slide.name, slide.size) == (id, "twin.tiff", SIZE)
        truth = FolderSlideStore(path.parent).list()[0]
        assert slide.fingerprint == FolderSlideStore(path.parent).open(truth.id).fingerprint
        seed = list(place.files.values()).index(path)
        pixels = slide.read_level(len(slide.levels) - 1, Box(0, 0, 64, 64))
        assert np.array_equal(pixels, noise(SIZE, seed=seed)[:64, :64])


def test_an_address_opens_the_slide_in_any_process(place):
    for id in place.files:
        address = place.store.address(id)
        again = pickle.loads(pickle.dumps(address))
        assert again == address
        assert hash(again) == hash(address)
        assert address.name == "twin.tiff"
        assert again.open().fingerprint == place.store.open(id).fingerprint


def test_what_is_not_there_is_said_to_be_missing_with_a_way_out(place):
    for id in (place.unknown, "", "../etc", "x" * 200):
        with pytest.raises(NotFoundError) as missing:
            place.store.address(id)
        assert missing.value.hint


def test_what_is_no_slide_is_refused_by_its_name(place):
    with pytest.raises(HistoloopError, match=r"note\.svs") as refused:
        place.store.open(place.note)
    assert isinstance(refused.value, SlideError)
