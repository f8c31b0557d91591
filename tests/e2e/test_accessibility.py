"""Every page, dark and light, by axe-core: no violation of WCAG, nor of its best practices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.support.dsa.browser import PATIENCE, open_browser
from tests.support.snapshots import write_agreement, write_annotated, write_snapshot

from histoloop.config import settings
from histoloop.service.server import running

pytestmark = pytest.mark.e2e
expect.set_options(timeout=PATIENCE)

AXE = Path(__file__).parents[2] / "client" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")

Scheme = Literal["dark", "light"]

PAGES = {
    "slide": ("#", "[data-testid=slide-item]"),
    "data sets": ("#dataset=", "[data-testid=region-card]"),
    "models": ("#models", "#learn h2"),
    "review": ("#review", "[data-testid=review] h2"),
    "agreement": ("#agreement", "[data-testid=contested-region]"),
    "queue": ("#queue", "[data-testid=queue-job], [data-testid=queue-empty]"),
}
"""Its address, and what is there when it is whole."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with slides that people have drawn on, what comes of it, and a damaged slide."""
    folder = tmp_path_factory.mktemp("accessible")
    write_annotated(folder / "slides")
    write_snapshot(folder / "slides", folder / "home" / "datasets" / "pilot")
    write_agreement(folder / "slides", folder / "home")
    (folder / "slides" / "broken.tiff").write_bytes(b"II*\0 and no more")
    said = settings(home=folder / "home", slides=folder / "slides", port=0, workers=1)
    with running(said) as service:
        yield service.url


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nobody_is_shut_out(url: str, scheme: Scheme) -> None:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        found = {name: violations(page, url, name) for name in PAGES}
    assert not any(found.values()), found


def violations(page: Page, url: str, name: str) -> list[str]:
    """What axe-core finds on a page: rule, place and why, a line each."""
    address, ready = PAGES[name]
    page.goto("about:blank")
    page.goto(f"{url}{address}")
    expect(page.locator(ready).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}.png")
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate("() => axe.run()")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
