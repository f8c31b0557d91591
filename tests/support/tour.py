"""The pictures of the README: a made-up slide in the real viewer, taken by one command.

make tour          # or python -m tests.support.tour docs/tour
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect
from tests.support.dsa.browser import open_browser
from tests.support.two_versions import draw, next_version, segmented

from histoloop.config import settings
from histoloop.geometry import Size
from histoloop.service.app import create_app
from histoloop.service.server import running
from histoloop.slides.synthetic import Specimen, write_slide

SPECIMEN = Specimen(size=Size(6000, 4500), mpp=0.5, seed=7)
PATIENCE_MS = 120_000
SHARP_MS = 2500
"""Until the tiles of a slide that has just been opened are sharp."""

Stop = Callable[[Page, str], None]
"""Goes to where a picture is taken, from the address of the service."""


def overlay_is_there(page: Page) -> None:
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=overlay-canvas]')?.dataset.tiles) > 0"
    )


def live(page: Page, url: str) -> None:
    """A prediction while it is computed."""
    page.goto(url)
    page.get_by_test_id("slide-item").first.click()
    page.wait_for_timeout(SHARP_MS)
    page.get_by_test_id("segment-button").click()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=overlay-canvas]')?.dataset.tiles) > 2"
    )


def drawing(page: Page, url: str) -> None:
    """A region drawn with the brush, beside the model's outlines."""
    page.goto(url)
    overlay_is_there(page)
    page.mouse.move(560, 420)
    page.mouse.wheel(0, -500)
    page.wait_for_timeout(2500)
    page.keyboard.press("b")
    page.mouse.move(470, 380)
    page.mouse.down()
    for x, y in ((520, 330), (600, 340), (640, 400), (590, 470), (500, 460), (470, 390)):
        page.mouse.move(x, y, steps=10)
    page.mouse.up()
    expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "saved")
    page.wait_for_timeout(SHARP_MS)


def comparing(page: Page, url: str) -> None:
    """Two versions of a model under one divider."""
    page.goto(url)
    overlay_is_there(page)
    page.get_by_test_id("compare-button").click()
    page.get_by_test_id("compare-swipe").click()
    expect(page.get_by_test_id("divider")).to_be_visible()
    expect(page.get_by_test_id("difference-panel")).to_contain_text("Dice")
    page.wait_for_timeout(SHARP_MS)


def checking(page: Page, url: str) -> None:
    """What a segmentation would cost, and how it would look, before it is asked for."""
    page.goto(url)
    overlay_is_there(page)
    page.get_by_test_id("check-button").click()
    expect(page.get_by_test_id("sample-overlay")).to_have_count(3)


def queue(page: Page, url: str) -> None:
    """What is computed, and what has been."""
    page.goto(f"{url}#queue")
    expect(page.get_by_test_id("queue-job").first).to_be_visible()


def models(page: Page, url: str) -> None:
    """A model's versions, and what speaks for each."""
    page.goto(f"{url}#models")
    expect(page.locator("#learn h2").first).to_be_visible()


FIRST: Mapping[str, Stop] = {"live": live}
THEN: Mapping[str, Stop] = {
    "drawing": drawing,
    "comparing": comparing,
    "checking": checking,
    "queue": queue,
    "models": models,
}
"""When there are two runs, and a person has drawn."""


def take(folder: Path, url: str, stops: Mapping[str, Stop]) -> None:
    """A picture of each, in its name."""
    with open_browser() as browser:
        for name, stop in stops.items():
            page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
            page.set_default_timeout(PATIENCE_MS)
            stop(page, url)
            page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=82)
            page.close()
            print(name, flush=True)


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with TemporaryDirectory() as place:
        slides, home = Path(place) / "slides", Path(place) / "home"
        slides.mkdir()
        write_slide(SPECIMEN, slides / "made-up slide.tiff")
        version = next_version(home)
        with running(settings(slides=slides, home=home, port=0)) as service:
            take(folder, service.url, FIRST)
            client = create_app(service.library).test_client()
            old = segmented(client, "tumor@3")
            segmented(client, version)
            draw(home, old["slide"])
            take(folder, service.url, THEN)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/tour"))
    main(parser.parse_args().folder)
