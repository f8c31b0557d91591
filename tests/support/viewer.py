"""The viewer of a service of one's own, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page
from tests.support.dsa.browser import open_browser

from histoloop.config import Settings
from histoloop.service.server import running


@contextmanager
def opened(said: Settings, address: str = "") -> Iterator[Page]:
    """The page at an address of the service, ``#…``; a page error fails the test."""
    errors: list[str] = []
    with running(said) as service, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{service.url}{address}")
        yield page
    assert errors == []
