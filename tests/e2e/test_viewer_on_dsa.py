"""The viewer on a real Digital Slide Archive, in a real browser, as one of its users sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.dsa.provision import Archive
from tests.support.tiny_model import save_tiny_model
from tests.support.viewer import (
    address_at_rest,
    drawn_tiles,
    shoot,
    sign_in,
    until,
    visiting,
)

from histoloop.config import settings
from histoloop.service.server import Service, running

pytestmark = pytest.mark.e2e

HUMAN = {
    "name": "suspicious area",
    "elements": [
        {
            "type": "rectangle",
            "center": [1800, 1300, 0],
            "width": 1500,
            "height": 900,
            "rotation": 0.4,
            "lineColor": "rgb(255, 220, 0)",
        },
        {
            "type": "polyline",
            "closed": True,
            "points": [[300, 300, 0], [1000, 300, 0], [800, 900, 0]],
            "holes": [[[600, 400, 0], [700, 400, 0], [650, 500, 0]]],
            "lineColor": "rgb(0, 200, 255)",
        },
    ],
}


@pytest.fixture(scope="module")
def slide(dsa: Archive, bcss: dict[str, Path]) -> str:
    """A slide of this module, on which the annotator has drawn."""
    item = dsa.upload(bcss["TCGA-A2-A0D2-DX1"], "private", "case 17.tiff")
    dsa.client("annotator").post("annotation", parameters={"itemId": item}, json=HUMAN)
    return item


@pytest.fixture(scope="module")
def service(dsa: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("viewer")
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings(dsa=dsa.stack.root_url, home=home, port=0, workers=1)) as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Of somebody who comes for the first time."""
    with visiting(browser) as context:
        yield context.new_page()


def test_a_pathologist_signs_in_finds_a_slide_and_has_it_segmented(
    page: Page, service: Service, dsa: Archive, slide: str
) -> None:
    page.goto(service.url)
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    shoot(page, "dsa-sign-in")
    sign_in(page, dsa, "annotator", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("does not accept")
    shoot(page, "dsa-wrong-password")
    sign_in(page, dsa, "annotator")
    expect(page.get_by_test_id("user")).to_have_text("Annotator Test")
    shoot(page, "dsa-root")

    page.get_by_test_id("folder-item").filter(has_text="Slides").click()
    page.get_by_test_id("folder-item").filter(has_text="Private").click()
    page.get_by_test_id("slide-item").filter(has_text="case 17").click()
    expect(page).to_have_url(re.compile(slide))
    expect(page.get_by_test_id("annotation-item")).to_contain_text("suspicious area")
    expect(page.get_by_test_id("annotation-item")).to_contain_text("by Annotator Test")
    page.get_by_test_id("annotation-item").get_by_role("checkbox").check()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=drawing-canvas]').dataset.shapes) === 2"
    )
    shoot(page, "dsa-slide")

    page.get_by_test_id("model-picker").select_option("tiny@1")
    page.get_by_test_id("threshold").fill("0.3")
    page.get_by_test_id("segment-button").click()
    expect(page.get_by_test_id("job-state")).to_have_text(re.compile("done", re.I), timeout=180_000)
    drawn_tiles(page)
    expect(page.get_by_test_id("annotation-item")).to_have_count(3)
    shoot(page, "dsa-segmented")

    page.get_by_test_id("search").fill("case")
    expect(page.get_by_test_id("slide-item").filter(has_text="case 17")).to_be_visible()
    address = address_at_rest(page)
    page.reload()
    drawn_tiles(page)
    until(page, lambda: page.url == address, "the address brings back what it was made of")
    expect(page.get_by_test_id("crumb").last).to_have_text("Private")
    shoot(page, "dsa-restored")


def test_an_address_leads_to_the_slide_through_the_sign_in_and_back(
    page: Page, service: Service, dsa: Archive, slide: str
) -> None:
    page.goto(f"{service.url}/#slide={slide}")
    sign_in(page, dsa, "reader")
    expect(page.locator("#stage-header")).to_contain_text("case 17")
    expect(page.get_by_test_id("segment-obstacle")).to_contain_text("ask for write access")
    expect(page.get_by_test_id("segment-button")).to_be_disabled()
    shoot(page, "dsa-reader")

    # The session ends while the reader looks: the form comes back, and then the same slide.
    page.context.clear_cookies()
    # By script, since the viewer may notice by itself at any moment, and take the button away.
    page.evaluate("document.querySelector('[aria-label=\"Look for new annotations\"]')?.click()")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("session has ended")
    shoot(page, "dsa-session-ended")
    sign_in(page, dsa, "reader")
    expect(page.locator("#stage-header")).to_contain_text("case 17")

    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    sign_in(page, dsa, "stranger")
    expect(page.locator("#stage-message")).to_contain_text("access denied")
    shoot(page, "dsa-stranger")


def test_what_an_annotator_draws_is_saved_in_the_archive(
    page: Page, service: Service, dsa: Archive, slide: str
) -> None:
    page.goto(f"{service.url}/#slide={slide}")
    sign_in(page, dsa, "annotator")
    page.get_by_test_id("tool-polygon").click()
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.wait_for_timeout(1500)
    for right, down in ((-80, -60), (90, -50), (70, 80)):
        page.mouse.click(x + right, y + down)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "saved")
    mine = page.get_by_test_id("layer-item")
    expect(mine).to_contain_text("Annotator Test")
    shoot(page, "dsa-drawn")

    client = dsa.client("annotator")
    listed = client.get("annotation", parameters={"itemId": slide, "name": "Annotator Test"})
    (element,) = client.get(f"annotation/{listed[0]['_id']}")["annotation"]["elements"]
    assert (element["type"], element["closed"], len(element["points"])) == ("polyline", True, 3)
    assert element["group"] == element["label"]["value"]

    page.reload()
    expect(mine).to_contain_text("Annotator Test")
    expect(page.get_by_test_id("sketch-canvas")).to_have_attribute("data-elements", "1")
