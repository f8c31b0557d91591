"""The bulk route stores what `POST annotation` stores, and refuses what it refuses."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugin.conftest import client_of
from tests.support.dsa.provision import Archive, Role

Document = dict[str, Any]


def polygon(x: float, y: float, vertices: int = 24, **more: Any) -> Document:
    angles = [2 * math.pi * number / vertices for number in range(vertices)]
    ring = [[x + 9 * math.cos(angle), y + 9 * math.sin(angle), 0] for angle in angles]
    return {
        "type": "polyline",
        "closed": True,
        "points": ring,
        "group": "tumor",
        "label": {"value": "tumor"},
        "lineColor": "rgb(230, 60, 0)",
        "fillColor": "rgba(230, 60, 0, 0.25)",
        "lineWidth": 2,
    } | more


def layer(*elements: Document, **more: Any) -> Document:
    attributes = {"run": "r", "model": "tumor@3", "threshold": 0.5, "block": [0, 1]}
    return {"name": "tumor", "attributes": attributes, "elements": list(elements)} | more


HOLE = [[[1.5, 2, 0], [3, 4, 0], [2, 5.25, 0]]]
DOCUMENTS = {
    "polygons": layer(*(polygon(10 * number, 7 * number) for number in range(50))),
    "holes": layer(polygon(40, 40, holes=HOLE), polygon(80, 80, holes=[])),
    "two classes": layer(polygon(1, 2), polygon(3, 4, group="stroma", fillColor="#00ff00")),
    "no group": layer({"type": "polyline", "points": [[0, 0, 0], [1, 1, 0]]}),
    "own ids": layer(polygon(1, 2, id="0123456789abcdef01234567"), polygon(3, 4)),
    "user data": layer(polygon(1, 2, user={"mean": 3.5, "who": ["a", None, True]})),
    "other shapes": layer(
        polygon(1, 2),
        {"type": "rectangle", "center": [9, 9, 0], "width": 4, "height": 2, "rotation": 1},
        {"type": "point", "center": [5, 6, 0]},
        {"type": "heatmap", "points": [[1, 2, 0, 0.5]]},
    ),
    "empty": layer(),
    "without elements": {"name": "empty"},
    "without a name": {"elements": [polygon(1, 2)]},
    "display": layer(polygon(1, 2), display={"visible": False}, description="é ☃"),
    "private keys": layer(polygon(1, 2, _note="dropped")),
    "a long outline": layer(polygon(500, 500, vertices=3000)),
    "large numbers": layer(polygon(2.0**60, 5)),
    "GeoJSON": {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]},
                "properties": {},
            }
        ],
    },
}


def post(archive: Archive, item: str, document: object) -> requests.Response:
    return requests.post(
        f"{archive.url}/annotation",
        params={"itemId": item},
        data=json.dumps(document),
        headers=_token(archive, "annotator"),
        timeout=60,
    )


def bulk(
    archive: Archive, item: str, body: bytes | Iterable[bytes], role: Role | None = "annotator"
) -> requests.Response:
    url = f"{archive.url}/histoloop/annotations/{item}"
    return requests.post(url, data=body, headers=_token(archive, role), timeout=60)


def _token(archive: Archive, role: Role | None) -> dict[str, str]:
    return {"Girder-Token": str(client_of(archive, role).token)} if role else {}


@pytest.fixture(scope="session")
def items(dsa: Archive) -> tuple[str, str]:
    """An item for each of both ways."""
    client = client_of(dsa, "annotator")
    one, other = (client.createItem(dsa.folders["private"], name)["_id"] for name in "ab")
    return str(one), str(other)


def stored(archive: Archive, id: str) -> Document:
    """All that the server tells of an annotation, but for what must differ."""
    client = client_of(archive, "annotator")
    regions = [{"left": 20, "right": 60, "top": 10, "bottom": 50}, {"minimumSize": 19, "limit": 3}]
    whole = client.get(f"annotation/{id}")
    told = {name: whole[name] for name in ("annotation", "groups", "creatorId", "public")}
    for element in told["annotation"]["elements"]:
        if not element["id"].startswith("0123"):  # the server's choice, not ours
            del element["id"]
    listed = client.get("annotation", parameters={"itemId": whole["itemId"], "limit": 0})
    summary = next(one for one in listed if one["_id"] == id)
    answers = [client.get(f"annotation/{id}", parameters=region) for region in regions]
    for answer in answers:
        del answer["_elementQuery"]["filter"]  # it holds the annotation's own id
    return {
        "told": _without_times(told),
        "counts": (summary["_elementCount"], summary["_detailsCount"]),
        "access": client.get(f"annotation/{id}/access"),
        "regions": [answer["_elementQuery"] for answer in answers],
    }


def _without_times(told: Document) -> Document:
    if told["annotation"]["name"].startswith("Annotation "):
        told["annotation"]["name"] = "named by its time"
    return told


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_comes_out_as_by_post(dsa: Archive, items: tuple[str, str], name: str) -> None:
    document = DOCUMENTS[name]
    posted = post(dsa, items[0], document)
    pushed = bulk(dsa, items[1], json.dumps(document).encode())
    assert (posted.status_code, pushed.status_code) == (200, 200), pushed.text
    one, other = posted.json(), pushed.json()["annotations"][0]
    assert stored(dsa, one["_id"]) == stored(dsa, other["_id"])
    assert other["_version"] > one["_version"]


VALUES = st.sampled_from(
    [True, None, "1", [], {}, -1, 0, 2.5, 2**70, 1e300, "red", "#12", "rgb(1,2,3)", [1, 2], "é"]
)
PLACES = st.sampled_from(
    [
        ("name",),
        ("description",),
        ("attributes",),
        ("display",),
        ("unknown",),
        ("elements",),
        ("elements", 1),
        *(("elements", 1, key) for key in (*polygon(0, 0), "holes", "id", "user", "pattern", "_x")),
        ("elements", 1, "label", "value"),
        ("elements", 1, "label", "visibility"),
        ("elements", 1, "holes", 0),
        ("elements", 1, "holes", 0, 0, 1),
        ("elements", 1, "points", 3),
        ("elements", 1, "points", 3, 2),
        ("elements", 0, "points", 3, 2),
        ("elements", 2, "points", 0, 0),
    ]
)


@settings(max_examples=200)
@given(place=PLACES, value=VALUES, remove=st.booleans())
def test_what_post_refuses_is_refused_and_nothing_else(
    dsa: Archive, items: tuple[str, str], place: tuple[Any, ...], value: Any, remove: bool
) -> None:
    document: Any = layer(*(polygon(n, n, holes=copy.deepcopy(HOLE)) for n in range(3)))
    *path, last = place
    inner = document
    for step in path:
        inner = inner[step]
    if remove and (isinstance(inner, list) or last in inner):
        del inner[last]
    else:
        inner[last] = value
    same_answer(dsa, items, json.dumps(document).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"[]",
        b"7",
        b'"text"',
        b"null",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "a", "attributes": {"x": Infinity}}',
        b'{"name": "a", "attributes": {"x": 1e999}}',
        b'{"name": "a", "attributes": {"x": 18446744073709551617}}',
        b'{"name": "a", "attributes": {"x": 9223372036854775808}}',
        b'{"name": "a", "name": "b", "elements": []}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "attributes": {"$x": 1, "a.b": 2}}',
    ],
)
def test_odd_json_gets_the_same_answer(dsa: Archive, items: tuple[str, str], body: bytes) -> None:
    same_answer(dsa, items, body)


def same_answer(archive: Archive, items: tuple[str, str], body: bytes) -> None:
    """Both ways store the same or refuse in the same words; where the host breaks, we refuse."""
    posted = requests.post(
        f"{archive.url}/annotation",
        params={"itemId": items[0]},
        data=body,
        headers=_token(archive, "annotator"),
        timeout=60,
    )
    pushed = bulk(archive, items[1], body)
    expected = 400 if posted.status_code == 500 else posted.status_code
    assert pushed.status_code == expected, (posted.text, pushed.text)
    if posted.status_code == 200:
        id, other = posted.json()["_id"], pushed.json()["annotations"][0]["_id"]
        assert _readable(archive, id) == _readable(archive, other)
        if _readable(archive, id):  # the host stores some numbers that it cannot give back
            assert stored(archive, id) == stored(archive, other)
    elif posted.status_code == 400:
        assert pushed.json()["message"] == f"Document 1: {posted.json()['message']}"


def _readable(archive: Archive, id: str) -> bool:
    try:
        client_of(archive, "annotator").get(f"annotation/{id}")
    except requests.exceptions.ChunkedEncodingError:
        return False
    return True


def test_ids_that_repeat_are_refused(dsa: Archive, items: tuple[str, str]) -> None:
    element = polygon(1, 2, id="0123456789abcdef01234567")
    same_answer(dsa, items, json.dumps(layer(element, element)).encode())


def test_a_stream_is_cut_at_its_lines(dsa: Archive, items: tuple[str, str]) -> None:
    documents = [layer(polygon(n, n), name=f"layer {n}") for n in range(5)]
    text = b"\n\n".join(json.dumps(document).encode() for document in documents)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(text), 777):
            yield text[start : start + 777]

    for body in (text, text + b"\n", pieces()):
        answer = bulk(dsa, items[1], body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["elements"] == 5
        for document, one in zip(documents, answer.json()["annotations"], strict=True):
            name = client_of(dsa, "annotator").get(f"annotation/{one['_id']}")["annotation"]["name"]
            assert name == document["name"]


def test_an_empty_stream_stores_nothing(dsa: Archive, items: tuple[str, str]) -> None:
    assert bulk(dsa, items[1], b"\n").json() == {"annotations": [], "elements": 0}


def test_before_a_bad_document_all_is_stored_and_said(dsa: Archive, items: tuple[str, str]) -> None:
    good, bad = layer(polygon(1, 2)), layer(polygon(1, 2, fillColor="red"))
    lines = [json.dumps(one).encode() + b"\n" for one in (good, good, bad, good)]
    before = len(_all(dsa, items[1]))
    answer = bulk(dsa, items[1], iter(lines + [b" " * (1 << 20)] * 8))
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Document 3: Validation Error")
    ids = [one["_id"] for one in answer.json()["extra"]["stored"]]
    assert len(_all(dsa, items[1])) == before + 2
    assert set(ids) <= {one["_id"] for one in _all(dsa, items[1])}


def _all(archive: Archive, item: str) -> list[Document]:
    query = {"itemId": item, "limit": 0}
    found: list[Document] = client_of(archive, "annotator").get("annotation", parameters=query)
    return found


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("annotator", 200), ("reader", 403), ("stranger", 403), (None, 401)],
)
def test_who_may_annotate_may_push(
    dsa: Archive, items: tuple[str, str], role: Role | None, status: int
) -> None:
    body = json.dumps(layer(polygon(1, 2))).encode()
    url = f"{dsa.url}/annotation"
    headers = _token(dsa, role)
    posted = requests.post(url, params={"itemId": items[0]}, data=body, headers=headers, timeout=60)
    assert posted.status_code == status
    assert bulk(dsa, items[1], body, role).status_code == status


def test_the_right_to_annotate_alone_is_enough(dsa: Archive) -> None:
    admin = client_of(dsa, "admin")
    folder = admin.createFolder(dsa.collection, "annotate only", parentType="collection")["_id"]
    item = admin.createItem(folder, "x")["_id"]
    flag = next(iter(admin.get("system/access_flag")))
    user = {"id": dsa.user_ids["reader"], "level": 0, "flags": [flag]}
    access = json.dumps({"users": [user], "groups": []})
    admin.put(f"folder/{folder}/access", parameters={"access": access, "public": "false"})
    assert bulk(dsa, item, json.dumps(layer(polygon(1, 2))).encode(), "reader").status_code == 200


def test_a_read_only_token_cannot_push(dsa: Archive, items: tuple[str, str]) -> None:
    form = {"name": "reads", "scope": json.dumps(["core.data.read"])}
    key = client_of(dsa, "annotator").post("api_key", parameters=form)["key"]
    session = requests.post(f"{dsa.url}/api_key/token", params={"key": key}, timeout=60).json()
    answer = requests.post(
        f"{dsa.url}/histoloop/annotations/{items[1]}",
        data=json.dumps(layer()).encode(),
        headers={"Girder-Token": session["authToken"]["token"]},
        timeout=60,
    )
    assert answer.status_code == 401


def test_the_servers_memory_does_not_grow_with_the_stream(dsa: Archive) -> None:
    item = client_of(dsa, "annotator").createItem(dsa.folders["private"], "long")["_id"]
    line = json.dumps(layer(*(polygon(n, n) for n in range(3000)))).encode() + b"\n"
    bulk(dsa, item, iter([line] * 2)).raise_for_status()
    before = dsa.stack.rss["girder"]
    bulk(dsa, item, iter([line] * 20)).raise_for_status()
    assert dsa.stack.rss["girder"] - before < 200 << 20, "20 lines kept would be 700 MiB"


def test_a_request_that_is_too_large_is_said_to_be(dsa: Archive) -> None:
    """CherryPy, and so Girder 3, takes 100 MB at most, which it notices on the way."""
    item = client_of(dsa, "annotator").createItem(dsa.folders["private"], "too long")["_id"]
    line = json.dumps(layer(polygon(1, 2))).encode() + b"\n"
    padding = b" " * (1 << 20)
    answer = bulk(dsa, item, iter([line] + [padding] * 101))
    assert answer.status_code == 413
    assert "fewer documents" in answer.json()["message"]
