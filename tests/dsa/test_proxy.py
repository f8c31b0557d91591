"""The proxy between tests and the DSA: invisible until told otherwise, and it counts right."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore

import pytest
import requests
from girder_client import GirderClient
from tests.support.dsa.fixtures import NewArchive
from tests.support.dsa.provision import Archive
from tests.support.dsa.proxy import Fault, Proxy

NAME = "TCGA-A2-A0D2-DX1"
REGION = "tiles/region?left=0&top=0&regionWidth=512&regionHeight=512&encoding=PNG"
POINT = {"name": "a point", "elements": [{"type": "point", "center": [10, 10, 0]}]}


@pytest.fixture
def proxy(dsa: Archive) -> Iterator[Proxy]:
    with Proxy(dsa.stack.root_url) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: Proxy, dsa: Archive) -> GirderClient:
    """The annotator, whose requests pass the proxy; signing in is not counted."""
    client = GirderClient(apiUrl=f"{proxy.url}/api/v1")
    client.token = dsa.token("annotator")
    return client


def version(proxy: Proxy) -> requests.Response:
    return requests.get(f"{proxy.url}/api/v1/system/version", timeout=60)


def annotations(dsa: Archive, item: str) -> int:
    return len(dsa.client().get("annotation", parameters={"itemId": item, "limit": 0}))


def annotate(client: GirderClient, item: str) -> None:
    client.post("annotation", parameters={"itemId": item}, json=POINT)


def test_bytes_pass_unchanged_both_ways(
    proxy: Proxy, through: GirderClient, dsa: Archive, dsa_slides: dict[str, str], tmp_path: Path
) -> None:
    path = f"item/{dsa_slides[NAME]}/{REGION}"
    direct = dsa.client("annotator").get(path, jsonResp=False).content
    assert through.get(path, jsonResp=False).content == direct
    (exchange,) = proxy.seen("/tiles/region", "GET")
    assert (exchange.status, exchange.sent, exchange.received) == (200, 0, len(direct))

    (source := tmp_path / "source.bin").write_bytes(direct * 3)
    item = through.createItem(dsa.folders["private"], "bytes")["_id"]
    through.uploadFileToItem(item, str(source))
    assert sum(exchange.sent for exchange in proxy.seen("/file", "POST")) == 3 * len(direct)
    through.downloadItem(item, str(tmp_path), "back")
    assert (tmp_path / "back" / "source.bin").read_bytes() == direct * 3
    through.delete(f"item/{item}")


def test_bodies_of_unknown_length_pass(
    proxy: Proxy, through: GirderClient, dsa: Archive, dsa_slides: dict[str, str]
) -> None:
    item, text = dsa_slides[NAME], json.dumps(POINT).encode()
    before = annotations(dsa, item)
    pieces = iter((text[:7], text[7:]))
    through.post("annotation", parameters={"itemId": item}, data=pieces)
    assert annotations(dsa, item) == before + 1
    assert proxy.seen("/annotation", "POST")[0].sent == len(text)


@pytest.mark.parametrize("at_once", [1, 3, 6])
def test_the_peak_is_what_was_under_way_at_once(proxy: Proxy, at_once: int) -> None:
    released = Event()
    proxy.inject(Fault("/system/version", until=released))
    budget = Semaphore(at_once)

    def ask() -> int:
        with budget:
            return version(proxy).status_code

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask) for _ in range(6)]
        end = time.monotonic() + 60
        while proxy.peak < at_once:
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.3)  # for one too many
        released.set()
    assert [answer.result() for answer in asked] == [200] * 6
    assert proxy.peak == at_once
    assert len(proxy.seen("/system/version")) == 6
    proxy.reset()
    assert proxy.peak == 0
    assert proxy.seen() == []


@pytest.mark.parametrize("status", [401, 500, 503])
def test_refusals_come_as_often_as_asked(proxy: Proxy, status: int) -> None:
    fault = proxy.inject(Fault("/system/version", "GET", status=status, skip=1, times=2))
    assert [version(proxy).status_code for _ in range(5)] == [200, status, status, 200, 200]
    assert fault.hits == 2
    assert requests.get(f"{proxy.url}/api/v1/describe", timeout=60).ok


def test_a_dropped_request_never_arrives_and_a_lost_answer_did(
    proxy: Proxy, through: GirderClient, dsa: Archive, dsa_slides: dict[str, str]
) -> None:
    item = dsa_slides[NAME]
    before = annotations(dsa, item)
    proxy.inject(Fault("/annotation", "POST", drop=True, times=1))
    with pytest.raises(requests.ConnectionError):
        annotate(through, item)
    assert annotations(dsa, item) == before
    proxy.inject(Fault("/annotation", "POST", lose_answer=True, times=1))
    with pytest.raises(requests.ConnectionError):
        annotate(through, item)
    assert annotations(dsa, item) == before + 1
    assert [exchange.status for exchange in proxy.seen("/annotation", "POST")] == [None, None]


def test_a_cut_body_is_noticed_by_the_client(
    proxy: Proxy, through: GirderClient, dsa_slides: dict[str, str]
) -> None:
    proxy.inject(Fault("/tiles/region", cut=1000))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        through.get(f"item/{dsa_slides[NAME]}/{REGION}", jsonResp=False)
    assert proxy.seen("/tiles/region")[0].received == 1000
    proxy.heal()
    assert through.get(f"item/{dsa_slides[NAME]}/{REGION}", jsonResp=False).ok


def test_a_server_that_is_down_is_down_behind_the_proxy_too(new_dsa: NewArchive) -> None:
    stack = new_dsa(plugins=()).stack
    with Proxy(stack.root_url) as proxy:
        stack.stop_girder()
        with pytest.raises(requests.ConnectionError):
            version(proxy)
        stack.start_girder()
        assert version(proxy).ok
