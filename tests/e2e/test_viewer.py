"""The demo in a real browser, as a newcomer sees it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.viewer import (
    address_at_rest,
    at_rest,
    drawn_tiles,
    looking_at,
    picture_of,
    shoot,
    until,
)

pytestmark = pytest.mark.e2e

COMMAND = Path(sys.executable).with_name("histoloop")


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
            assert process.wait(120) == 0


@pytest.fixture
def page(browser: Browser, demo: str) -> Iterator[Page]:
    """The demo, opened."""
    with looking_at(browser, demo) as page:
        yield page


def overlay(page: Page, what: str) -> int:
    return int(page.get_by_test_id("overlay-canvas").get_attribute(f"data-{what}") or 0)


def segment(page: Page) -> None:
    """Press Segment and wait for the first tiles of the new run."""
    drawn_tiles(page)  # of a run before: the demo has one
    before = re.search(r"run=\w+", address_at_rest(page))
    assert before
    page.get_by_test_id("segment-button").click()
    expect(page).not_to_have_url(re.compile(before[0]))
    drawn_tiles(page)


def requests_at_rest(page: Page) -> int:
    """Wait until no more tiles are asked for: what a job has touched is, half a second later."""
    before = -1
    while (now := overlay(page, "requests")) != before:
        before = now
        page.wait_for_timeout(2000)
    return now


def set_threshold(page: Page, value: float) -> None:
    page.get_by_test_id("threshold").fill(str(value))


def jobs(page: Page) -> list[dict[str, str]]:
    return page.evaluate("async () => (await (await fetch('api/jobs')).json()).jobs")


def ended(page: Page, state: str) -> None:
    expect(page.get_by_test_id("job-state")).to_have_text(re.compile(state, re.I), timeout=240_000)


def test_a_newcomer_sees_the_prediction_stream_and_moves_the_threshold(page: Page) -> None:
    drawn_tiles(page)
    ended(page, "done")  # the segmentation that the demo itself has asked for
    shoot(page, "demo")

    segment(page)
    until(
        page,
        lambda: overlay(page, "tiles") > 0 and jobs(page)[0]["state"] == "running",
        "tiles are seen before the job ends",
    )
    shoot(page, "streaming")
    ended(page, "done")

    stage = page.get_by_test_id("overlay-canvas")
    requests, known = requests_at_rest(page), len(jobs(page))
    before = at_rest(stage)  # the last tiles have faded in
    set_threshold(page, 0.97)
    until(page, lambda: picture_of(stage) != before, "the overlay follows the threshold")
    assert overlay(page, "requests") == requests, "without another request"
    assert len(jobs(page)) == known, "and without another job"
    shoot(page, "threshold")

    page.get_by_test_id("mode-probability").click()
    shoot(page, "probability")


def test_a_running_job_is_cancelled(page: Page) -> None:
    segment(page)
    page.get_by_test_id("cancel-button").click()
    ended(page, "cancelled")
    assert jobs(page)[0]["state"] == "cancelled"
    shoot(page, "cancelled")


def test_the_address_holds_the_view(page: Page) -> None:
    stage = page.get_by_test_id("overlay-canvas")
    drawn_tiles(page)  # a stage without a slide is at rest, too
    at_rest(stage)
    set_threshold(page, 0.7)
    page.get_by_test_id("mode-probability").click()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -600)
    until(page, lambda: "zoom=" in page.url and "threshold=0.70" in page.url, "it is told")
    at_rest(stage)
    address = address_at_rest(page)
    page.reload()
    expect(page.get_by_test_id("threshold")).to_have_value("0.7")
    until(page, lambda: page.url == address, "the address brings back what it was made of")
    shoot(page, "restored")
