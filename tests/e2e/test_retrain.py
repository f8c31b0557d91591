"""The loop in a real browser: a prediction corrected, the verdict read, the versions compared."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.annotated import GTCODES
from tests.support.discs import NAME, train_base, write_data, write_patient
from tests.support.dsa.browser import open_browser

from histoloop.config import settings
from histoloop.service.server import running

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The viewer of a service that has `discs@1` and three annotated patients."""
    train_base(tmp_path / "home", write_data(tmp_path / "data", {"train": [0, 1]}))
    (tmp_path / "codes.csv").write_text(GTCODES)
    for number in range(3):
        write_patient(tmp_path / "slides", number)
    said = settings(
        home=tmp_path / "home",
        slides=tmp_path / "slides",
        retrain_gtcodes=tmp_path / "codes.csv",
        retrain_epochs=2,
        retrain_steps=25,
        port=0,
        workers=1,
    )
    errors: list[str] = []
    with running(said) as service, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(service.url)
        yield page
    assert errors == []


def test_a_prediction_is_corrected_the_model_retrained_and_both_versions_compared(
    page: Page,
) -> None:
    picker, state = page.get_by_test_id("model-picker"), page.get_by_test_id("retrain-state")
    picker.select_option(f"{NAME}@1")
    segment(page)
    correct(page)

    button = page.get_by_test_id("retrain-button")
    expect(button).to_have_text(f"Retrain {NAME}")
    button.click()
    expect(button).to_be_disabled()
    expect(state).to_have_attribute("data-state", "done", timeout=120_000)
    expect(state).to_contain_text("Promoted discs@2 over discs@1: tumor ")
    expect(state).to_have_attribute("data-outcome", "promoted")
    expect(page.get_by_text("too few for an interval")).to_be_visible()
    expect(picker).to_have_value(f"{NAME}@2")
    expect(button).to_be_enabled()
    shoot(page, "retrain")

    segment(page)
    page.get_by_test_id("compare-button").click()
    expect(chosen(page, "compare-this")).to_contain_text(f"{NAME}@2")
    expect(chosen(page, "compare-other")).to_contain_text(f"{NAME}@1")
    expect(page.get_by_test_id("beside")).to_be_visible()
    expect(page.get_by_test_id("difference-panel")).to_contain_text("Dice")
    shoot(page, "retrain-compared")


def segment(page: Page) -> None:
    """The whole slide, with the model that is chosen, to the end."""
    before = page.url
    page.get_by_test_id("segment-button").click()
    expect(page).not_to_have_url(before)
    done = re.compile("done", re.IGNORECASE)
    expect(page.get_by_test_id("job-state")).to_have_text(done, timeout=60_000)


def correct(page: Page) -> None:
    """Draw what the model has missed; it saves itself."""
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.press("p")
    corners = ((-40, -40), (40, -40), (40, 40), (-40, 40))
    for x, y in corners[:-1]:
        page.mouse.click(middle[0] + x, middle[1] + y)
    page.mouse.dblclick(middle[0] + corners[-1][0], middle[1] + corners[-1][1])
    expect(page.get_by_test_id("sketch-canvas")).to_have_attribute("data-elements", "1")
    expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "saved")


def chosen(page: Page, picker: str) -> Locator:
    """The option of a picker that is taken."""
    return page.get_by_test_id(picker).locator("option:checked")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
