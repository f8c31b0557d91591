"""Signing in to the service with an account of a real DSA."""

from __future__ import annotations

import logging
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from flask.testing import FlaskClient
from limits import parse
from tests.service.conftest import client_of, dsa_settings

from histoloop.errors import UsageError
from histoloop.service.app import create_app
from histoloop.service.server import running


@pytest.fixture
def browser(served) -> FlaskClient:
    """Keeps cookies, and nobody has signed in."""
    return create_app(served.library).test_client()


def sign_in(client, person, **headers):
    body = {"login": person.login, "password": person.password}
    return client.post("/api/session", json=body, headers=headers)


def test_a_user_signs_in_is_known_and_signs_out(browser, dsa, dsa_slides):
    before = browser.get("/api/session").json
    assert before["mode"] == "dsa"
    assert before["user"] is None
    assert sign_in(browser, dsa.people["annotator"]).json["user"]["login"] == "annotator"
    assert browser.get("/api/session").json["user"]["name"] == "Annotator Test"
    slide = next(iter(dsa_slides.values()))
    assert browser.get(f"/api/slides/{slide}").status_code == 200
    assert browser.delete("/api/session").status_code == 204
    assert browser.get("/api/session").json["user"] is None
    assert browser.get(f"/api/slides/{slide}").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(served, dsa):
    for encrypted in (False, True):
        public = {"public_url": "https://histoloop.example.org"} if encrypted else {}
        changed = served.library.settings.model_copy(update=public)
        browser = create_app(replace(served.library, settings=changed)).test_client()
        said = sign_in(browser, dsa.people["reader"]).headers["Set-Cookie"]
        cookie = next(iter(SimpleCookie(said).values()))
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert bool(cookie["secure"]) == encrypted


def test_a_token_can_be_given_instead(browser, dsa):
    answer = browser.post("/api/session", json={"token": dsa.token("reader")})
    assert answer.json["user"]["login"] == "reader"
    assert browser.post("/api/session", json={"token": "x" * 64}).status_code == 401


def test_who_guesses_a_password_is_held_up_and_others_are_not(browser, dsa, monkeypatch):
    monkeypatch.setattr("histoloop.service.session._GUESSES", parse("10/hour"))  # of any machine
    wrong = {"login": "somebody", "password": "a-guess"}
    spellings = [wrong | {"login": name} for name in ("somebody", "Somebody", " SOMEBODY ")] * 4
    found = [browser.post("/api/session", json=one).status_code for one in spellings]
    assert found == [401] * 10 + [429] * 2
    masked = wrong | {"login": "somebody:a"}  # which Basic authentication would cut in two
    assert browser.post("/api/session", json=masked).status_code == 422
    for _ in range(12):
        assert sign_in(browser, dsa.people["annotator"]).status_code == 200


def test_a_request_is_not_read_without_end(browser):
    answer = browser.post("/api/session", json={"login": "x" * 2**21})
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_a_wrong_password_is_refused_and_repeated_nowhere(browser, dsa, caplog):
    caplog.set_level(logging.DEBUG)
    answer = browser.post("/api/session", json={"login": "annotator", "password": "wr0ng-secret"})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "Set-Cookie" not in answer.headers
    sign_in(browser, dsa.people["annotator"])
    said = answer.get_data(as_text=True) + caplog.text
    assert "wr0ng-secret" not in said
    assert dsa.people["annotator"].password not in said
    assert browser.get_cookie("histoloop_token").value not in said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 404),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({}, 404),
    ],
)
def test_only_our_own_pages_change_anything_with_a_cookie(browser, dsa, headers, status):
    sign_in(browser, dsa.people["annotator"])
    answer = browser.post("/api/jobs/nope/cancel", headers=headers)
    assert answer.status_code == status, answer.json


def test_whoever_holds_a_token_in_hand_may_come_from_anywhere(served, dsa):
    client = create_app(served.library).test_client()
    headers = {"Girder-Token": dsa.token("annotator"), "Origin": "http://evil.example"}
    assert client.post("/api/jobs/nope/cancel", headers=headers).status_code == 404


def test_the_only_user_of_a_machine_is_spared_the_sign_in(dsa, dsa_slides, new_home):
    said = dsa_settings(new_home, dsa.url, dsa_key=dsa.api_key("annotator"))
    slide = next(iter(dsa_slides.values()))
    with running(said) as service:
        client = create_app(service.library).test_client()
        assert client.get("/api/session").json["user"]["login"] == "annotator"
        assert client.get(f"/api/slides/{slide}").status_code == 200
        # By a name that is not this machine's, as a page that rebinds its own would ask.
        foreign = {"Host": "evil.example:8080"}
        assert client.get(f"/api/slides/{slide}", headers=foreign).status_code == 401
        # Somebody else's token is somebody else.
        stranger = {"Girder-Token": dsa.token("stranger")}
        assert client.get(f"/api/slides/{slide}", headers=stranger).status_code == 403


def test_others_may_come_to_an_archive_and_must_sign_in(dsa, dsa_slides, new_home, plain_slide):
    slide = next(iter(dsa_slides.values()))
    said = dsa_settings(new_home, dsa.url, dsa_key=dsa.api_key("annotator"), host="0.0.0.0")
    with running(said) as service:
        client = create_app(service.library).test_client()
        assert client.get(f"/api/slides/{slide}").status_code == 401
    folder = dsa_settings(new_home, None, slides=plain_slide.parent, host="0.0.0.0")
    with pytest.raises(UsageError, match="knows no users"), running(folder):
        pass


def test_a_folder_needs_no_sign_in(new_home, plain_slide):
    said = dsa_settings(new_home, None, slides=plain_slide.parent)
    with client_of(said, "whatever") as client:
        assert client.get("/api/session").json == {
            "mode": "folder",
            "site": None,
            "user": None,
            "retrains": False,
            "datasets": True,
        }
        assert client.post("/api/session", json={"token": "t"}).status_code == 400
        assert client.get("/api/health").json["mode"] == "folder"
        assert len(client.get("/api/slides").json["slides"]) == 1
