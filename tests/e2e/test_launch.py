"""Checking a slide before it is segmented, in a real browser on real tissue."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.support.tiny_model import save_tiny_model
from tests.support.viewer import looking_at, shoot

from histoloop.config import settings
from histoloop.geometry import Mpp, Size
from histoloop.service.app import STATIC
from histoloop.service.server import running
from histoloop.slides.pyramid import write_pyramid

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url(bcss: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service with a tiny model and three slides: a sound, a torn and an unscaled one."""
    if not (STATIC / "index.html").is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("the viewer is not built")
    folder = tmp_path_factory.mktemp("launch")
    slides, home = folder / "slides", folder / "home"
    slides.mkdir()
    save_tiny_model(home / "models" / "tiny-1", mpp=1.0)
    whole = np.asarray(Image.open(next(iter(bcss.values()))).convert("RGB"))
    pixels = np.ascontiguousarray(whole[:1600, :1600])
    sound, torn = slides / "a-one.tiff", slides / "b-torn.tiff"
    write_pyramid(sound, Size(1600, 1600), Mpp.square(0.4), [pixels])
    torn.write_bytes(sound.read_bytes()[: sound.stat().st_size // 2])
    Image.fromarray(pixels).save(slides / "c-no-scale.png")
    with running(settings(slides=slides, home=home, port=0, workers=1)) as service:
        yield service.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The viewer, with the tiny model chosen."""
    with looking_at(browser, url) as page:
        expect(page.get_by_test_id("slide-item")).to_have_count(3)
        page.get_by_test_id("model-picker").select_option("tiny@1")
        yield page


def test_a_slide_is_checked_before_it_is_segmented(page: Page) -> None:
    page.get_by_test_id("check-button").click()
    card = page.get_by_test_id("preflight")
    expect(card.get_by_test_id("fact-scale")).to_contain_text("0.40 µm/px, from the file")
    expect(card.get_by_test_id("fact-resampling")).to_contain_text("times to the model's scale")
    expect(card.get_by_test_id("fact-tiles")).to_contain_text(re.compile(r"Tiles\d+"))
    shoot(page, "launch-check-waits")
    expect(card.get_by_test_id("samples")).to_have_attribute("data-state", "done", timeout=240_000)
    expect(card.get_by_test_id("fact-time")).to_contain_text("from the sample tiles")
    expect(card.get_by_test_id("sample")).to_have_count(3)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.sample img')]"
        ".every(one => one.complete && one.naturalWidth > 64)"
    )
    shoot(page, "launch-check")
    overlay = card.get_by_test_id("sample-overlay").first
    expect(overlay).to_be_visible()
    card.get_by_test_id("samples-overlay").uncheck()
    expect(overlay).to_be_hidden()
    card.get_by_text("Advanced").click()
    card.get_by_test_id("pick-runtime").select_option("tensorflow")
    expect(card.get_by_test_id("samples")).to_have_attribute("data-state", "done")
    shoot(page, "launch-check-advanced")
    card.get_by_test_id("pick-runtime").select_option("auto")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_who_knows_the_scale_says_it(page: Page) -> None:
    page.get_by_test_id("slide-item").nth(2).click()
    expect(page.get_by_test_id("segment-obstacle")).to_contain_text("Check first")
    page.get_by_test_id("check-button").click()
    card = page.get_by_test_id("preflight")
    expect(card.get_by_role("alert")).to_contain_text("does not say its micrometres per pixel")
    shoot(page, "launch-no-scale")
    card.get_by_test_id("slide-mpp").fill("0,3")
    card.get_by_test_id("slide-mpp").press("Enter")
    expect(card.get_by_test_id("fact-scale")).to_contain_text("0.30 µm/px, given by you")
    card.get_by_test_id("preflight-segment").click()
    expect(page.get_by_test_id("job-state")).to_have_text("Done", timeout=240_000)


def test_a_slide_that_cannot_be_opened_cannot_be_chosen(page: Page) -> None:
    page.get_by_test_id("choose-slides").click()
    expect(page.get_by_test_id("slide-check").nth(1)).to_be_disabled()
    torn = page.get_by_test_id("slide-item").nth(1)
    expect(torn).to_contain_text("torn.tiff")
    expect(torn.locator(".fact").first).not_to_be_empty()
    page.get_by_test_id("select-all").click()
    expect(page.get_by_test_id("batch-count")).to_have_text("2 selected")
