"""Slides of a real Digital Slide Archive: who may see them, what is asked for, what goes wrong."""

from __future__ import annotations

import logging
import pickle
import shutil
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest
from pydantic import SecretStr
from tests.support.damaged import spoil_tile
from tests.support.dsa.proxy import Fault, Proxy
from tests.support.pictures import noise

from histoloop.errors import (
    AccessError,
    DsaAwayError,
    DsaError,
    NotFoundError,
    SignInError,
    SlideError,
    UsageError,
)
from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.slides.dsa.connection import DsaConnection
from histoloop.slides.dsa.site import DsaSite, Login, api_url, item_place
from histoloop.slides.dsa.slide import DsaSlide
from histoloop.slides.dsa.store import DsaSlideStore, Shelf
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read

SIZE = Size(1500, 1100)
ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("named", "root"),
    [
        ("https://dsa.example.org", "https://dsa.example.org/api/v1"),
        ("https://dsa.example.org/", "https://dsa.example.org/api/v1"),
        ("https://dsa.example.org/histomics", "https://dsa.example.org/api/v1"),
        ("http://h:8080/girder/api/v1/", "http://h:8080/girder/api/v1"),
        ("https://h/histomicstk/api/v1", "https://h/histomicstk/api/v1"),
        ("https://h/histomicstk", "https://h/histomicstk/api/v1"),
    ],
)
def test_an_archive_is_named_by_any_of_its_addresses(named, root):
    assert api_url(named) == root


@pytest.mark.parametrize("named", ["dsa.example.org", "ftp://dsa.example.org", "", "https://"])
def test_what_is_no_address_is_refused(named):
    with pytest.raises(UsageError, match="no address"):
        api_url(named)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as refused:
        api_url("https://me:geheim@dsa.example.org/")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "shown",
    [
        f"https://h/histomics#?image={ID}&bounds=0%2C0%2C5%2C5%2C0",
        f"https://h/histomics#?folder=1&image={ID}",
        f"https://h/#item/{ID}",
        f"https://h/#collection/{ID[::-1]}/folder/5/item/{ID}",
        f"https://h/api/v1/item/{ID}",
        f"https://h/api/v1/item/{ID}/tiles",
    ],
)
def test_an_item_is_named_by_the_page_that_shows_it(shown):
    assert item_place(shown) == ("https://h/api/v1", ID)


@pytest.mark.parametrize("other", ["slide.svs", "/a/b.svs", "https://h/histomics", "C:\\s.svs"])
def test_anything_else_is_no_item(other):
    assert item_place(other) is None


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "noise.tiff"
    write_pyramid(path, SIZE, Mpp(0.5, 0.6), [noise(SIZE, seed=3)])
    return path


@pytest.fixture(scope="module")
def item(dsa, picture):
    return dsa.upload(picture)


@pytest.fixture
def site(dsa, tmp_path):
    return DsaSite(dsa.url, tmp_path, Login(token=SecretStr(dsa.token("reader"))), requests=3)


@pytest.fixture
def proxy(dsa):
    with Proxy(dsa.stack.root_url) as proxy:
        yield proxy


@pytest.fixture
def watched(site, proxy):
    """The same archive, behind the counting proxy."""
    return replace(site, url=f"{proxy.url}/api/v1")


def opened(site, item):
    return DsaSlide(DsaConnection(site), item)


def test_it_is_the_same_slide_as_the_file(site, item, picture):
    remote, local = opened(site, item), open_slide(picture)
    assert remote.fingerprint == local.fingerprint
    assert (remote.size, remote.mpp, len(remote.levels)) == (SIZE, local.mpp, len(local.levels))
    scale = Scale(3.1, 2.7)
    box = Box(20, 10, 300, 250)
    apart = np.abs(read(remote, box, scale).astype(int) - read(local, box, scale))
    assert apart.max() <= 2  # the scanner's own bytes, decoded by two builds of a JPEG library


def test_a_region_costs_its_tiles_within_the_budget_and_nothing_the_second_time(
    watched, item, proxy
):
    slide = opened(watched, item)
    slide.read_level(len(slide.levels) - 1, Box(200, 200, 700, 400))
    asked = proxy.seen("/tiles/zxy/")
    assert len(asked) == 4 * 3
    assert 2 <= proxy.peak <= watched.requests
    assert all("/download" not in one.path for one in proxy.seen())
    again = opened(watched, item)
    again.read_level(len(slide.levels) - 1, Box(256, 256, 512, 256))
    assert len(proxy.seen("/tiles/zxy/")) == len(asked)
    assert (again.traffic.fetched, again.traffic.cached) == (0, 2)


