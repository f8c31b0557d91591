"""Checking a slide first, segmenting several, and the queue, in a real browser on real tissue."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.support.damaged import spoil_tile
from tests.support.dsa.browser import open_browser

from histoloop.config import settings
from histoloop.geometry import Mpp, Size
from histoloop.service.app import STATIC
from histoloop.service.server import running
from histoloop.slides.pyramid import write_pyramid

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")
"""A folder to leave pictures in, for people who want to look."""

LONG = 180_000.0
"""Milliseconds; a shared machine predicts slowly."""


@pytest.fixture(scope="module")
def served(
    bcss: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Address of a service and its folder: two sound slides, a torn, a hurt and an unscaled one."""
    if not (STATIC / "index.html").is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("the viewer is not built")
    slides = tmp_path_factory.mktemp("slides")
    whole = np.asarray(Image.open(next(iter(bcss.values()))).convert("RGB"))
    pixels = np.ascontiguousarray(whole[:1600, :1600])
    # The first is worth several tiles; the hurt one is read at its finest level.
    for name, mpp in {
        "a-one": 0.5,
        "b-two": 0.3,
        "c-hurt": 1.0,
        "d-three": 0.3,
        "e-torn": 0.3,
    }.items():
        shown = whole if name == "a-one" else pixels
        size = Size(shown.shape[1], shown.shape[0])
        write_pyramid(slides / f"{name}.tiff", size, Mpp.square(mpp), [shown])
    spoil_tile(slides / "c-hurt.tiff", number=24)
    torn = slides / "e-torn.tiff"
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    Image.fromarray(pixels).save(slides / "f-no-scale.png")
    said = settings(slides=slides, home=tmp_path_factory.mktemp("home"), port=0, workers=1)
    with running(said) as service:
        yield service.url, slides


@pytest.fixture
def page(served: tuple[str, Path]) -> Iterator[Page]:
    """The viewer, opened; a page error fails the test."""
    errors: list[str] = []
    expect.set_options(timeout=60_000)
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(served[0])
        expect(page.get_by_test_id("slide-item")).to_have_count(6)
        yield page
    assert errors == []


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/launch-{name}.png")


def look_at_another(page: Page) -> None:
    """Than what is segmented: software that draws a new overlay holds up all frames for a while."""
    page.get_by_test_id("slide-item").nth(1).click()
    expect(page.locator("#stage-header")).to_contain_text("b-two")


def test_a_slide_is_checked_before_it_is_segmented(page: Page) -> None:
    page.get_by_test_id("check-button").click()
    card = page.get_by_test_id("preflight")
    expect(card.get_by_test_id("fact-scale")).to_contain_text("0.50 µm/px, from the file")
    expect(card.get_by_test_id("fact-resampling")).to_contain_text("times to the model's scale")
    expect(card.get_by_test_id("fact-tiles")).to_contain_text(re.compile(r"Tiles\d+"))
    shoot(page, "check-waits")
    expect(card.get_by_test_id("samples")).to_have_attribute("data-state", "done", timeout=LONG)
    expect(card.get_by_test_id("fact-time")).to_contain_text("from the sample tiles")
    expect(card.get_by_test_id("sample")).to_have_count(3)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.sample img')]"
        ".every(one => one.complete && one.naturalWidth > 64)"
    )
    shoot(page, "check")
    overlay = card.get_by_test_id("sample-overlay").first
    expect(overlay).to_be_visible()
    card.get_by_test_id("samples-overlay").uncheck()
    expect(overlay).to_be_hidden()
    card.get_by_text("Advanced").click()
    card.get_by_test_id("pick-runtime").select_option("tensorflow")
    expect(card.get_by_test_id("samples")).to_have_attribute("data-state", "done", timeout=LONG)
    shoot(page, "check-advanced")
    card.get_by_test_id("pick-runtime").select_option("auto")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_who_knows_the_scale_says_it(page: Page) -> None:
    page.get_by_test_id("slide-item").nth(5).click()
    expect(page.get_by_test_id("segment-obstacle")).to_contain_text("Check first")
    page.get_by_test_id("check-button").click()
    card = page.get_by_test_id("preflight")
    expect(card.get_by_role("alert")).to_contain_text("does not say its micrometres per pixel")
    shoot(page, "no-scale")
    card.get_by_test_id("slide-mpp").fill("0,3")
    card.get_by_test_id("slide-mpp").press("Enter")
    expect(card.get_by_test_id("fact-scale")).to_contain_text("0.30 µm/px, given by you")
    card.get_by_test_id("preflight-segment").click()
    expect(page.get_by_test_id("job-state")).to_have_text("Done", timeout=LONG)


