"""Every page and panel, dark and light, by axe-core: no violation of WCAG 2.2, nor of its advice.

And on a tablet, upright and lying: nothing is cut off, and a finger hits what it aims at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.support.annotated import SIZE, TUMOR
from tests.support.dsa.browser import PATIENCE, open_browser
from tests.support.snapshots import FIRST, write_agreement, write_annotated, write_snapshot
from tests.support.tiny_model import save_tiny_model, sees_purple
from tests.support.two_versions import run_of

from histoloop.config import settings
from histoloop.service.app import create_app
from histoloop.service.server import running

pytestmark = pytest.mark.e2e

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
    """Of a slide that people have drawn on and two models have segmented.

    Its service has a data set, what people agree on, and a damaged slide, too.
    """
    folder = tmp_path_factory.mktemp("accessible")
    write_annotated(folder / "slides")
    write_snapshot(folder / "slides", folder / "home" / "datasets" / "pilot")
    write_agreement(folder / "slides", folder / "home")
    (folder / "slides" / "broken.tiff").write_bytes(b"II*\0 and no more")
    models = folder / "home" / "models"
    save_tiny_model(models / "tiny-1", mpp=0.5)
    save_tiny_model(models / "tiny-2", network=sees_purple(), version=2, parent="tiny@1", mpp=0.5)
    said = settings(home=folder / "home", slides=folder / "slides", port=0, workers=1)
    with running(said) as service:
        client = create_app(service.library).test_client()
        slides = client.get("/api/slides").json["slides"]
        (slide,) = [one["id"] for one in slides if FIRST in one["name"]]
        for model in ("tiny@1", "tiny@2"):
            run_of(client, {"slide": slide, "model": model})
        yield f"{service.url}#slide={slide}"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nobody_is_shut_out(url: str, scheme: Scheme) -> None:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE)
        found = {name: violations(go(page, url, name), name) for name in PAGES}
    assert not any(found.values()), found


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nobody_is_shut_out_from_what_opens_on_a_slide(url: str, scheme: Scheme) -> None:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE)
        found = {name: violations(page, f"{name}-{scheme}") for name in panels(page, url)}
    assert len(found) == 9
    assert not any(found.values()), found


@pytest.mark.parametrize("size", [(1180, 820), (820, 1180), (1280, 720)])
def test_nothing_is_cut_off_on_a_tablet(url: str, size: tuple[int, int]) -> None:
    with open_browser() as browser:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, has_touch=True)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        found = {name: cut_off(go(page, url, name), f"{name}-{size[0]}") for name in PAGES}
        for name in panels(page, url):
            found[name] = cut_off(page, f"{name}-{size[0]}")
    assert not any(found.values()), found


def go(page: Page, url: str, name: str) -> Page:
    """The page of that name, whole."""
    address, ready = PAGES[name]
    page.goto("about:blank")
    page.goto(url if name == "slide" else f"{url.partition('#')[0]}{address}")
    expect(page.locator(ready).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page


def panels(page: Page, url: str) -> Iterator[str]:
    """What opens on a slide, one after the other, by its name."""
    go(page, url, "slide")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=overlay-canvas]')?.dataset.tiles) > 0"
    )
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    scale = min(box["width"] / SIZE.width, box["height"] / SIZE.height)
    across, down = TUMOR.x + TUMOR.width / 2, TUMOR.y + TUMOR.height / 2
    x = box["x"] + box["width"] / 2 + scale * (across - SIZE.width / 2)
    y = box["y"] + box["height"] / 2 + scale * (down - SIZE.height / 2)

    page.mouse.click(x, y)
    expect(page.get_by_test_id("lineage-card")).to_contain_text("mean probability")
    yield "region-card"
    page.get_by_test_id("lineage-card").get_by_role("button", name="Close").click()
    page.get_by_test_id("measure-length").click()
    page.mouse.click(x, y)
    page.mouse.click(x + 60, y + 20)
    page.keyboard.press("Enter")
    yield "measuring"
    page.keyboard.press("Escape")
    page.get_by_test_id("model-picker").select_option("tiny@2")  # the quick one
    page.get_by_test_id("check-button").click()
    expect(page.get_by_test_id("samples")).to_have_attribute("data-state", "done", timeout=240_000)
    yield "preflight"
    page.keyboard.press("Escape")
    page.get_by_test_id("compare-button").click()
    for way in ("side", "swipe", "difference"):
        page.get_by_test_id(f"compare-{way}").click()
        expect(page.get_by_test_id("difference-panel")).to_contain_text("They differ on")
        yield f"compared-{way}"
    page.get_by_test_id("compare-end").click()
    page.keyboard.press("b")
    page.mouse.move(x - 40, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 20, steps=8)
    page.mouse.up()
    expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "saved")
    expect(page.get_by_test_id("layer-item").first).to_be_visible()
    yield "brush"
    page.keyboard.press("v")
    yield "selected"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "help"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(600)
        page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}.png")


def violations(page: Page, name: str) -> list[str]:
    """What axe-core finds on a page: rule, place and why, a line each."""
    shoot(page, name)
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate(
        "() => axe.run({ rules: { 'target-size': { enabled: true } } })"
    )
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


CUT_OFF = """() => {
    const words = (one) => one.dataset.testid || one.getAttribute("aria-label") || one.textContent;
    const inert = (one) => one.closest("[inert]") || one.closest("[hidden]");
    const top = document.querySelector("dialog[open]") ?? document;
    const found = [];
    for (const one of top.querySelectorAll("button, select, input, summary, a[href]")) {
        const own = one.getBoundingClientRect();
        if (own.width === 0 || inert(one) || !one.checkVisibility()) continue;
        one.scrollIntoView({ block: "nearest", inline: "nearest" });
        const box = one.getBoundingClientRect();
        const label = one.closest("label")?.getBoundingClientRect() ?? box;
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const hit = document.elementFromPoint(x, y);
        const whole = one.closest("label") ?? one;
        if (box.left < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)
            found.push(`${words(one)} is beyond the window`);
        else if (!hit || !(whole.contains(hit) || hit.contains(one)))
            found.push(`${words(one)} is under ${hit?.className}`);
        if (Math.max(box.height, label.height) < 24 && !one.matches(".link, a"))
            found.push(`${words(one)} is ${box.height} px high`);
    }
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page is too wide");
    return found;
}"""


def cut_off(page: Page, name: str) -> list[str]:
    """What cannot be reached, or not with a finger."""
    shoot(page, name)
    return list(page.evaluate(CUT_OFF))
