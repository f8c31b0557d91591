"""Jobs on a real DSA: what comes of them, and what when something is taken from under them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from tests.service.conftest import (
    MODEL,
    ROI,
    asked,
    client_of,
    dsa_settings,
    finished,
    signed_in,
)
from tests.support.dsa.provision import sign_in
from tests.support.dsa.proxy import Fault, Proxy

from histoloop.jobs.job import JobState
from histoloop.service.app import create_app
from histoloop.service.server import running

HUMAN = {
    "name": "by hand",
    "elements": [
        {"type": "rectangle", "center": [900, 900, 0], "width": 300, "height": 200, "rotation": 0.3}
    ],
}
LOOKING = r"item/\w+/tiles(\?|$)"
PUSHING = "/api/v1/(histoloop/annotations|annotation)"
BEFORE = ("queued", "starting", "tissue", "calibrate")
"""Stages of a job that has predicted nothing yet; of the first two one that has read nothing."""


@pytest.fixture(scope="module")
def slide(dsa, bcss):
    """A private slide that only this module uses."""
    return dsa.upload(bcss["TCGA-A2-A0D2-DX1"], "private", "jobs.tiff")


def documents(dsa, slide, run=None):
    """The annotations of a slide as the DSA has them, those of a run alone if one is named."""
    client = dsa.client("annotator")
    listed = client.get("annotation", parameters={"itemId": slide, "limit": 0})
    found = [client.get(f"annotation/{one['_id']}") for one in listed]
    return [
        one
        for one in found
        if run is None or one["annotation"].get("attributes", {}).get("run") == run
    ]


def counts(found):
    """Documents and elements, by what they are of."""
    return Counter(
        {
            one["annotation"]["attributes"].get("class", "raster"): len(
                one["annotation"]["elements"]
            )
            for one in found
        }
    )


@contextmanager
def held(proxy, client, job, late=True):
    """The block runs once the job stands before its push, and the job goes on when it ends.

    If late, it has looked at the slide for the last time before it pushes; otherwise that look
    is on its way: each takes four seconds, and the last one until the block has run.
    """
    released = threading.Event()
    if late:
        fault = Fault(PUSHING, until=released)
    else:
        released.set()
        fault = Fault(LOOKING, delay=4.0, until=released)
    proxy.inject(fault)
    end = time.monotonic() + 240
    while client.get(f"/api/jobs/{job}").json["progress"]["stage"] != "push":
        assert time.monotonic() < end, client.get(f"/api/jobs/{job}").json
        time.sleep(0.05)
    released.clear()
    try:
        yield
    finally:
        fault.times = fault.hits
        released.set()


@pytest.fixture
def proxy(dsa):
    with Proxy(dsa.stack.root_url) as between:
        yield between


@pytest.fixture
def service(proxy, new_home):
    """A service that reaches the DSA through the proxy."""
    with running(dsa_settings(new_home, proxy.url)) as one:
        yield one


@pytest.fixture
def token(dsa):
    """Of a session that the test may end."""
    return dsa.token("annotator")


@pytest.fixture
def client(service, token):
    return signed_in(create_app(service.library).test_client(), token)


def test_a_result_lies_in_the_archive_and_replaces_others_only_when_asked(
    dsa, slide, served, visitor
):
    client = visitor("annotator")
    human = dsa.client("annotator").post("annotation", parameters={"itemId": slide}, json=HUMAN)
    before = documents(dsa, slide)[0]
    first, second = (finished(client, asked(client, slide)["id"]) for _ in range(2))
    for job in (first, second):
        assert job["state"] == "done", job["failure"]
        path = served.library.settings.runs / job["run"] / "annotation.json"
        local = json.loads(path.read_text())
        there = counts(documents(dsa, slide, job["run"]))
        raster = there.pop("raster")
        assert there == counts([{"annotation": one} for one in local])
        assert sum(there.values()) > 5
        assert raster == 1
    third = finished(client, asked(client, slide, replace=True)["id"])
    assert third["state"] == "done"
    assert third["replace"]
    runs = Counter(
        one["annotation"].get("attributes", {}).get("run") for one in documents(dsa, slide)
    )
    assert set(runs) == {None, third["run"]}
    assert next(one for one in documents(dsa, slide) if one["_id"] == human["_id"]) == before
    assert list(served.library.settings.logins.glob("*")) == [], "a job that has ended has no login"
    dsa.client("annotator").delete(f"annotation/{human['_id']}")


def written(service, run: str) -> int:
    """When the report of a run was, in whichever attempt's folder it lies now."""
    (report,) = service.library.settings.runs.glob(f"{run}*/report.json")
    return report.stat().st_mtime_ns


