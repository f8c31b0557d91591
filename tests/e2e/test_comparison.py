"""Two versions of a model, and a model and a person, laid side by side in a real browser.

And what one can ask of the run that is on show: a region's lineage, a length, files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.support.two_versions import DRAWN, draw, prepare, segmented
from tests.support.viewer import (
    address_at_rest,
    at_rest,
    drawn_tiles,
    looking_at,
    picture_of,
    shoot,
    until,
)

from histoloop.config import settings
from histoloop.service.app import create_app
from histoloop.service.server import running

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Place:
    """A service, and its two runs."""

    url: str
    old: str
    new: str


@pytest.fixture(scope="module")
def place(bcss: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("compared")
    slides, home = folder / "slides", folder / "home"
    version = prepare(slides, home, next(iter(bcss.values())))
    with running(settings(slides=slides, home=home, port=0, workers=1)) as service:
        client = create_app(service.library).test_client()
        old, new = (segmented(client, model) for model in ("tumor@3", version))
        draw(home, old["slide"])
        yield Place(service.url, old["id"], new["id"])


@pytest.fixture
def page(browser: Browser, place: Place) -> Iterator[Page]:
    """The viewer on the slide."""
    with looking_at(browser, place.url) as page:
        drawn_tiles(page)
        yield page


def magnified(page: Page) -> str:
    return page.get_by_test_id("magnification").text_content() or ""


def test_two_versions_side_by_side_move_in_step_and_the_address_holds_both(
    page: Page, place: Place
) -> None:
    page.get_by_test_id("compare-button").click()
    drawn_tiles(page, "other-overlay-canvas")
    expect(page.get_by_test_id("compare-this")).to_have_value(re.compile("tumor@4"))
    expect(page.get_by_test_id("compare-other")).to_have_value(re.compile("tumor@3"))
    expect(page.get_by_test_id("difference-panel")).to_contain_text("Dice")
    expect(page).to_have_url(re.compile(f"run={place.new}.*compare=run%3A{place.old}&as=side"))
    beside = page.get_by_test_id("beside")
    right, scale = at_rest(beside), magnified(page)
    page.mouse.move(450, 400)
    page.mouse.wheel(0, -600)
    until(page, lambda: magnified(page) != scale, "the wheel zooms")
    until(page, lambda: picture_of(beside) != right, "the right follows the left")
    at_rest(beside)
    shoot(page, "side-by-side")
    where = page.url
    page.mouse.move(800, 400)
    page.mouse.down()
    page.mouse.move(700, 350, steps=4)
    page.mouse.up()
    until(
        page, lambda: page.url != where, "the left, which the address tells of, follows the right"
    )
    at_rest(beside)
    address = address_at_rest(page)
    page.reload()
    drawn_tiles(page, "other-overlay-canvas")
    until(page, lambda: page.url == address, "the address brings back what it was made of")


def test_a_divider_is_dragged_and_moved_with_the_arrows(page: Page) -> None:
    page.get_by_test_id("compare-button").click()
    page.get_by_test_id("compare-swipe").click()
    drawn_tiles(page, "other-overlay-canvas")
    line = page.get_by_test_id("divider")
    expect(line).to_have_attribute("aria-valuenow", "50")
    shoot(page, "swipe")
    box = line.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 12, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 150, box["y"] + 200, steps=4)
    page.mouse.up()
    dragged = int(line.get_attribute("aria-valuenow") or 0)
    assert dragged < 40
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", str(dragged + 2))
    expect(page).to_have_url(re.compile(r"as=swipe&divider=0\.\d\d"))
    page.keyboard.press("End")
    expect(line).to_have_attribute("aria-valuenow", "100")


def test_differences_are_seen_and_the_comparison_ended(page: Page) -> None:
    page.get_by_test_id("compare-button").click()
    page.get_by_test_id("compare-difference").click()
    drawn_tiles(page)
    panel = page.get_by_test_id("difference-panel")
    expect(panel).to_contain_text("They differ on")
    shoot(page, "differences")
    page.get_by_test_id("compare-end").click()
    expect(page.get_by_test_id("comparison-bar")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("compare="))


def test_a_model_beside_a_person(page: Page) -> None:
    page.get_by_test_id("compare-button").click()
    page.get_by_test_id("compare-other").select_option(index=1)
    expect(page).to_have_url(re.compile(f"compare=annotation%3A{DRAWN}"))
    areas = page.get_by_test_id("area-canvas")
    expect(areas.locator("visible=true")).to_have_attribute("data-shapes", "2")
    expect(page.get_by_test_id("difference-panel")).to_contain_text("within the “roi” outlines")
    shoot(page, "model-and-person")
    page.get_by_test_id("mode-uncertainty").click()
    drawn_tiles(page)
    shoot(page, "uncertainty")


def test_a_region_says_where_it_comes_from_and_a_length_is_measured(page: Page) -> None:
    expect(page.get_by_test_id("legend-span")).to_contain_text("mm²")
    page.mouse.click(616, 420, delay=600)  # so long it takes on a busy machine
    card = page.get_by_test_id("lineage-card")
    expect(card).to_contain_text("mean probability")
    for words in ("tumor", "tumor@4", "tumor@3", "mm²", "digest", "training data"):
        expect(card).to_contain_text(words)
    shoot(page, "lineage")
    page.get_by_test_id("measure-length").click()
    page.mouse.click(400, 300)
    page.mouse.click(600, 300)
    page.keyboard.press("Enter")
    label = page.get_by_test_id("measure-label")
    expect(label).to_be_visible()
    expect(label).to_have_text(re.compile(r"^\d+ µm$"))
    shoot(page, "measured")
    page.keyboard.press("Escape")
    expect(label).to_be_hidden()


def test_each_file_can_be_taken_along(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_test_id("export-picture").click()
    picture = np.asarray(Image.open(download.value.path()).convert("RGB"))
    assert picture.shape[1] > 600
    assert picture.std() > 20, "the slide is in it"
    for name in ("annotation.json", "annotation.geojson", "mask.tiff"):
        with page.expect_download() as download:
            page.get_by_test_id(f"export-{name}").click()
        assert download.value.suggested_filename.endswith(name.split(".")[1])
        assert download.value.path().stat().st_size > 500
    with page.context.expect_page() as opened:
        page.get_by_test_id("export-report").click()
    report = opened.value
    expect(report.locator("h1")).to_contain_text("tumor@4")
    expect(report.locator("img")).to_have_js_property("complete", True)
    assert report.locator("img").evaluate("image => image.naturalWidth") > 600
    shoot(report, "report")
