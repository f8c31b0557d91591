"""The panel in HistomicsUI when the service is slow, refuses, fails or says hostile things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.plugin import service_double
from tests.plugin.conftest import client_of
from tests.plugin.service_double import ServiceDouble, problem
from tests.support.dsa.browser import PATIENCE, open_browser, open_in_histomics
from tests.support.dsa.provision import Archive

expect.set_options(timeout=PATIENCE)

WEB_CLIENT = Path(__file__).parents[2] / "plugin/girder_histoloop/web_client"
HOSTILE = '"><img src=x onerror="window.hacked = true">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(service: ServiceDouble, browser: Browser, dsa: Archive, slide: str) -> Iterator[Page]:
    with open_in_histomics(browser, dsa, slide) as opened:
        expect(opened.locator(".hl-segment")).to_be_enabled()
        yield opened


@pytest.mark.parametrize("script", sorted(WEB_CLIENT.glob("*.js")), ids=lambda path: path.name)
def test_a_script_stays_small(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 300


def start(page: Page, service: ServiceDouble) -> str:
    """Press Segment; the job's id."""
    known = set(service.jobs)
    page.locator(".hl-segment").click()
    expect(page.locator(".hl-progress")).to_be_visible()
    return next(id for id in service.jobs if id not in known)


def reload(page: Page) -> None:
    page.reload()
    page.locator(".hl-segment").wait_for()
    page.wait_for_load_state("networkidle")


def test_the_slide_the_view_or_a_region_is_asked_for(page: Page, service: ServiceDouble) -> None:
    for where, roi in (("Slide", None), ("View", [0, 0, 500, 400])):
        page.locator(".hl-where label", has_text=where).click()
        page.locator("#hl-threshold").fill("0.7")
        job = service.jobs[start(page, service)]
        assert (job["roi"], job["threshold"], job["model"]) == (roi, 0.7, "tumor@3")
        service.move(job["id"], "done")
        expect(page.locator(".hl-outcome")).to_contain_text("Done")


def test_earlier_layers_are_replaced_only_when_that_is_ticked(
    page: Page, service: ServiceDouble
) -> None:
    box = page.get_by_label("Replace this model's earlier layers")
    expect(box).not_to_be_checked()
    for wanted in (False, True):
        box.set_checked(wanted)
        job = start(page, service)
        assert service.received("POST", "jobs")[-1].body["replace"] is wanted
        service.move(job, "done")
        expect(page.locator(".hl-segment")).to_be_enabled()


def test_progress_has_tiles_speed_and_time_left(page: Page, service: ServiceDouble) -> None:
    job = start(page, service)
    service.move(job, "running", stage="predict", done=120, total=480, tiles_per_s=3.42, eta_s=105)
    message = page.locator(".hl-message")
    expect(message).to_contain_text("predict: 120 of 480 tiles")
    expect(message).to_contain_text("3.4 tiles/s · 1 min 45 s left")
    expect(page.locator(".progress-bar[role=progressbar]").first).to_have_attribute(
        "aria-valuenow", "25"
    )
    page.locator(".hl-cancel").click()
    expect(page.locator(".hl-outcome")).to_contain_text("Cancelled")
    expect(page.locator(".hl-segment")).to_be_enabled()


def test_a_job_that_runs_is_found_again_after_a_reload(page: Page, service: ServiceDouble) -> None:
    job = start(page, service)
    service.move(job, "running", stage="predict", done=1, total=2)
    reload(page)
    expect(page.locator(".hl-message")).to_contain_text("1 of 2 tiles")


def test_who_may_only_read_follows_a_job_but_neither_stops_nor_starts_one(
    service: ServiceDouble, browser: Browser, dsa: Archive, slide: str
) -> None:
    job = client_of(dsa, "annotator").post("histoloop/jobs", json={"slide": slide})["id"]
    service.move(job, "running", stage="predict", done=1, total=2)
    with open_in_histomics(browser, dsa, slide, "reader") as page:
        expect(page.locator(".hl-message")).to_contain_text("1 of 2 tiles")
        expect(page.locator(".hl-outcome")).to_contain_text("not write")
        expect(page.locator(".hl-cancel")).to_be_hidden()
        expect(page.locator(".hl-segment")).to_be_disabled()
        service.move(job, "done")
        expect(page.locator(".hl-outcome")).to_contain_text("Done")
        expect(page.locator(".hl-segment")).to_be_disabled()


def test_without_a_model_a_job_can_be_stopped_and_none_started(
    page: Page, service: ServiceDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(page, service)
    monkeypatch.setattr(service_double, "MODELS", [])
    reload(page)
    expect(page.locator(".hl-outcome")).to_contain_text("no model")
    page.locator(".hl-cancel").click()
    expect(page.locator(".hl-outcome")).to_contain_text("Cancelled")
    expect(page.locator(".hl-segment")).to_be_disabled()
    assert service.jobs[job]["state"] == "cancelled"


def test_a_refusal_and_a_failure_say_what_to_do(page: Page, service: ServiceDouble) -> None:
    service.refusal = problem(422, "the slide has no scale", "say its µm/px first")
    page.locator(".hl-segment").click()
    outcome = page.locator(".hl-outcome")
    expect(outcome).to_contain_text("the slide has no scale")
    expect(outcome.locator(".hl-hint")).to_have_text("say its µm/px first")
    service.refusal = None
    job = start(page, service)
    service.move(job, "failed", failure={"stage": "read", "cause": "damaged", "hint": "upload it"})
    expect(outcome).to_contain_text("damaged")
    expect(outcome.locator(".hl-hint")).to_have_text("upload it")


def test_a_service_that_goes_away_is_waited_for(page: Page, service: ServiceDouble) -> None:
    job = start(page, service)
    service.refusal = problem(503, "starting")
    expect(page.locator(".hl-outcome")).to_contain_text("starting")
    service.refusal = None
    service.move(job, "running", stage="predict", done=1, total=2)
    expect(page.locator(".hl-message")).to_contain_text("1 of 2 tiles")
    expect(page.locator(".hl-outcome")).to_be_hidden()


def test_names_are_text(
    page: Page, service: ServiceDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = dict.fromkeys(("reference", "name", "notice", "summary"), HOSTILE)
    classes = [{"name": HOSTILE, "code": 1, "color": HOSTILE}]
    model = service_double.MODEL | hostile | {"classes": classes}
    monkeypatch.setattr(service_double, "MODEL", model)
    monkeypatch.setattr(service_double, "MODELS", [model])
    reload(page)
    expect(page.locator(".hl-notice")).to_have_text(HOSTILE)
    expect(page.locator(".hl-model option").last).to_have_text(HOSTILE)
    job = start(page, service)
    expect(page.locator(".hl-run .hl-name").first).to_have_text(HOSTILE)
    service.move(job, "failed", failure={"stage": "x", "cause": HOSTILE, "hint": HOSTILE})
    expect(page.locator(".hl-what-happened")).to_have_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
