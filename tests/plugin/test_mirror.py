"""Girder's jobs follow the service's, and cancel goes both ways."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
from tests.plugin.conftest import client_of, eventually
from tests.plugin.service_double import ServiceDouble, problem
from tests.support.dsa.provision import Archive
from tests.support.promised import once_within

QUEUED, RUNNING, SUCCESS, ERROR, CANCELED = range(1, 6)

Document = dict[str, Any]


class Pair:
    """A job of the service and Girder's job that follows it."""

    def __init__(self, archive: Archive, service: ServiceDouble, slide: str) -> None:
        self.client = client_of(archive, "annotator")
        self.service = service
        started = self.client.post("histoloop/jobs", json={"slide": slide})
        self.id, self.girder_id = started["id"], started["girder_job"]

    @property
    def girder(self) -> Document:
        return self.client.get(f"job/{self.girder_id}")

    @property
    def log(self) -> str:
        return "".join(self.girder["log"])

    def move(self, state: str, **changes: Any) -> None:
        self.service.move(self.id, state, **changes)

    def becomes(self, status: int, within: float = 60.0) -> None:
        eventually(lambda: self.girder["status"] == status, within)


@pytest.fixture
def pair(dsa: Archive, service: ServiceDouble, slide: str) -> Pair:
    return Pair(dsa, service, slide)


def test_progress_and_state_are_followed(pair: Pair) -> None:
    assert pair.girder["status"] == QUEUED
    assert pair.girder["title"] == "HistoLoop: tumor@3 on small.tiff"
    pair.move("running", stage="predict", done=120, total=480, tiles_per_s=3.42, eta_s=105)
    pair.becomes(RUNNING)
    progress = pair.girder["progress"]
    assert (progress["current"], progress["total"]) == (120, 480)
    assert progress["message"] == "predict, 120 of 480 tiles, 3.4 tiles/s, 1 min 45 s left"
    pair.move("done", stage="done", done=480)
    pair.becomes(SUCCESS)
    assert pair.girder["progress"]["message"] == "done"
    assert pair.log.count("Now: predict") == 1
    assert "Done: the result is run" in pair.log


def test_a_job_that_is_done_at_once_is_followed_as_well(pair: Pair) -> None:
    pair.move("done")
    pair.becomes(SUCCESS)


def test_a_failure_shows_its_cause_and_the_way_out(pair: Pair) -> None:
    failure = {"stage": "read", "cause": "tile 3,4 is damaged", "hint": "upload the slide again"}
    pair.move("failed", failure=failure)
    pair.becomes(ERROR)
    assert "Failed (read): tile 3,4 is damaged\nupload the slide again" in pair.log


