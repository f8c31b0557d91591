"""The viewer in a real browser: opened, signed in to, waited for, looked at."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from tests.support.dsa.browser import PATIENCE, open_browser
from tests.support.dsa.provision import Archive, Role

from histoloop.config import Settings
from histoloop.service.server import running

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")
"""A folder to leave pictures in, for people who want to look."""

_REST_MS = 1200
"""Until tiles are sharp and layers have faded in."""


@contextmanager
def visiting(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser, which nobody has used; an error in a page fails the test."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@contextmanager
def looking_at(browser: Browser, url: str) -> Iterator[Page]:
    """The page at an address."""
    with visiting(browser) as context:
        page = context.new_page()
        page.goto(url)
        yield page


@contextmanager
def opened(said: Settings, address: str = "") -> Iterator[Page]:
    """The page at an address, ``#…``, in a browser and of a service of its own."""
    with (
        running(said) as service,
        open_browser() as browser,
        looking_at(browser, f"{service.url}{address}") as page,
    ):
        yield page


def sign_in(page: Page, archive: Archive, role: Role, password: str | None = None) -> None:
    """Into the form that is on show."""
    person = archive.people[role]
    page.get_by_label("Login or e-mail").fill(person.login)
    page.get_by_label("Password").fill(password or person.password)
    page.get_by_test_id("sign-in-button").click()


def drawn_tiles(page: Page, canvas: str = "overlay-canvas", more_than: int = 0) -> None:
    """Wait until a layer shows something."""
    page.wait_for_function(
        "([id, least]) =>"
        " Number(document.querySelector(`[data-testid=${id}]`)?.dataset.tiles) > least",
        arg=[canvas, more_than],
    )


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Wait for it; a machine without a graphics card may take its time."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail(what)


def picture_of(view: Locator) -> str:
    """A digest of what a part of the page shows."""
    return hashlib.sha256(view.screenshot()).hexdigest()


def at_rest(view: Locator) -> str:
    """Wait until what a part of the page shows changes no more; its digest."""
    before = picture_of(view)
    for _ in range(100):
        view.page.wait_for_timeout(300)
        now = picture_of(view)
        if now == before:
            return now
        before = now
    pytest.fail("it does not come to rest")


def address_at_rest(page: Page) -> str:
    """Wait until the page's address changes no more: it is written a while after the last frame."""
    before = ""
    while page.url != before:
        before = page.url
        page.wait_for_timeout(1000)
    return before


def shoot(page: Page, name: str) -> None:
    """Leave a picture, for who asked for some."""
    if SHOTS:
        page.wait_for_timeout(_REST_MS)
        page.screenshot(path=f"{SHOTS}/{name}.png")
