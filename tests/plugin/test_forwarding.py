"""Who may ask, and what comes back when the service refuses or is away."""

from __future__ import annotations

import socket

import pytest
import requests
from tests.plugin.conftest import client_of, eventually, set_setting
from tests.plugin.service_double import ServiceDouble, problem
from tests.support.dsa.provision import Archive, Role

SUCCESS = 3


def ask(
    archive: Archive, role: Role | None, method: str, path: str, body: object = None
) -> requests.Response:
    headers = {"Girder-Token": str(client_of(archive, role).token)} if role else {}
    return requests.request(
        method, f"{archive.url}/histoloop/{path}", json=body, headers=headers, timeout=60
    )


@pytest.fixture
def job(dsa: Archive, service: ServiceDouble, slide: str) -> dict[str, str]:
    """A job that the annotator has started."""
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide})
    assert answer.status_code == 200
    return answer.json()


READ_ROUTES = ("jobs?slide={slide}", "runs?slide={slide}", "jobs/{id}", "runs/{run}")
WRITE_ROUTES = (("jobs", True), ("jobs/{id}/cancel", False))


@pytest.mark.parametrize("route", READ_ROUTES)
@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("annotator", 200), ("reader", 200), ("stranger", 403), (None, 401)],
)
def test_reading_takes_read_access_to_the_slide(
    dsa: Archive, service: ServiceDouble, job: dict[str, str], route: str, role: Role, status: int
) -> None:
    answer = ask(dsa, role, "GET", route.format(**job))
    assert answer.status_code == status
    if status != 200 and not route.startswith("runs/"):  # of a run only the service knows the slide
        token = str(client_of(dsa, role).token) if role else None
        asked = [sent for sent in service.sent if sent.headers["Girder-Token"] == token]
        assert asked == [], "refused before the service was asked"


@pytest.mark.parametrize(("route", "has_body"), WRITE_ROUTES)
@pytest.mark.parametrize(
    ("role", "status"),
    [("annotator", 200), ("reader", 403), ("stranger", 403), (None, 401)],
)
def test_starting_and_stopping_take_write_access(
    dsa: Archive,
    service: ServiceDouble,
    job: dict[str, str],
    route: str,
    has_body: bool,
    role: Role,
    status: int,
) -> None:
    path = route.format(**job)
    before = len(service.received("POST", path))
    answer = ask(dsa, role, "POST", path, {"slide": job["slide"]} if has_body else None)
    assert answer.status_code == status
    assert len(service.received("POST", path)) - before == (status == 200)


@pytest.mark.parametrize("route", ["health", "models", "panel"])
def test_the_rest_takes_an_account(dsa: Archive, service: ServiceDouble, route: str) -> None:
    assert ask(dsa, "stranger", "GET", route).status_code == 200
    assert ask(dsa, None, "GET", route).status_code == 401


def test_only_an_admin_sets_the_secret(dsa: Archive) -> None:
    body = {"secret": "x" * 20}
    assert ask(dsa, "annotator", "PUT", "secret", body).status_code == 403
    assert ask(dsa, None, "PUT", "secret", body).status_code == 401