def test_an_expired_token_is_said_and_the_job_goes_on_with_another(
    dsa, slide, proxy, client, service, token
):
    job = asked(client, slide)
    with held(proxy, client, job["id"]):
        sign_in(dsa.stack, dsa.people["annotator"])  # another session of the same user stays
        requests.delete(
            f"{dsa.url}/token/session", headers={"Girder-Token": token}, timeout=60
        ).raise_for_status()
    later = signed_in(create_app(service.library).test_client(), dsa.token("annotator"))
    ended = finished(later, job["id"])
    assert ended["state"] == "failed"
    assert ended["failure"]["stage"] == "push"
    assert "sign in and run it again" in ended["failure"]["hint"]
    assert documents(dsa, slide, job["run"]) == []
    assert later.get("/api/health").json["dsa"]["answers"]
    assert client.get(f"/api/jobs/{job['id']}").status_code in (200, 401)  # what it knew holds 20 s

    predicted = written(service, job["run"])
    assert later.post(f"/api/jobs/{job['id']}/retry").status_code == 202
    again = finished(later, job["id"])
    assert again["state"] == "done", again["failure"]
    assert again["failure"] is None
    assert written(service, job["run"]) == predicted, "nothing was computed again"
    assert len(documents(dsa, slide, job["run"])) == 4
    assert later.post(f"/api/jobs/{job['id']}/retry").status_code == 409


def test_a_deleted_slide_ends_its_job_and_who_asked_hears_why(dsa, bcss, proxy, client, service):
    slide = dsa.upload(bcss["TCGA-A2-A0D2-DX1"], "private", "deleted.tiff")
    job = asked(client, slide)
    with held(proxy, client, job["id"]):
        dsa.client("annotator").delete(f"item/{slide}")
    ended = finished(client, job["id"])
    assert ended["state"] == "failed"
    assert ended["failure"]["stage"] == "push"
    assert ended["failure"]["slide"] == "deleted.tiff"
    reader = signed_in(create_app(service.library).test_client(), dsa.token("reader"))
    assert reader.get(f"/api/jobs/{job['id']}").status_code == 404


@pytest.mark.parametrize("late", [True, False], ids=["late", "early"])
def test_a_slide_that_was_replaced_gets_nothing_of_the_one_before(dsa, bcss, proxy, client, late):
    slide = dsa.upload(bcss["TCGA-A2-A0D2-DX1"], "private", "replaced.tiff")
    job = asked(client, slide)
    with held(proxy, client, job["id"], late):
        replace_content(dsa, slide, bcss["TCGA-A2-A1G6-DX1"])
    proxy.heal()
    ended = finished(client, job["id"])
    assert ended["state"] == "failed"
    assert ended["failure"]["stage"] == "push"
    assert "was replaced" in ended["failure"]["cause"]
    assert documents(dsa, slide, job["run"]) == []
    # Running it again would be of another slide; what is asked for anew is of that one.
    assert client.post(f"/api/jobs/{job['id']}/retry").status_code == 202
    assert "was replaced" in finished(client, job["id"])["failure"]["cause"]
    second = finished(client, asked(client, slide)["id"])
    assert second["state"] == "done", second["failure"]