def test_a_damaged_cache_is_noticed(watched, item, proxy, tmp_path):
    box = Box(0, 0, 256, 256)
    first = opened(watched, item).read_level(0, box.intersect(Box(0, 0, 94, 69)))
    for path in (tmp_path / "dsa").rglob("*.val"):
        path.write_bytes(b"x" * 40)
    import sqlite3

    with sqlite3.connect(next((tmp_path / "dsa").rglob("cache.db"))) as database:
        database.execute("UPDATE Cache SET value = zeroblob(40) WHERE value IS NOT NULL")
    second = opened(watched, item).read_level(0, box.intersect(Box(0, 0, 94, 69)))
    assert np.array_equal(first, second)
    assert len(proxy.seen("/tiles/zxy/")) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/tiles/zxy/", status=503, times=2),
        Fault("/tiles/zxy/", drop=True, times=2),
        Fault("/tiles/zxy/", cut=100, times=2),
        Fault("/tiles/zxy/", status=500, times=1),
    ],
    ids=["busy", "gone", "cut-short", "broken"],
)
def test_a_fault_that_passes_is_not_noticed(watched, item, proxy, picture, fault):
    slide = opened(watched, item)
    proxy.inject(fault)
    zoom = len(slide.levels) - 1
    pixels = slide.read_level(zoom, Box(0, 0, 600, 300))
    assert fault.hits == fault.times
    truth = open_slide(picture).read_level(zoom, Box(0, 0, 600, 300))
    assert np.abs(pixels.astype(int) - truth).max() <= 2


def test_a_tile_that_the_archive_cannot_read_is_the_slide_s_fault(
    dsa, watched, proxy, picture, tmp_path, monkeypatch
):
    monkeypatch.setattr("histoloop.slides.dsa.connection._PATIENCE", 0)
    path = Path(shutil.copy(picture, tmp_path / "hurt.tiff"))
    spoil_tile(path, number=0)
    slide = DsaSlide(DsaConnection(watched), dsa.upload(path))
    zoom = len(slide.levels) - 1
    assert slide.read_level(zoom, Box(300, 0, 9, 9)).shape == (9, 9, 3)
    with pytest.raises(SlideError, match=rf"hurt\.tiff: .* cannot read tile {zoom}/0/0") as failed:
        slide.read_level(zoom, Box(0, 0, 9, 9))
    assert "upload it anew" in failed.value.hint
    proxy.inject(Fault("/tiles", status=500))
    with pytest.raises(DsaAwayError):
        slide.read_level(zoom, Box(0, 300, 9, 9))


def test_a_server_that_is_away_is_one_clear_line(site, unused_port):
    gone = replace(site, url=f"http://127.0.0.1:{unused_port}/api/v1")
    with pytest.raises(DsaError, match=rf"127\.0\.0\.1:{unused_port} cannot be reached"):
        opened(gone, ID)


def test_rights_are_the_user_s(dsa, site, item):
    def as_(role):
        return replace(site, login=Login(token=SecretStr(dsa.token(role))))

    assert opened(as_("annotator"), item).size == SIZE
    with pytest.raises(AccessError):
        opened(as_("stranger"), item)
    with pytest.raises(SignInError, match="nobody is signed in"):
        opened(replace(site, login=Login()), item)
    with pytest.raises(SignInError, match="expired"):
        opened(replace(site, login=Login(token=SecretStr("x" * 64))), item)
    with pytest.raises(NotFoundError):
        opened(site, ID)
    with pytest.raises(NotFoundError, match="24 hexadecimal"):
        DsaSlideStore(site).address("../user/me")


def test_a_key_makes_a_new_token_when_the_old_one_ends(dsa, site, item):
    key = dsa.api_key("reader")
    connection = DsaConnection(replace(site, login=Login(key=SecretStr(key))))
    slide = DsaSlide(connection, item)
    connection.send("DELETE", "token/session")
    slide.refuse_changed()
    assert slide.read_level(0, Box(0, 0, 9, 9)).shape == (9, 9, 3)
    with pytest.raises(SignInError, match="does not accept the API key"):
        opened(replace(site, login=Login(key=SecretStr("no" * 20))), item)


