"""On Girder 5, which has no HistomicsUI yet: routes, settings, jobs, notices, bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from girder_client import HttpError
from tests.plugin.conftest import SECRET, client_of, eventually, set_setting, unfinished
from tests.plugin.service_double import ServiceDouble, problem, serving
from tests.plugin.test_bulk import DOCUMENTS, bulk, layer, polygon, post, stored
from tests.support.dsa.provision import Archive


@pytest.fixture
def service5(dsa5: Archive) -> Iterator[ServiceDouble]:
    with serving() as double:
        set_setting(dsa5, "histoloop.service_url", double.url)
        client_of(dsa5, "admin").put("histoloop/secret", json={"secret": SECRET})
        yield double
        for job in double.jobs:
            double.move(job, "cancelled")
        eventually(lambda: not unfinished(dsa5))


@pytest.fixture(scope="module")
def slide5(dsa5: Archive, small_slide: Path) -> str:
    return dsa5.upload(small_slide)


def test_settings_are_checked(dsa5: Archive) -> None:
    with pytest.raises(HttpError):
        set_setting(dsa5, "histoloop.service_url", "ftp://example.org")
    with pytest.raises(HttpError):
        set_setting(dsa5, "histoloop.secret", SECRET)


def test_requests_are_forwarded_and_access_is_checked(
    dsa5: Archive, service5: ServiceDouble, slide5: str
) -> None:
    reader, stranger = client_of(dsa5, "reader"), client_of(dsa5, "stranger")
    assert reader.get("histoloop/jobs", parameters={"slide": slide5}) == {"jobs": []}
    assert service5.sent[-1].headers["HistoLoop-Secret"] == SECRET
    for client, method in ((stranger, "GET"), (reader, "POST")):
        with pytest.raises(HttpError) as refused:
            client.sendRestRequest(
                method, "histoloop/jobs", parameters={"slide": slide5}, json={"slide": slide5}
            )
        assert refused.value.status == 403
    service5.refusal = problem(422, "the slide has no scale", "give --slide-mpp")
    with pytest.raises(HttpError) as refused:
        reader.get("histoloop/models")
    assert json.loads(refused.value.responseText)["extra"] == {"hint": "give --slide-mpp"}
    service5.refusal = None


def test_a_job_is_followed_and_cancelled(
    dsa5: Archive, service5: ServiceDouble, slide5: str
) -> None:
    client = client_of(dsa5, "annotator")
    done, stopped = (client.post("histoloop/jobs", json={"slide": slide5}) for _ in range(2))

    def status(job: dict[str, str]) -> int:
        return client.get(f"job/{job['girder_job']}")["status"]

    for job in (done, stopped):
        service5.move(job["id"], "running", stage="predict", done=1, total=4)
        eventually(lambda job=job: status(job) == 2)
    client.put(f"job/{stopped['girder_job']}/cancel")
    eventually(lambda: status(stopped) == 5)
    service5.move(done["id"], "done", stage="done", done=4)
    eventually(lambda: status(done) == 3)
    assert client.get(f"job/{done['girder_job']}")["progress"]["message"] == "done"


def test_a_save_is_told(dsa5: Archive, service5: ServiceDouble, slide5: str) -> None:
    id = post(dsa5, slide5, {"name": "drawn", "elements": [polygon(1, 2)]}).json()["_id"]
    eventually(lambda: service5.received("POST", "annotation-events"))
    sent = service5.received("POST", "annotation-events")[0]
    assert sent.body == {"item": slide5, "annotation": id, "user": "annotator"}


@pytest.mark.parametrize("name", ["polygons", "holes", "other shapes"])
def test_bulk_is_as_post(dsa5: Archive, slide5: str, name: str) -> None:
    line = json.dumps(DOCUMENTS[name]).encode()
    posted = post(dsa5, slide5, DOCUMENTS[name]).json()["_id"]
    for body in (line, iter([line[:100], line[100:] + b"\n"])):
        pushed = bulk(dsa5, slide5, body)
        assert pushed.status_code == 200, pushed.text
        assert stored(dsa5, pushed.json()["annotations"][0]["_id"]) == stored(dsa5, posted)


def test_bulk_refuses(dsa5: Archive, slide5: str) -> None:
    bad = json.dumps(layer(polygon(1, 2, fillColor="red"))).encode()
    assert bulk(dsa5, slide5, bad).status_code == 400
    assert bulk(dsa5, slide5, bad, "reader").status_code == 403


def test_the_panel_is_served(dsa5: Archive) -> None:
    said = client_of(dsa5, "reader").get("system/plugin_static_files")
    paths = [path for path in said["js"] if path.startswith("plugin_static/histoloop/")]
    scripts = [requests.get(f"{dsa5.stack.root_url}/{path}", timeout=60) for path in paths]
    assert all(script.ok for script in scripts)
    text = "".join(script.text for script in scripts)
    for part in ("plugins.histomicsui", "shared.segmenting = {", "shared.runs = {"):
        assert part in text