def replace_content(dsa, slide, path):
    """Another file under the same id of item and file."""
    client = dsa.client("annotator")
    file = next(client.listFile(slide))
    with path.open("rb") as stream:
        client.uploadFileContents(file["_id"], stream, path.stat().st_size)


def test_an_archive_that_goes_away_ends_the_job_and_not_the_service(
    dsa, slide, proxy, client, service
):
    job = asked(client, slide)
    with held(proxy, client, job["id"]):
        proxy.heal()
        away = proxy.inject(Fault(drop=True))
    end = time.monotonic() + 240
    ledger = service.library.ledger
    while not ledger.get(job["id"]).state.ended:
        assert time.monotonic() < end
        time.sleep(0.2)
    failure = ledger.get(job["id"]).failure
    assert ledger.get(job["id"]).state is JobState.FAILED
    assert failure.stage == "push"
    assert "cannot be reached" in failure.cause
    assert "when the archive answers" in failure.hint
    health = client.get("/api/health").json
    assert health["status"] == "ok"
    assert not health["dsa"]["answers"]
    tried = away.hits
    answer = client.get(f"/api/slides/{slide}/annotations")
    assert answer.status_code == 502
    assert away.hits - tried <= 4, "a reader is not kept waiting by try after try"
    proxy.heal()
    time.sleep(5.5)  # health holds its breath for so long
    assert client.post(f"/api/jobs/{job['id']}/retry").status_code == 202
    assert finished(client, job["id"])["state"] == "done"
    assert len(documents(dsa, slide, job["run"])) == 4
    assert 2 <= proxy.peak <= service.library.settings.dsa_requests, "service and workers together"


def test_a_job_gets_through_an_archive_that_drops_every_fifth_request(
    dsa, slide, proxy, new_home, token
):
    with running(dsa_settings(new_home, proxy.url, dsa_patience_s=300)) as service:
        client = signed_in(create_app(service.library).test_client(), token)
        ledger = service.library.ledger
        calm = finished(client, asked(client, slide)["id"])
        dropped = proxy.inject(Fault("/api/v1/", drop=True, share=0.2))
        lost = proxy.inject(Fault("/api/v1/", lose_answer=True, share=0.05))
        proxy.inject(Fault("/api/v1/", delay=0.5, share=0.1))
        job = service_answered(client, slide)
        until(lambda: ledger.get(job).state.ended, seconds=280)
        ended = ledger.get(job)
        proxy.heal()
    assert ended.state is JobState.DONE, ended.failure
    assert dropped.hits > 5
    assert lost.hits
    assert counts(documents(dsa, slide, ended.run)) == counts(documents(dsa, slide, calm["run"]))


def service_answered(client, slide):
    """A job that was asked for until an answer came: who asks is not what is looked at here."""
    for _ in range(20):
        body = {"slide": slide, "model": MODEL, "roi": ROI, "threshold": 0.3}
        answer = client.post("/api/jobs", json=body)
        if answer.status_code == 202:
            return answer.json["id"]
        assert answer.status_code == 502, answer.json
        time.sleep(0.5)
    pytest.fail("no job was taken")


@pytest.mark.parametrize("who", ["mongod", "girder and mongod"])
def test_a_job_waits_for_an_archive_that_was_killed(new_dsa, bcss, new_home, who):
    archive = new_dsa(plugins=())
    slide = archive.upload(bcss["TCGA-A2-A0D2-DX1"], "private", "waits.tiff")
    said = dsa_settings(new_home, archive.stack.root_url, dsa_patience_s=300)
    with running(said) as service:
        client = signed_in(create_app(service.library).test_client(), archive.token("annotator"))
        calm = finished(client, asked(client, slide)["id"])
        assert calm["state"] == "done", calm["failure"]
        job = asked(client, slide)
        ledger = service.library.ledger
        until(lambda: ledger.get(job["id"]).progress.stage not in BEFORE[:2])
        if who == "mongod":  # Girder takes requests, and is silent
            archive.stack.mongo.kill()
        else:
            archive.stack.kill()
            until(lambda: ledger.get(job["id"]).progress.stage == "waiting")
        time.sleep(5)
        assert ledger.get(job["id"]).state is JobState.RUNNING
        archive.stack.start()
        until(lambda: ledger.get(job["id"]).state.ended, seconds=280)
        ended = ledger.get(job["id"])
        assert ended.state is JobState.DONE, ended.failure
    assert counts(documents(archive, slide, job["run"])) == counts(
        documents(archive, slide, calm["run"])
    )


