"""HistomicsUI in a real, headless Chromium."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.support.dsa.provision import Archive, Role

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
PATIENCE = 120_000.0
"""Milliseconds; a shared machine draws slowly."""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium; without it the test skips, in CI it fails."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@contextmanager
def open_in_histomics(
    browser: Browser, archive: Archive, item: str, role: Role = "annotator"
) -> Iterator[Page]:
    """A page on which that user has signed in and sees that slide; a page error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(archive.stack.histomics_url)
    _sign_in(page, archive, role)
    with page.expect_response(lambda answer: "/tiles/zxy/" in answer.url and answer.ok):
        page.goto(f"{archive.stack.histomics_url}#?image={item}")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()
    assert errors == []


def stage(page: Page) -> NDArray[np.uint8]:
    """What the slide's canvas shows, (rows, cols, 3) RGB."""
    shot = page.locator(".h-image-view-container").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))


def changed(page: Page, before: NDArray[np.uint8]) -> float:
    """The share of the slide's canvas that shows something else than it did."""
    return float((np.abs(stage(page).astype(int) - before).max(axis=2) > 24).mean())


def _sign_in(page: Page, archive: Archive, role: Role) -> None:
    person = archive.people[role]
    page.locator(".g-login").first.click()
    page.locator("#g-login").fill(person.login)
    page.locator("#g-password").fill(person.password)
    page.locator("#g-login-button").click()
    expect(page.locator(".g-login")).to_have_count(0, timeout=PATIENCE)