def test_of_a_folder_one_bad_slide_stops_no_other(page: Page) -> None:
    look_at_another(page)
    page.get_by_test_id("choose-slides").click()
    boxes = page.get_by_test_id("slide-check")
    expect(boxes.nth(4)).to_be_disabled()  # it cannot be opened, and its line says why
    boxes.nth(0).click()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.get_by_test_id("batch-count")).to_have_text("4 selected")
    page.get_by_test_id("select-all").click()
    expect(page.get_by_test_id("batch-count")).to_have_text("5 selected")
    for other in (1, 5):
        boxes.nth(other).click()
    expect(page.get_by_test_id("batch-count")).to_have_text("3 selected")
    shoot(page, "select")
    page.get_by_test_id("segment-selection").click()
    rows = page.get_by_test_id("queue-job")
    expect(page).to_have_url(re.compile("#queue"))
    for name in ("a-one", "c-hurt", "d-three"):
        expect(rows.filter(has_text=f"{name}.tiff").first).to_be_visible()
    shoot(page, "queue")
    for name in ("a-one", "d-three"):
        row = rows.filter(has_text=f"{name}.tiff").first
        expect(row).to_have_attribute("data-state", "done", timeout=LONG)
    hurt = rows.filter(has_text="c-hurt.tiff")
    expect(hurt).to_have_attribute("data-state", "failed", timeout=LONG)
    expect(hurt.get_by_test_id("queue-failure")).to_contain_text("c-hurt.tiff")
    expect(hurt.locator(".hint")).not_to_be_empty()
    shoot(page, "queue-ended")
    hurt.get_by_test_id("queue-place").click()
    expect(page.get_by_test_id("queue")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#slide=.*x=.*zoom="))
    expect(page.locator("#stage-header")).to_contain_text("c-hurt")
    page.wait_for_timeout(2500)
    shoot(page, "place")


def test_a_job_is_cancelled_and_run_again_from_the_queue(
    page: Page, served: tuple[str, Path]
) -> None:
    look_at_another(page)
    page.get_by_test_id("choose-slides").click()
    page.get_by_test_id("slide-check").nth(0).press("Space")
    segment = page.get_by_test_id("segment-selection")
    expect(segment).to_be_enabled()  # a frame later: no person is as fast as a test
    segment.press("Enter")
    row = page.get_by_test_id("queue-job").first
    row.get_by_test_id("queue-cancel").click()
    cancelled = page.locator('[data-testid=queue-job][data-state="cancelled"]')
    expect(cancelled).to_have_count(1, timeout=LONG)
    job = cancelled.get_attribute("data-job")
    cancelled.get_by_test_id("queue-retry").click()
    again = page.locator(f'[data-job="{job}"]')
    expect(again).to_have_attribute("data-state", "done", timeout=LONG)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("queue")).to_have_count(0)

    page.goto(f"{served[0]}/#queue")
    page.reload()
    expect(page.get_by_test_id("queue-job").first).to_be_visible()
    expect(page.locator("#queue-title")).to_be_focused()


def test_an_empty_queue_says_how_to_fill_it(page: Page) -> None:
    page.route("**/api/jobs?whose=account*", lambda route: route.fulfill(json={"jobs": []}))
    page.get_by_test_id("queue-button").click()
    expect(page.get_by_test_id("queue-empty")).to_contain_text("Select")
    shoot(page, "queue-empty")
