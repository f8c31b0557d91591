"""The service hears of what people draw, once, and saving never waits for it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.plugin.conftest import client_of, eventually
from tests.plugin.service_double import Sent, ServiceDouble
from tests.support.dsa.provision import Archive, Role

QUIET_S = 3.0
"""An item that has not been drawn on for so long is told of."""
ELEMENT = {"type": "point", "center": [1, 2, 0]}
LAYER = {"run": "0123456789ab", "model": "tumor@3", "digest": "x"}


def draw(archive: Archive, item: str, **attributes: Any) -> str:
    document = {"name": "drawn", "attributes": attributes, "elements": [ELEMENT]}
    client = client_of(archive, "annotator")
    return str(client.post("annotation", parameters={"itemId": item}, json=document)["_id"])


def heard(service: ServiceDouble, item: str) -> list[Sent]:
    events = service.received("POST", "annotation-events")
    return [event for event in events if event.body["item"] == item]


@pytest.fixture
def item(dsa: Archive) -> str:
    return str(client_of(dsa, "annotator").createItem(dsa.folders["private"], "drawn on")["_id"])


def test_a_save_is_told_with_the_secret_alone(
    dsa: Archive, service: ServiceDouble, item: str
) -> None:
    annotation = draw(dsa, item)
    eventually(lambda: heard(service, item))
    sent = heard(service, item)[0]
    assert sent.body == {"item": item, "annotation": annotation, "user": "annotator"}
    assert sent.headers["HistoLoop-Secret"]
    assert "Girder-Token" not in sent.headers


def test_many_saves_of_an_item_are_told_once_and_other_items_apart(
    dsa: Archive, service: ServiceDouble, item: str
) -> None:
    client = client_of(dsa, "annotator")
    other = client.createItem(dsa.folders["private"], "also drawn on")["_id"]
    began = [time.monotonic()]
    annotation = draw(dsa, item)
    for _ in range(5):
        began.append(time.monotonic())
        client.put(f"annotation/{annotation}", json={"name": "moved", "elements": [ELEMENT]})
    began.append(time.monotonic())
    draw(dsa, other)
    eventually(lambda: heard(service, item) and heard(service, other))
    time.sleep(4)
    # Two that a busy machine has kept so far apart may be told apart.
    pauses = sum(later - one > QUIET_S for one, later in zip(began, began[2:], strict=False))
    assert 1 <= len(heard(service, item)) <= 1 + pauses
    assert len(heard(service, other)) == 1


def test_what_histoloop_has_pushed_is_not_told_nor_who_may_see_it(
    dsa: Archive, service: ServiceDouble, item: str
) -> None:
    layer = draw(dsa, item, **LAYER)
    access = {"access": '{"users": [], "groups": []}', "public": True}
    client_of(dsa, "admin").put(f"annotation/{layer}/access", data=access)
    time.sleep(5)
    assert heard(service, item) == []


@pytest.mark.parametrize("role", ["annotator", "admin"])
def test_a_correction_of_what_histoloop_has_pushed_is_told(
    dsa: Archive, service: ServiceDouble, item: str, role: Role
) -> None:
    layer = draw(dsa, item, **LAYER)
    client = client_of(dsa, role)
    document = client.get(f"annotation/{layer}")["annotation"]
    assert document["attributes"] == LAYER
    document["elements"][0]["center"] = [3, 4, 0]
    client.put(f"annotation/{layer}", json=document)
    eventually(lambda: heard(service, item))
    told = {"item": item, "annotation": layer, "user": dsa.people[role].login}
    assert heard(service, item)[0].body == told


def test_a_mask_that_was_only_looked_at_is_not_told(
    dsa: Archive, service: ServiceDouble, item: str
) -> None:
    picture = draw(dsa, item, **LAYER, raster="0" * 24)
    client = client_of(dsa, "annotator")
    client.put(f"annotation/{picture}", json=client.get(f"annotation/{picture}")["annotation"])
    time.sleep(5)
    assert heard(service, item) == []


def test_a_slow_service_does_not_slow_a_save(
    dsa: Archive, service: ServiceDouble, item: str
) -> None:
    service.delay = 8
    draw(dsa, item)
    eventually(lambda: heard(service, item))
    draw(dsa, item)
    assert time.monotonic() < heard(service, item)[0].at + service.delay, "it has no answer yet"
    service.delay = 0


def test_without_a_secret_nothing_is_told(dsa: Archive, service: ServiceDouble, item: str) -> None:
    client_of(dsa, "admin").put("histoloop/secret", json={"secret": ""})
    draw(dsa, item)
    time.sleep(5)
    assert heard(service, item) == []