def test_cancel_in_girder_stops_the_job_and_reads_cancelled(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    once_within(2, lambda: seconds_to_cancel(Pair(dsa, service, slide)))


def seconds_to_cancel(pair: Pair) -> float:
    pair.move("running", stage="predict", done=1, total=9)
    pair.becomes(RUNNING)
    begun = time.monotonic()
    pair.client.put(f"job/{pair.girder_id}/cancel")
    pair.becomes(CANCELED)
    took = time.monotonic() - begun
    assert pair.service.received("POST", f"jobs/{pair.id}/cancel")
    assert "Cancelled." in pair.log
    return took


def test_until_the_service_has_stopped_a_cancelled_job_is_stopping(pair: Pair) -> None:
    pair.service.stops_on_cancel = False
    pair.move("running", stage="predict", done=1, total=9)
    pair.becomes(RUNNING)
    pair.client.put(f"job/{pair.girder_id}/cancel")
    eventually(lambda: len(pair.service.received("POST", f"jobs/{pair.id}/cancel")) > 1)
    assert pair.girder["status"] == RUNNING
    pair.move("cancelled")
    pair.becomes(CANCELED)


def test_a_cancel_that_comes_too_late_changes_nothing(pair: Pair) -> None:
    pair.service.stops_on_cancel = False
    pair.move("running")
    pair.becomes(RUNNING)
    pair.move("done")
    pair.client.put(f"job/{pair.girder_id}/cancel")
    pair.becomes(SUCCESS)


def test_a_job_cancelled_at_the_service_is_cancelled_in_girder(pair: Pair) -> None:
    pair.move("running")
    pair.becomes(RUNNING)
    pair.client.post(f"histoloop/jobs/{pair.id}/cancel")
    pair.becomes(CANCELED)


def test_a_service_that_is_away_is_waited_for(pair: Pair) -> None:
    pair.move("running")
    pair.becomes(RUNNING)
    pair.service.refusal = problem(503, "starting")
    eventually(lambda: "starting" in pair.log)
    pair.client.put(f"job/{pair.girder_id}/cancel")
    time.sleep(2)
    assert pair.girder["status"] == RUNNING
    assert pair.log.count("starting") == 1, "said once"
    pair.service.refusal = None
    pair.becomes(CANCELED)


STRANGE = (
    {"status": "ok"},
    {"state": "asleep"},
    {"state": ["done"]},
    {"progress": None},
    {"progress": {"done": "7", "total": "9"}},
    {"failure": "damaged"},
)


@pytest.mark.parametrize("strange", STRANGE, ids=str)
def test_another_service_in_its_place_is_said_once_and_waited_out(
    dsa: Archive, pair: Pair, strange: Document
) -> None:
    log = dsa.stack.folder / "girder.log"
    pair.move("running", stage="predict", done=1, total=9)
    pair.becomes(RUNNING)
    before = log.stat().st_size
    job = pair.service.jobs[pair.id]
    pair.service.garbage = json.dumps(strange if "status" in strange else job | strange).encode()
    eventually(lambda: "in the place of the HistoLoop service" in pair.log)
    time.sleep(2.5)
    assert pair.girder["status"] == RUNNING
    assert pair.log.count("in the place of the HistoLoop service") == 1
    assert b"Traceback" not in log.read_bytes()[before:]
    pair.service.garbage = None
    pair.move("done")
    pair.becomes(SUCCESS)


def test_a_job_that_the_service_has_forgotten_ends(pair: Pair) -> None:
    del pair.service.jobs[pair.id]
    pair.becomes(ERROR)
    assert "does not know this job" in pair.log


def test_one_lost_job_does_not_hold_up_the_others(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    lost, other = Pair(dsa, service, slide), Pair(dsa, service, slide)
    del service.jobs[lost.id]
    other.move("done")
    other.becomes(SUCCESS)
    lost.becomes(ERROR)


def test_jobs_are_taken_up_again_after_a_restart(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    pair = Pair(dsa, service, slide)
    pair.move("running")
    pair.becomes(RUNNING)
    dsa.stack.stop_girder()
    pair.move("done", stage="done")
    dsa.stack.start_girder()
    pair.client = client_of(dsa, "annotator")
    pair.becomes(SUCCESS)


def test_the_jobs_token_runs_out_when_the_job_has_ended(
    dsa: Archive, pair: Pair, slide: str
) -> None:
    sent = pair.service.received("POST", "jobs")[-1]
    headers = {"Girder-Token": sent.headers["Girder-Token"]}
    session = f"{dsa.url}/token/session"
    before = requests.get(session, headers=headers, timeout=60).json()["expires"]
    pair.move("done")
    pair.becomes(SUCCESS)
    eventually(
        lambda: requests.get(session, headers=headers, timeout=60).json()["expires"] < before
    )


def test_others_do_not_see_the_job(dsa: Archive, pair: Pair) -> None:
    job = f"{dsa.url}/job/{pair.girder_id}"
    other = {"Girder-Token": str(client_of(dsa, "reader").token)}
    assert requests.get(job, headers=other, timeout=60).status_code == 403
    assert requests.put(f"{job}/cancel", headers=other, timeout=60).status_code == 403
