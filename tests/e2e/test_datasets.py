"""*What the trainer sees* in a real browser: found, looked at, and gone from to the slide."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support import viewer
from tests.support.annotated import ROI, write_slide
from tests.support.snapshots import FIRST, SECOND, write_annotated, write_snapshot

from histoloop.config import settings
from histoloop.training.snapshot import Snapshot

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Snapshot]:
    """``slides``, and ``home`` with the data set `pilot` of a region of each."""
    folder = tmp_path_factory.mktemp("datasets")
    write_annotated(folder / "slides")
    return folder, write_snapshot(folder / "slides", folder / "home" / "datasets" / "pilot")


@contextmanager
def opened(home: Path, slides: Path, address: str = "") -> Iterator[Page]:
    """The viewer of these slides."""
    with viewer.opened(settings(home=home, slides=slides, port=0, workers=1), address) as page:
        yield page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def test_a_data_set_is_read_with_the_keyboard_and_left_for_its_slide(
    place: tuple[Path, Snapshot],
) -> None:
    folder, snapshot = place
    first, second = snapshot.rois
    with opened(folder / "home", folder / "slides") as page:
        expect(page.get_by_test_id("slide-item").first).to_have_attribute("aria-current", "true")
        page.get_by_test_id("datasets-button").press("Enter")
        cards = page.get_by_test_id("region-card")
        expect(cards).to_have_count(2)
        expect(page).to_have_url(re.compile(f"#dataset={snapshot.digest}"))
        pictures = cards.locator("img")
        expect(pictures.first).to_have_js_property("naturalWidth", 2 * ROI.width + 8)
        shoot(page, "datasets")

        page.get_by_test_id("split-test").click()
        expect(cards).to_have_count(1)
        page.get_by_test_id("split-all").click()
        expect(cards).to_have_count(2)
        cards.first.focus()
        press(page, "Enter")
        title = page.locator(".region-bar h3")
        expect(title).to_have_text(first.name)
        legend = page.get_by_test_id("dataset-legend")
        for words in ("tumor, drawn", "stroma, by rule", "ignored", "disagree"):
            expect(legend).to_contain_text(words)
        expect(page.locator(".region-facts")).to_contain_text("anna, bert, carl")
        shoot(page, "dataset-region")
        press(page, "ArrowRight")
        expect(title).to_have_text(second.name)
        expect(page).to_have_url(re.compile(f"region={second.name}"))
        page.reload()
        expect(title).to_have_text(second.name)

        press(page, "Escape")
        expect(cards.nth(1)).to_be_focused()
        press(page, "Escape")
        expect(page.get_by_test_id("datasets")).to_have_count(0)
        expect(page.get_by_test_id("datasets-button")).to_be_focused()
        page.go_back()
        expect(cards).to_have_count(2)

        cards.nth(1).click()
        page.get_by_test_id("go-to-region").click()
        expect(page.locator(".stage-title")).to_have_text(f"{SECOND}.tiff")
        expect(page.get_by_test_id("datasets")).to_have_count(0)
        middle = f"x={ROI.x + ROI.width / 2:.1f}&y={ROI.y + ROI.height / 2:.1f}&"
        expect(page).to_have_url(re.compile(re.escape(middle)))
        expect(page.locator(".region-outline")).to_be_visible()
        shoot(page, "dataset-slide")
        page.go_back()
        expect(title).to_have_text(second.name)


def test_a_slide_that_has_changed_and_one_that_is_gone_are_said(
    place: tuple[Path, Snapshot], tmp_path: Path
) -> None:
    folder, snapshot = place
    write_slide(tmp_path / f"{FIRST}.tiff", seed=9)
    address = f"#dataset={snapshot.digest}&region="
    with opened(folder / "home", tmp_path, f"{address}{snapshot.rois[0].name}") as page:
        expect(page.get_by_test_id("slide-changed")).to_be_visible()
        expect(page.get_by_test_id("go-to-region")).to_be_enabled()
        press(page, "ArrowRight")
        expect(page.locator(".region-way .problem-note")).to_contain_text("no slide")
        expect(page.get_by_test_id("go-to-region")).to_be_disabled()
        expect(page.get_by_test_id("slide-changed")).to_have_count(0)


def test_where_there_is_none_the_page_says_how_one_is_made(
    place: tuple[Path, Snapshot], tmp_path: Path
) -> None:
    with opened(tmp_path / "home", place[0] / "slides", "#dataset=") as page:
        expect(page.get_by_test_id("datasets-empty")).to_contain_text("histoloop dataset build")
        shoot(page, "datasets-none")
        page.get_by_test_id("datasets-close").click()
        expect(page.locator(".stage-title")).to_have_text(f"{FIRST}.tiff")
        page.goto(f"{page.url.partition('#')[0]}#dataset=nope")
        expect(page.get_by_test_id("datasets")).to_contain_text("no data set 'nope'")