def test_secrets_stay_secret(dsa, watched, item, proxy, caplog):
    caplog.set_level(logging.DEBUG)
    key = dsa.api_key("reader")
    secret = replace(watched, login=Login(key=SecretStr(key)))
    opened(secret, item).read_level(0, Box(0, 0, 9, 9))
    proxy.inject(Fault("api_key/token", status=502))
    with pytest.raises(DsaError) as failed:
        opened(replace(secret, requests=2), item)
    for said in (caplog.text, repr(secret), str(failed.value), *(one.path for one in proxy.seen())):
        assert key not in said
    assert pickle.loads(pickle.dumps(secret)) == secret


def test_a_slide_that_is_replaced_or_deleted_meanwhile_is_noticed(dsa, site, picture, tmp_path):
    id = dsa.upload(picture, name="victim.tiff")
    slide = opened(site, id)
    slide.refuse_changed()
    other = tmp_path / "other.tiff"
    write_pyramid(other, SIZE, Mpp(0.5, 0.6), [noise(SIZE, seed=4)])
    client = dsa.client("annotator")
    file = next(iter(client.listFile(id)))
    with other.open("rb") as stream:
        client.uploadFileContents(file["_id"], stream, other.stat().st_size)
    with pytest.raises(SlideError, match=r"victim\.tiff: was replaced"):
        slide.refuse_changed()
    client.delete(f"item/{id}")
    with pytest.raises((NotFoundError, AccessError)):
        slide.refuse_changed()


class _Bucket(BaseHTTPRequestHandler):
    """An object store beside a Girder that sends everybody there."""

    content = bytes(range(256)) * 40
    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self):
        if self.path.startswith("/api/"):
            self.send_response(303)
            self.send_header("Location", f"http://{self.headers['Host']}/bucket/slide?signature=s")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.seen.append(dict(self.headers))
        start, end = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        part = self.content[start : end + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_said):
        pass


def test_of_a_file_in_an_object_store_the_part_comes_and_the_token_stays(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bucket) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        site = DsaSite(f"{root}/api/v1", tmp_path, Login(token=SecretStr("t" * 64)))
        found = DsaConnection(site).read_range(ID, 300, 700)
        server.shutdown()
    assert found == _Bucket.content[300:700]
    assert len(_Bucket.seen) == 1
    assert "t" * 64 not in repr(_Bucket.seen)


class _Busy(BaseHTTPRequestHandler):
    """Says once that it may be asked again in an hour."""

    asked = 0

    def do_GET(self):
        type(self).asked += 1
        self.send_response(503 if self.asked == 1 else 200)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_said):
        pass


def test_an_hour_that_a_server_asks_for_is_not_waited(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        site = DsaSite(f"http://127.0.0.1:{server.server_port}/api/v1", tmp_path)
        answer = Thread(target=DsaConnection(site).get, args=("item",), daemon=True)
        answer.start()
        answer.join(60)
        server.shutdown()
    assert not answer.is_alive()
    assert _Busy.asked == 2


def test_names_do_not_find_slides_they_are_searched_for(dsa, site, item, picture):
    twin = dsa.upload(picture, "public", name="twin of the noise.tiff")
    store = DsaSlideStore(site)
    collection = next(one for one in store.shelves() if one.id == dsa.collection)
    folders = {one.id: one for one in store.shelves(collection)}
    assert set(dsa.folders.values()) <= set(folders)
    inside = store.slides(folders[dsa.folders["private"]])
    assert item in {one.id for one in inside}
    assert twin not in {one.id for one in inside}
    below = DsaSlideStore(site, dsa.collection).list()
    assert {item, twin} <= {one.id for one in below}
    assert [one.name for one in below] == sorted(one.name for one in below)
    found = _patiently(lambda: [one.id for one in store.search("twin of")])
    assert twin in found
    assert store.slides(Shelf(dsa.collection, "", "collection")) == []
    dsa.client("annotator").put(f"item/{twin}", parameters={"name": "renamed.tiff"})
    assert store.address(twin).name == "renamed.tiff"
    with pytest.raises(NotFoundError, match="no folder or collection"):
        DsaSlideStore(site, ID).list()


def test_what_is_no_slide_is_said_to_be_none(dsa, site):
    client = dsa.client("annotator")
    note = client.createItem(dsa.folders["private"], "notes.txt")["_id"]
    with pytest.raises(SlideError, match=r"notes\.txt: is no slide"):
        opened(site, note)


def _patiently(ask):
    for _ in range(300):
        if found := ask():
            return found
        time.sleep(0.2)
    return []
