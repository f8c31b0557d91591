"""The real Digital Slide Archive of the tests: it answers, knows slides, and knows who may what."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import requests
from girder_client import GirderClient, HttpError
from PIL import Image
from tests.support.dsa.provision import Archive

from histoloop.training.tumor_data import BCSS_MPP

NAME = "TCGA-A2-A0D2-DX1"
SQUARE = {
    "name": "a square",
    "elements": [
        {
            "type": "polyline",
            "closed": True,
            "points": [[100, 100, 0], [400, 100, 0], [400, 400, 0], [100, 400, 0]],
        }
    ],
}


@pytest.fixture(scope="session", params=["dsa", "dsa5"])
def archive(request: pytest.FixtureRequest) -> Archive:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def slide(archive: Archive, bcss: dict[str, Path]) -> str:
    return archive.upload(bcss[NAME], "private", "smoke.tiff")


def status(action: object, *arguments: object, **named: object) -> int:
    with pytest.raises(HttpError) as refused:
        action(*arguments, **named)
    return refused.value.status


def tile(client: GirderClient, item: str) -> np.ndarray:
    answer = client.get(f"item/{item}/tiles/zxy/0/0/0", jsonResp=False)
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_it_is_the_server_that_it_says(archive: Archive) -> None:
    release = requests.get(f"{archive.url}/system/version", timeout=60).json()["release"]
    assert release == {"girder3": "3.2.18", "girder5": "5.0.21"}[archive.stack.flavour]


def test_an_uploaded_file_is_a_slide_with_its_scale(
    archive: Archive, slide: str, bcss: dict[str, Path]
) -> None:
    tiles = archive.client("reader").get(f"item/{slide}/tiles")
    with Image.open(bcss[NAME]) as picture:
        assert (tiles["sizeX"], tiles["sizeY"]) == picture.size
    assert tiles["mm_x"] * 1000 == pytest.approx(BCSS_MPP[NAME].x, rel=1e-3)


def test_tiles_show_tissue(archive: Archive, slide: str) -> None:
    pixels = tile(archive.client("reader"), slide)
    assert pixels.shape[2] == 3
    assert pixels.std() > 10


def test_the_annotator_writes_and_the_reader_reads(archive: Archive, slide: str) -> None:
    annotator, reader = archive.client("annotator"), archive.client("reader")
    saved = annotator.post("annotation", parameters={"itemId": slide}, json=SQUARE)["_id"]
    read = reader.get(f"annotation/{saved}")["annotation"]
    assert read["elements"][0]["points"] == SQUARE["elements"][0]["points"]
    assert status(reader.post, "annotation", parameters={"itemId": slide}, json=SQUARE) == 403
    assert status(reader.put, f"annotation/{saved}", json=SQUARE) == 403


def test_a_stranger_sees_the_public_folder_only(
    archive: Archive, slide: str, bcss: dict[str, Path]
) -> None:
    stranger = archive.client("stranger")
    assert status(stranger.get, f"item/{slide}/tiles") == 403
    assert status(stranger.get, f"folder/{archive.folders['private']}") == 403
    shown = archive.upload(bcss[NAME], "public", "shown.tiff")
    assert tile(stranger, shown).std() > 10
    assert status(stranger.post, "annotation", parameters={"itemId": shown}, json=SQUARE) == 403
    assert requests.get(f"{archive.url}/item/{slide}/tiles", timeout=60).status_code == 401


def test_api_keys_sign_in(archive: Archive, slide: str) -> None:
    client = GirderClient(apiUrl=archive.url)
    # In the body: girder-client's own way would have the key in the address, and in the log.
    made = client.post("api_key/token", data={"key": archive.api_key("reader")})
    client.setToken(made["authToken"]["token"])
    assert client.get("user/me")["login"] == "reader"
    assert client.getItem(slide)["name"] == "smoke.tiff"
