"""What was learnt, in a real browser: a version is read about, promoted, and taken back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support import viewer
from tests.support.annotated import ROI
from tests.support.discs import NAME, write_patient
from tests.support.gated import write_gated
from tests.support.snapshots import FIRST, annotated_settings

from histoloop.config import settings
from histoloop.models.registry import ModelRegistry

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``slides``, and ``home`` with `discs@1` and `discs@2`, which the gate has kept out."""
    folder = tmp_path_factory.mktemp("learn")
    write_patient(folder / "slides", 1)
    write_gated(folder)
    return folder


@contextmanager
def opened(home: Path, slides: Path, address: str = "") -> Iterator[Page]:
    """The viewer of these slides."""
    with viewer.opened(settings(home=home, slides=slides, port=0, workers=1), address) as page:
        yield page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_version_is_promoted_over_the_gate_and_taken_back(place: Path) -> None:
    registry = ModelRegistry(place / "home")
    with opened(place / "home", place / "slides") as page:
        page.get_by_test_id("models-button").press("Enter")
        expect(page.get_by_test_id("models")).to_be_visible()
        expect(page.locator("#learn-title")).to_be_focused()
        page.locator(f'[data-model="{NAME}@2"]').click()
        title = page.get_by_test_id("model-title")
        expect(title).to_contain_text(f"{NAME}@2")
        expect(page).to_have_url(re.compile("models=discs%402"))
        verdict = page.get_by_test_id("gate-verdict")
        expect(verdict).to_contain_text("Kept discs@1, not discs@2: tumor fell from")
        expect(page.get_by_test_id("slide-figures").locator("tbody tr")).to_have_count(2)
        expect(page.get_by_test_id("curves").locator("svg")).to_have_count(2)
        pictures = page.get_by_test_id("gallery").locator("img")
        pictures.first.scroll_into_view_if_needed()
        expect(pictures.first).to_have_js_property("naturalWidth", 3 * 256 + 2 * 8)
        shoot(page, "models-gallery")
        title.scroll_into_view_if_needed()
        shoot(page, "models")

        page.get_by_test_id("promote").click()
        expect(page.get_by_test_id("against-gate")).to_be_visible()
        shoot(page, "models-confirm")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("confirmation")).to_have_count(0)
        assert registry.get(NAME).card.version == 1, "nobody has said yes"
        page.get_by_test_id("promote").click()
        page.get_by_test_id("why").fill("it is <b>better</b> on ours")
        page.keyboard.press("Enter")
        history = page.get_by_test_id("model-history").locator("li").first
        expect(history).to_contain_text(
            "promoted by somebody in the viewer in the place of discs@1"
        )
        expect(history).to_contain_text("it is <b>better</b> on ours")
        assert registry.get(NAME).card.version == 2
        expect(page.locator(f'[data-model="{NAME}@2"] [data-tag=active]')).to_be_visible()

        page.reload()
        page.get_by_test_id("rollback").click()
        expect(page.get_by_test_id("against-gate")).to_have_count(0)
        page.get_by_test_id("confirm").click()
        expect(history).to_contain_text("rolled back to by somebody in the viewer")
        assert registry.get(NAME).card.version == 1
        shoot(page, "models-back")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("models")).to_have_count(0)
        expect(page.get_by_test_id("models-button")).to_be_focused()


def test_what_is_not_known_of_a_model_is_said_with_the_way_to_know_it(place: Path) -> None:
    with opened(place / "home", place / "slides", "#models") as page:
        page.get_by_test_id("model-item").last.click()
        expect(page.get_by_test_id("model-title")).to_contain_text("tumor@")
        expect(page.get_by_test_id("no-gate")).to_be_visible()
        expect(page.get_by_test_id("no-evaluation")).to_contain_text("histoloop evaluate --model")
        expect(page.get_by_test_id("no-curves")).to_be_visible()
        shoot(page, "models-bundled")
        page.goto(f"{page.url.partition('#')[0]}#models=nope@1")
        expect(page.get_by_test_id("models")).to_contain_text("no model 'nope@1'")


def test_who_agrees_with_whom_is_compared_on_demand(tmp_path: Path) -> None:
    with viewer.opened(annotated_settings(tmp_path, port=0, workers=1)) as page:
        page.get_by_test_id("agreement-button").click()
        expect(page.get_by_test_id("agreement-empty")).to_contain_text(
            "histoloop dataset agreement"
        )
        shoot(page, "agreement-none")
        page.get_by_test_id("make-agreement").click()
        pairs = page.get_by_test_id("pairs").locator("tbody tr")
        expect(pairs).to_have_count(3)
        expect(page).to_have_url(re.compile(r"#agreement="))
        region = page.get_by_test_id("contested-region")
        expect(region.locator("img")).to_have_js_property("naturalWidth", 2 * ROI.width + 8)
        expect(page.get_by_test_id("ceiling")).to_contain_text("not measured here")
        shoot(page, "agreement")
        page.reload()
        expect(pairs).to_have_count(3)
        page.get_by_test_id("go-to-contested").click()
        expect(page).to_have_url(re.compile(r"slide=.*zoom="))
        expect(page.locator("#stage-header")).to_contain_text(FIRST)
        shoot(page, "agreement-place")
        page.go_back()
        expect(pairs).to_have_count(3)
