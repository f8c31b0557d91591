"""The demo in a real browser, as a newcomer sees it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support.dsa.browser import open_browser

pytestmark = pytest.mark.e2e

COMMAND = Path(sys.executable).with_name("histoloop")
SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")
"""A folder to leave pictures in, for people who want to look."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running demo."""
    home = tmp_path_factory.mktemp("demo")
    command = [COMMAND, "demo", "--home", home, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield next(
                found[0] for line in process.stdout if (found := re.search(r"http\S+", line))
            )
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


@pytest.fixture
def page(demo: str) -> Iterator[Page]:
    """The demo, opened; a page error fails the test."""
    errors: list[str] = []
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(demo)
        yield page
    assert errors == []


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def overlay(page: Page, what: str) -> int:
    return int(page.get_by_test_id("overlay-canvas").get_attribute(f"data-{what}") or 0)


def wait_for_tiles(page: Page) -> None:
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=overlay-canvas]').dataset.tiles) > 0",
        timeout=90_000,
    )


def segment(page: Page) -> None:
    """Press Segment and wait for the first tiles of the new run."""
    before = re.search(r"run=(\w+)", page.url)
    page.get_by_test_id("segment-button").click()
    expect(page).not_to_have_url(re.compile(before[0] if before else "never"), timeout=30_000)
    wait_for_tiles(page)


def painted(page: Page) -> int:
    """A checksum of what the stage shows."""
    return hash(page.get_by_test_id("overlay-canvas").screenshot())


def set_threshold(page: Page, value: float) -> None:
    page.get_by_test_id("threshold").fill(str(value))


def jobs(page: Page) -> list[dict[str, str]]:
    return page.evaluate("async () => (await (await fetch('api/jobs')).json()).jobs")


def ended(page: Page, state: str) -> None:
    expect(page.get_by_test_id("job-state")).to_have_text(re.compile(state, re.I), timeout=120_000)


def test_a_newcomer_sees_the_prediction_stream_and_moves_the_threshold(page: Page) -> None:
    wait_for_tiles(page)
    ended(page, "done")  # the segmentation that the demo itself has asked for
    shoot(page, "demo")

    segment(page)
    assert jobs(page)[0]["state"] == "running", "tiles are seen before the job ends"
    shoot(page, "streaming")
    ended(page, "done")

    page.wait_for_timeout(1500)  # the last tiles have arrived and faded in
    before, requests, known = painted(page), overlay(page, "requests"), len(jobs(page))
    set_threshold(page, 0.97)
    page.wait_for_timeout(500)
    assert painted(page) != before, "the overlay follows the threshold"
    assert overlay(page, "requests") == requests, "without another request"
    assert len(jobs(page)) == known, "and without another job"
    shoot(page, "threshold")

    page.get_by_test_id("mode-probability").click()
    page.wait_for_timeout(500)
    shoot(page, "probability")


def test_a_running_job_is_cancelled(page: Page) -> None:
    segment(page)
    page.get_by_test_id("cancel-button").click()
    ended(page, "cancelled")
    assert jobs(page)[0]["state"] == "cancelled"
    shoot(page, "cancelled")


def test_the_address_holds_the_view(page: Page) -> None:
    page.wait_for_timeout(1500)
    set_threshold(page, 0.7)
    page.get_by_test_id("mode-probability").click()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(2000)
    address = page.url
    assert "threshold=0.70" in address
    page.reload()
    page.wait_for_timeout(2500)
    assert page.url == address
    assert page.get_by_test_id("threshold").input_value() == "0.7"
    shoot(page, "restored")