def test_the_service_is_asked_with_the_callers_own_token(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    token = str(client_of(dsa, "reader").token)
    url = f"{dsa.url}/histoloop/jobs?slide={slide}"
    requests.get(url, headers={"Girder-Token": token}, timeout=60).raise_for_status()
    sent = service.received("GET", "jobs")[-1]
    assert sent.headers["Girder-Token"] == token
    assert sent.query == {"slide": slide}


def test_a_job_gets_a_token_of_its_user_that_can_do_no_more_than_it_must(
    dsa: Archive, service: ServiceDouble, slide: str, job: dict[str, str]
) -> None:
    token = service.received("POST", "jobs")[-1].headers["Girder-Token"]
    own = {"Girder-Token": token}

    me = requests.get(f"{dsa.url}/user/me", headers=own, timeout=60).json()
    assert me["login"] == "annotator"
    assert requests.get(f"{dsa.url}/item/{slide}", headers=own, timeout=60).ok
    key = requests.post(f"{dsa.url}/api_key", headers=own, timeout=60)
    assert key.status_code == 401, "it does not stand for the user in all things"

    seen = [client_of(dsa, role).get(f"job/{job['girder_job']}") for role in ("admin", "annotator")]
    assert token not in str(seen)
    assert token not in str(job)
    assert token not in (dsa.stack.folder / "girder.log").read_text(errors="replace")


def test_only_what_is_known_is_passed_on(dsa: Archive, service: ServiceDouble, slide: str) -> None:
    how = {"roi": [1, 2, 30, 40], "threshold": 0.7, "model": "tumor@3", "replace": True}
    asked = {"slide": slide, **how}
    ask(dsa, "annotator", "POST", "jobs", {**asked, "kind": "train", "else": 1})
    assert service.received("POST", "jobs")[-1].body == {"kind": "segment", **asked}


@pytest.mark.parametrize("value", ["true", 1, [True]], ids=str)
def test_only_a_clear_yes_replaces_layers(
    dsa: Archive, service: ServiceDouble, slide: str, value: object
) -> None:
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide, "replace": value})
    assert answer.status_code == 400
    assert "replace must be true or false" in answer.json()["message"]
    assert service.sent == []


def test_the_default_model_is_used_when_none_is_named(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    set_setting(dsa, "histoloop.default_model", "mine@2")
    ask(dsa, "annotator", "POST", "jobs", {"slide": slide})
    set_setting(dsa, "histoloop.default_model", "")
    assert service.received("POST", "jobs")[-1].body["model"] == "mine@2"


@pytest.mark.parametrize("id", ["..", "..%2Fmodels", "a%2Fb", "x" * 65, "a.b", "%3Fq"])
def test_no_path_but_an_id_is_passed_on(dsa: Archive, service: ServiceDouble, id: str) -> None:
    for path in (f"jobs/{id}", f"runs/{id}"):
        assert ask(dsa, "admin", "GET", path).status_code in (400, 404)
    assert service.sent == []


def test_an_item_that_is_no_slide_is_refused(dsa: Archive, service: ServiceDouble) -> None:
    item = client_of(dsa, "annotator").createItem(dsa.folders["private"], "no slide")["_id"]
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": item})
    assert answer.status_code == 400
    assert "no large image" in answer.json()["message"]
    assert service.sent == []


@pytest.mark.parametrize("status", [404, 409, 413, 422])
def test_what_was_asked_wrongly_is_said_with_the_services_words(
    dsa: Archive, service: ServiceDouble, status: int
) -> None:
    service.refusal = problem(status, "the slide has no scale", "give --slide-mpp")
    answer = ask(dsa, "reader", "GET", "models")
    assert answer.status_code == status
    assert answer.json() == {
        "type": "rest",
        "message": "the slide has no scale",
        "extra": {"hint": "give --slide-mpp"},
    }
    service.refusal = None


@pytest.mark.parametrize("status", [301, 401, 500, 503])
def test_faults_of_the_service_are_502(dsa: Archive, service: ServiceDouble, status: int) -> None:
    service.refusal = problem(status, "out of memory", "its log has the details")
    answer = ask(dsa, "reader", "GET", "models")
    assert answer.status_code == 502
    assert "out of memory" in answer.json()["message"]
    service.refusal = None


def test_another_site_in_its_place_is_502(dsa: Archive, service: ServiceDouble) -> None:
    service.garbage = b"<html>welcome</html>"
    answer = ask(dsa, "reader", "GET", "models")
    assert answer.status_code == 502
    assert "histoloop.service_url" in answer.json()["extra"]["hint"]
    service.garbage = None


def test_what_knows_no_jobs_starts_none(dsa: Archive, service: ServiceDouble, slide: str) -> None:
    known = client_of(dsa, "annotator").get("job", parameters={"limit": 0})
    service.garbage = b'{"welcome": "stranger"}'
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide})
    service.garbage = None
    assert answer.status_code == 502
    assert "histoloop.service_url" in answer.json()["extra"]["hint"]
    assert client_of(dsa, "annotator").get("job", parameters={"limit": 0}) == known


