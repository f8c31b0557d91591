"""*Retrain* in a real browser: asked for, followed, and the gate's verdict read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
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


def test_a_model_is_retrained_and_the_viewer_goes_on_with_the_new_version(page: Page) -> None:
    picker, state = page.get_by_test_id("model-picker"), page.get_by_test_id("retrain-state")
    picker.select_option(f"{NAME}@1")
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
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/retrain.png")
