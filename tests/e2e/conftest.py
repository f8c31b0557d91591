"""Chromium for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.support.dsa.browser import PATIENCE, open_browser

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One of a module; what a test opens in it is forgotten with the test's context."""
    with open_browser() as one:
        yield one
