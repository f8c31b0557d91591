"""How soon somebody who opens an address sees the slide, and the prediction on it.

    python -m benchmarks.first_look SLIDE [--rounds 9]

A service of a folder has segmented SLIDE; in each round a browser window that nobody has used opens
the address of the run, in one headless Chromium on the same machine, which draws without a GPU.
Printed are the milliseconds since the address was entered, by the browser's own clock: until the
first tile of the slide had come, and until the first tile of the overlay was painted; and, of the
same page, what the first tile took from its request to its last byte.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import requests
from playwright.sync_api import Browser
from tests.support.dsa.browser import open_browser

from histoloop.config import settings
from histoloop.service.server import running

_NOTE_OVERLAY = """() => {
  const look = () => {
    const canvas = document.querySelector("[data-testid=overlay-canvas]");
    if (Number(canvas?.dataset.tiles) > 0) {
      window.overlaid_ = performance.now();
      console.info("overlaid");
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
_TIMES = """() => {
  const tiles = performance
    .getEntriesByType("resource")
    .filter(({ name }) => /slides\\/[^/]+\\/tiles\\//.test(name))
    .sort((one, other) => one.responseEnd - other.responseEnd);
  const [first] = tiles;
  return [first.responseEnd, first.duration, window.overlaid_];
}"""


def look(browser: Browser, address: str) -> list[float]:
    """Milliseconds: first slide tile since the start, its own request, first overlay tile."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(f"({_NOTE_OVERLAY})()")
    # Nothing is asked of the page before it says so: Playwright's own scripts take their time.
    with page.expect_console_message(lambda message: message.text == "overlaid"):
        page.goto(address, wait_until="commit")
    times: list[float] = page.evaluate(_TIMES)
    context.close()
    return times


def main(path: Path, rounds: int) -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "slides").mkdir()
        shutil.copy(path, folder / "slides")
        with (
            running(settings(home=folder / "home", slides=folder / "slides", port=0)) as service,
            open_browser() as browser,
        ):
            run = _segmented(service.url)
            address = f"{service.url}#slide={run['slide']}&run={run['id']}"
            look(browser, address)  # which warms the service up
            seen = [look(browser, address) for _ in range(rounds)]
    for what, times in zip(
        ("first slide tile", "  its request", "first overlay tile"),
        zip(*seen, strict=True),
        strict=True,
    ):
        print(f"{what:<20}{median(times):>7.0f} ms ({min(times):.0f} to {max(times):.0f})")


def _segmented(url: str) -> dict[str, Any]:
    slide = requests.get(f"{url}/api/slides", timeout=20).json()["slides"][0]["id"]
    asked = {"kind": "segment", "slide": slide}
    job = requests.post(f"{url}/api/jobs", json=asked, timeout=20).json()
    while requests.get(f"{url}/api/jobs/{job['id']}", timeout=20).json()["state"] != "done":
        time.sleep(0.5)
    found: dict[str, Any] = requests.get(f"{url}/api/runs/{job['run']}", timeout=20).json()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    main(asked.slide, asked.rounds)