def test_who_waits_for_an_archive_can_cancel(dsa, slide, proxy, new_home, token):
    with running(dsa_settings(new_home, proxy.url, dsa_patience_s=300)) as service:
        client = signed_in(create_app(service.library).test_client(), token)
        ledger = service.library.ledger
        job = asked(client, slide)
        until(lambda: ledger.get(job["id"]).state is JobState.RUNNING)
        proxy.inject(Fault("/api/v1/", drop=True))
        until(lambda: ledger.get(job["id"]).progress.stage == "waiting")
        ledger.request_cancel(job["id"])
        until(lambda: ledger.get(job["id"]).state is JobState.CANCELLED, seconds=60)
        proxy.heal()


RETRAIN_CODES = """group,overlay_order,GT_code,is_roi,is_background_class,color
roi,0,254,1,0,"rgb(200,0,150)"
tumor,1,1,0,0,"rgb(255,0,0)"
stroma,2,2,0,1,"rgb(255,125,0)"
necrosis,3,3,0,0,"rgb(0,125,0)"
"""


def test_a_retraining_waits_for_an_archive_and_who_asked_can_cancel(dsa, proxy, new_home):
    (new_home / "codes.csv").write_text(RETRAIN_CODES)
    more = {"retrain_gtcodes": new_home / "codes.csv", "retrain_folder": dsa.folders["public"]}
    with running(dsa_settings(new_home, proxy.url, dsa_patience_s=300, **more)) as service:
        client = signed_in(create_app(service.library).test_client(), dsa.token("admin"))
        ledger = service.library.ledger

        def waiting():
            answer = client.post("/api/jobs", json={"kind": "retrain", "model": "trio"})
            assert answer.status_code == 202, answer.json
            proxy.inject(Fault("/api/v1/", drop=True))  # before its process has begun
            id = answer.json["id"]
            until(lambda: ledger.get(id).progress.stage == "waiting")
            assert ledger.get(id).state is JobState.RUNNING
            return id

        first = waiting()
        proxy.heal()
        until(lambda: ledger.get(first).state.ended)
        failure = ledger.get(first).failure
        assert failure.stage == "annotations", "it went on, and found that nobody has drawn"
        assert "archive" not in failure.cause.lower()
        second = waiting()
        ledger.request_cancel(second)
        until(lambda: ledger.get(second).state is JobState.CANCELLED, seconds=60)
        proxy.heal()