def test_a_service_that_is_down_is_one_clear_503(dsa: Archive) -> None:
    with socket.socket() as held:  # nobody listens there
        held.bind(("127.0.0.1", 0))
        set_setting(dsa, "histoloop.service_url", f"http://127.0.0.1:{held.getsockname()[1]}")
        answer = ask(dsa, "reader", "GET", "models")
    assert answer.status_code == 503
    assert answer.json()["message"] == "The HistoLoop service does not answer."
    assert "start it" in answer.json()["extra"]["hint"]


def test_a_service_that_hangs_is_given_up(dsa: Archive, service: ServiceDouble) -> None:
    service.delay = 17
    answer = ask(dsa, "reader", "GET", "models")
    assert answer.status_code == 503
    assert "15 s" in answer.json()["message"]
    service.delay = 0


def test_a_job_that_the_service_refuses_leaves_nothing_behind(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    service.refusal = problem(422, "the slide has no scale")
    known = client_of(dsa, "annotator").get("job", parameters={"limit": 0})
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide})
    assert answer.status_code == 422
    assert client_of(dsa, "annotator").get("job", parameters={"limit": 0}) == known
    token = service.received("POST", "jobs")[-1].headers["Girder-Token"]
    gone = requests.get(f"{dsa.url}/item/{slide}", headers={"Girder-Token": token}, timeout=60)
    assert gone.status_code == 401
    service.refusal = None


def is_valid(archive: Archive, token: str) -> bool:
    headers = {"Girder-Token": token}
    return requests.get(f"{archive.url}/user/me", headers=headers, timeout=60).json() is not None


def test_a_service_that_looks_long_at_a_new_slide_is_waited_for(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    service.delay = 17
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide})
    service.delay = 0
    assert answer.status_code == 200
    assert [answer.json()["id"]] == list(service.jobs)


def test_a_job_that_was_taken_without_an_answer_is_followed(
    dsa: Archive, service: ServiceDouble, slide: str
) -> None:
    other = ask(dsa, "annotator", "POST", "jobs", {"slide": slide}).json()
    service.hangs_up = "after"
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide, "model": "tumor"})
    assert answer.status_code == 200
    job = answer.json()
    assert list(service.jobs) == [other["id"], job["id"]]
    assert is_valid(dsa, service.received("POST", "jobs")[-1].headers["Girder-Token"])
    service.move(job["id"], "done")
    girder = client_of(dsa, "annotator")
    eventually(lambda: girder.get(f"job/{job['girder_job']}")["status"] == SUCCESS)


LIKE = {"model": "tumor@3", "roi": [1, 2, 30, 40], "threshold": 0.7, "replace": False}
OTHERS = (
    {"created": "2026-01-02T03:04:05+00:00"},
    {"model": "stroma@3"},
    {"roi": None},
    {"threshold": 0.6},
    {"replace": True},
)


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_no_other_job_is_taken_for_the_one_without_an_answer(
    dsa: Archive, service: ServiceDouble, slide: str, other: dict[str, object]
) -> None:
    theirs = service.start(slide, **LIKE | {"created": "2100-01-01T00:00:00+00:00"} | other)
    service.hangs_up = "before"
    answer = ask(dsa, "annotator", "POST", "jobs", {"slide": slide, **LIKE})
    assert answer.status_code == 503
    assert list(service.jobs) == [theirs]
    assert not is_valid(dsa, service.received("POST", "jobs")[-1].headers["Girder-Token"])
