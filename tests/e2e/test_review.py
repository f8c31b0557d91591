"""The review queue in a real browser, with the keyboard alone."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support.queued import settings_of, write_queue
from tests.support.reviewing import go_through_ten
from tests.support.viewer import opened

from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.config import settings
from histoloop.jobs.kept_reviews import kept_queue

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(1200)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def correct_by_hand(page: Page) -> None:
    """F has opened what the region became: letters take tools until an arrow leads on."""
    select, polygon = page.get_by_test_id("tool-select"), page.get_by_test_id("tool-polygon")
    expect(select).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("sketch-canvas")).not_to_have_attribute("data-elements", "0")
    page.keyboard.press("s")
    expect(page.get_by_test_id("subtract-toggle")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("s")
    page.keyboard.press("p")
    expect(polygon).to_have_attribute("aria-pressed", "true")
    shoot(page, "review-fix")
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.press("Escape")  # gives up the polygon, and not the review
    expect(page.get_by_test_id("review-current")).to_have_attribute("data-number", "3")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("review-current")).to_have_attribute("data-number", "4")
    expect(page.get_by_test_id("tool-pan")).to_have_attribute("aria-pressed", "true")


def test_ten_regions_by_keyboard_and_a_reload_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    queue, said = write_queue(tmp_path), settings_of(tmp_path)
    with opened(said) as page:
        page.get_by_test_id("review-button").press("Enter")
        current = page.get_by_test_id("review-current")
        expect(current).to_have_attribute("data-number", "1")
        expect(page.get_by_test_id("film")).to_have_count(12)
        canvas = page.get_by_test_id("drawing-canvas")
        expect(canvas).not_to_have_attribute("data-shapes", "0")
        shoot(page, "review")

        for key in ("a", "a", "f"):
            page.keyboard.press(key)
        correct_by_hand(page)
        for key in ("s", "A"):
            page.keyboard.press(key)
        go_through_ten(page, kept_queue(said.home, queue), partial(shoot, page))
        expect(canvas).to_have_attribute("data-shapes", "0")  # the outline went with the review
    store = LocalAnnotationStore(said.annotations)
    kept = kept_queue(said.home, queue)
    slides = {one["id"] for one in kept.regions}
    written = [one for slide in slides for one in store.list(slide)]
    assert len(written) == 9, "each once"
    documents = {one.document for one in kept.said().values() if one.document}
    assert {one.id for one in written} == documents


def test_without_a_queue_the_page_says_what_one_is_and_makes_it(tmp_path: Path) -> None:
    write_queue(tmp_path, most=1)
    for part in (tmp_path / "home" / "review" / "pilot").iterdir():
        part.rename(tmp_path / part.name)
    untold = settings(home=tmp_path / "home", slides=tmp_path / "slides", port=0, workers=1)
    with opened(untold, "#review") as page:
        expect(page.get_by_test_id("review-empty")).to_contain_text("histoloop dataset review")
        shoot(page, "review-none")
    with opened(settings_of(tmp_path), "#review") as page:
        page.get_by_test_id("make-queue").click()
        expect(page.get_by_test_id("film").first).to_be_visible(timeout=240_000)
        expect(page.get_by_test_id("review-current")).to_have_attribute("data-number", "1")