def until(true, seconds=240):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_cancelled_push_takes_back_what_it_has_pushed(dsa, slide, proxy, client):
    job = asked(client, slide)
    released = threading.Event()  # the question whether the archive takes bulk, a document, then:
    proxy.inject(Fault(PUSHING, method="POST", until=released, skip=2))
    end = time.monotonic() + 240
    while not documents(dsa, slide, job["run"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert client.post(f"/api/jobs/{job['id']}/cancel").status_code == 202
    released.set()
    assert finished(client, job["id"])["state"] == "cancelled"
    assert documents(dsa, slide, job["run"]) == []


def test_who_may_only_look_is_told_before_anything_is_computed(dsa, slide, service):
    reader = signed_in(create_app(service.library).test_client(), dsa.token("reader"))
    answer = reader.post("/api/jobs", json={"slide": slide, "model": "trio@1", "roi": ROI})
    assert answer.status_code == 403
    assert "no right to annotate" in answer.json["detail"]
    assert service.library.ledger.list(slide) == []


def test_a_job_whose_login_is_lost_runs_in_nobodys_name(dsa, slide, new_home, token):
    """The service's own key does not step in for a user."""
    said = dsa_settings(new_home, dsa.url, dsa_key=dsa.api_key("admin"))
    with client_of(said, token) as client:
        service = client.application.extensions["histoloop"]
        job = service.ledger.create(service.ledger.get(asked(client, slide)["id"]).request)
        service.engine.send()
        ended = finished(client, job.id)
    assert ended["state"] == "failed"
    assert "in whose name" in ended["failure"]["cause"]
    assert documents(dsa, slide, job.run) == []


class Command:
    """`histoloop serve` as a process of its own, killed with all that it has started."""

    def __init__(self, home: Path, url: str) -> None:
        command = [Path(sys.executable).with_name("histoloop"), "serve", "--dsa", url]
        environment = {**os.environ, "HISTOLOOP_HOME": str(home), "HISTOLOOP_WORKERS": "1"}
        self._process = subprocess.Popen(
            [*command, "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = next(line for line in self._process.stdout if "http" in line)
        self.url = re.search(r"http://\S+", said)[0]

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def get(self, path, token):
        return requests.get(f"{self.url}/api/{path}", headers={"Girder-Token": token}, timeout=60)

    def post(self, path, token, body):
        headers = {"Girder-Token": token}
        return requests.post(f"{self.url}/api/{path}", json=body, headers=headers, timeout=60)

    def wait(self, job, token, wanted, seconds=240):
        """The job, once it is as wanted."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.get(f"jobs/{job}", token).json()
            if wanted(found):
                return found
            time.sleep(0.05)
        pytest.fail(f"never came: {found}")


@pytest.mark.parametrize("when", ["mid-job", "mid-push"])
def test_a_killed_service_goes_on_where_it_was(dsa, slide, proxy, new_home, token, when):
    human = dsa.client("annotator").post("annotation", parameters={"itemId": slide}, json=HUMAN)
    drawn = next(one for one in documents(dsa, slide) if one["_id"] == human["_id"])
    body = {"slide": slide, "model": "trio@1", "roi": ROI, "threshold": 0.3}
    released = threading.Event()
    first = Command(new_home, proxy.url)
    try:
        calm = first.post("jobs", token, body).json()
        first.wait(calm["id"], token, lambda job: job["state"] == "done")
        # Before it pushes, or within: it does not end before it is killed.
        held_up = Fault(PUSHING, method="POST", until=released, skip=2 * (when == "mid-push"))
        proxy.inject(held_up)
        job = first.post("jobs", token, body).json()
        if when == "mid-job":
            first.wait(job["id"], token, lambda job: job["progress"]["stage"] not in BEFORE)
        else:
            end = time.monotonic() + 240
            while not documents(dsa, slide, job["run"]):
                assert time.monotonic() < end
                time.sleep(0.05)
    finally:
        first.kill()
    proxy.heal()
    released.set()
    assert len(documents(dsa, slide, job["run"])) < 4
    second = Command(new_home, proxy.url)
    try:
        ended = second.wait(job["id"], token, lambda job: job["state"] not in ("queued", "running"))
    finally:
        second.kill()
    assert ended["state"] == "done", ended["failure"]
    undisturbed = counts(documents(dsa, slide, calm["run"]))
    assert counts(documents(dsa, slide, job["run"])) == undisturbed
    assert len(documents(dsa, slide, job["run"])) == len(documents(dsa, slide, calm["run"])) == 4
    assert next(one for one in documents(dsa, slide) if one["_id"] == human["_id"]) == drawn
    dsa.client("annotator").delete(f"annotation/{human['_id']}")
