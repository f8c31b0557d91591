"""The journeys of the loop in a real browser: a contract for a folder of slides and for a DSA."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.support.annotated import GTCODES, ROI, SIZE, TUMOR, write_slide
from tests.support.damaged import spoil_tile
from tests.support.discs import NAME, train_base, write_data, write_patient
from tests.support.dsa.provision import Archive, Role
from tests.support.reviewing import go_through_ten
from tests.support.strokes import Offset, on_screen, polygon, saved, shown, stroke
from tests.support.viewer import (
    address_at_rest,
    at_rest,
    drawn_tiles,
    picture_of,
    shoot,
    sign_in,
    until,
    visiting,
)

from histoloop.config import Settings, settings
from histoloop.geometry import Mpp
from histoloop.jobs.kept_reviews import kept_queues
from histoloop.service.server import running

pytestmark = pytest.mark.e2e

LONG_MS = 480_000.0
"""A shared machine trains slowly."""

FOLDER = "journeys"
ANNOTATED = [f"TCGA-A2-A0A{number}-01Z-00-DX1" for number in range(3)]
NEW = "TCGA-A2-A0A3-01Z-00-DX1"
"""A patient with a tumour that nobody has outlined."""
UNSEEN = [f"TCGA-A2-A0D{number}-01Z-00-DX1" for number in range(3)]
"""Worth four regions of a review queue each."""
HURT = "TCGA-A2-A0E0-01Z-00-DX1"
"""It opens, and cannot be read at one place."""


@dataclass(frozen=True)
class Place:
    """A service over the slides.

    Attributes:
        archive: where they lie, in a folder of their own; none: in a folder of this machine.
    """

    name: str
    url: str
    said: Settings
    archive: Archive | None

    def enter(self, page: Page, role: Role) -> None:
        """To the list of slides, as whoever has the role where people sign in."""
        page.goto(self.url)
        if self.archive is None:
            return
        sign_in(page, self.archive, role)
        for name in ("Slides", "Private", FOLDER):
            page.get_by_test_id("folder-item").filter(has_text=name).click()

    def by(self, role: Role) -> str:
        """Who is said to have done what somebody of that role does."""
        return "Ada" if self.archive is None else f"{role.title()} Test"

    def shoot(self, page: Page, name: str) -> None:
        shoot(page, f"{self.name}-{name}")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``slides``, ``codes.csv``, and ``home`` with `discs@1`."""
    folder = tmp_path_factory.mktemp("files")
    slides = folder / "slides"
    for number in range(4):
        write_patient(slides, number)
    (slides / f"{NEW}.json").unlink()
    for number, stem in enumerate(UNSEEN):
        write_slide(slides / f"{stem}.tiff", seed=number)
    write_slide(slides / f"{HURT}.tiff", mpp=Mpp.square(1.0))
    spoil_tile(slides / f"{HURT}.tiff", number=1)
    (folder / "codes.csv").write_text(GTCODES)
    train_base(folder / "home", write_data(folder / "data", {"train": [0, 1]}))
    return folder


@pytest.fixture(scope="module", params=["folder", pytest.param("dsa", marks=pytest.mark.dsa)])
def place(
    request: pytest.FixtureRequest, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    home = shutil.copytree(files / "home", tmp_path_factory.mktemp("journeys") / "home")
    archive: Archive | None = None
    where: dict[str, Any] = {"slides": files / "slides", "annotator": "Ada"}
    if request.param == "dsa":
        archive = request.getfixturevalue("dsa")
        where = {"dsa": archive.stack.root_url, "retrain_folder": moved(files / "slides", archive)}
    said = settings(
        **where,
        home=home,
        retrain_gtcodes=files / "codes.csv",
        retrain_model=NAME,
        retrain_epochs=2,
        retrain_steps=25,
        port=0,
        workers=1,
    )
    with running(said) as service:
        yield Place(request.param, service.url, said, archive)


def moved(slides: Path, archive: Archive) -> str:
    """The same slides and drawings in a folder of the archive; its id."""
    folder, client = archive.new_folder(FOLDER), archive.client("annotator")
    for path in sorted(slides.glob("*.tiff")):
        item = archive.upload(path, folder)
        drawings = path.with_suffix(".json")
        for one in json.loads(drawings.read_text()) if drawings.is_file() else ():
            client.post("annotation", parameters={"itemId": item}, json=one["annotation"])
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Of somebody who comes for the first time."""
    with visiting(browser) as context:
        yield context.new_page()


def test_a_prediction_is_corrected_the_model_retrained_and_both_versions_compared(
    place: Place, page: Page
) -> None:
    picker, state = page.get_by_test_id("model-picker"), page.get_by_test_id("retrain-state")
    place.enter(page, "admin")
    open_slide(page, NEW)
    picker.select_option(f"{NAME}@1")
    segment(page)
    place.shoot(page, "predicted")
    correct(page)
    place.shoot(page, "corrected")

    button = page.get_by_test_id("retrain-button")
    expect(button).to_have_text(f"Retrain {NAME}")
    button.click()
    expect(button).to_be_disabled()
    place.shoot(page, "retraining")
    expect(state).to_have_attribute("data-state", "done", timeout=LONG_MS)
    expect(state).to_contain_text("Promoted discs@2 over discs@1: tumor ")
    expect(state).to_have_attribute("data-outcome", "promoted")
    expect(page.get_by_text("too few for an interval")).to_be_visible()
    expect(picker).to_have_value(f"{NAME}@2")
    expect(button).to_be_enabled()
    place.shoot(page, "retrained")

    page.get_by_test_id("retrain-dataset").click()
    mine = page.get_by_test_id("region-card").filter(has_text=NEW)
    mine.click()
    expect(page.locator(".region-facts")).to_contain_text(place.by("admin"))
    place.shoot(page, "learnt-from")
    for _ in range(2):
        page.keyboard.press("Escape")
    expect(page.get_by_test_id("datasets")).to_have_count(0)

    segment(page)
    page.get_by_test_id("compare-button").click()
    expect(chosen(page, "compare-this")).to_contain_text(f"{NAME}@2")
    expect(chosen(page, "compare-other")).to_contain_text(f"{NAME}@1")
    beside = page.get_by_test_id("beside")
    expect(beside).to_be_visible()
    drawn_tiles(page, "other-overlay-canvas")
    expect(page.get_by_test_id("difference-panel")).to_contain_text("Dice")
    place.shoot(page, "compared")
    right = at_rest(beside)
    page.mouse.move(*on_screen(page, (0, 0)))
    page.mouse.wheel(0, -600)
    until(page, lambda: picture_of(beside) != right, "the right follows the left")
    place.shoot(page, "compared-near")


def open_slide(page: Page, stem: str) -> None:
    page.get_by_test_id("slide-item").filter(has_text=stem).click()
    expect(page.locator("#stage-header")).to_contain_text(stem)
    expect(page.get_by_test_id("tool-polygon")).to_be_visible()
    page.wait_for_timeout(800)
    at_rest(page.get_by_test_id("draw-pane"))


def segment(page: Page) -> None:
    """The whole slide, with the model that is chosen, to the end."""
    before = address_at_rest(page)  # where one looks is written into it late, and is no new run
    page.get_by_test_id("segment-button").click()
    expect(page).not_to_have_url(before)
    done = re.compile("done", re.IGNORECASE)
    expect(page.get_by_test_id("job-state")).to_have_text(done, timeout=LONG_MS)


def correct(page: Page) -> None:
    """Take what the model has outlined in an ROI, and mend it with the brush; it saves itself."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.outline-canvas')]"
        ".some((one) => !one.hidden && Number(one.dataset.polygons) > 0)"
    )
    page.keyboard.press("r")
    page.keyboard.press("1")
    stroke(page, [place_of(page, ROI.x, ROI.y), place_of(page, ROI.right, ROI.bottom)])
    shown(page, 1)
    page.keyboard.press("a")
    middle = (TUMOR.x + TUMOR.width / 2, TUMOR.y + TUMOR.height / 2)
    page.mouse.click(*on_screen(page, place_of(page, *middle)))
    expect(page.get_by_test_id("draw-note")).to_contain_text("accepted")
    page.keyboard.press("b")
    page.keyboard.press("2")
    edge = [(TUMOR.right - 10, TUMOR.bottom - 4), (TUMOR.x + 10, TUMOR.bottom - 4)]
    stroke(page, [place_of(page, *at) for at in edge])
    saved(page)
    shown(page, 2)


def place_of(page: Page, x: float, y: float) -> Offset:
    """Of a base pixel of a slide that is shown as a whole."""
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    scale = min(box["width"] / SIZE.width, box["height"] / SIZE.height)
    return (x - SIZE.width / 2) * scale, (y - SIZE.height / 2) * scale


def chosen(page: Page, picker: str) -> Locator:
    """The option of a picker that is taken."""
    return page.get_by_test_id(picker).locator("option:checked")


def test_ten_regions_are_reviewed_with_the_keyboard_and_a_reload_in_the_midst_loses_nothing(
    place: Place, page: Page
) -> None:
    place.enter(page, "admin")
    page.get_by_test_id("review-button").press("Enter")
    place.shoot(page, "review-none")
    page.get_by_test_id("make-queue").press("Enter")
    current = page.get_by_test_id("review-current")
    expect(current).to_have_attribute("data-number", "1", timeout=LONG_MS)
    expect(page.get_by_test_id("film").nth(11)).to_be_attached()
    expect(page.get_by_test_id("drawing-canvas")).not_to_have_attribute("data-shapes", "0")
    place.shoot(page, "review")

    for key in ("a", "a", "f", "ArrowRight", "s", "A"):
        page.keyboard.press(key)
    (queue,) = kept_queues(place.said.home)
    go_through_ten(page, queue, partial(place.shoot, page))

    documents = [one.document for one in queue.said().values() if one.document]
    assert len(set(documents)) == 9
    slides = {region["id"] for region in queue.regions}
    written = [one["id"] for slide in slides for one in annotations(page, slide)]
    assert sorted(one for one in written if one in documents) == sorted(documents), "each once"
    assert (
        sum("review " in one["name"] for slide in slides for one in annotations(page, slide)) == 9
    )


def annotations(page: Page, slide: str) -> list[dict[str, Any]]:
    """Those of a slide that a person has made or accepted, as the service lists them."""
    listed: list[dict[str, Any]] = page.evaluate(
        "async (slide) => (await (await fetch(`api/slides/${slide}/annotations`)).json())"
        ".annotations",
        slide,
    )
    return [one for one in listed if one["editable"]]


def test_of_a_folder_one_bad_slide_stops_no_other(place: Place, page: Page) -> None:
    place.enter(page, "annotator")
    page.get_by_test_id("model-picker").select_option(f"{NAME}@1")
    page.get_by_test_id("choose-slides").click()
    boxes, count = page.get_by_test_id("slide-check"), page.get_by_test_id("batch-count")
    expect(boxes).to_have_count(8)
    page.get_by_test_id("select-all").click()
    expect(count).to_have_text("8 selected")
    page.get_by_role("button", name="None").click()
    boxes.nth(4).click()
    boxes.nth(7).click(modifiers=["Shift"])
    expect(count).to_have_text("4 selected")
    place.shoot(page, "batch")
    page.get_by_test_id("segment-selection").click()
    expect(page).to_have_url(re.compile("#queue"))
    rows = page.get_by_test_id("queue-job")
    for stem in (*UNSEEN, HURT):
        expect(rows.filter(has_text=stem).first).to_be_visible()
    place.shoot(page, "queue")
    for stem in UNSEEN:
        row = rows.filter(has_text=stem).first
        expect(row).to_have_attribute("data-state", "done", timeout=LONG_MS)
    hurt = rows.filter(has_text=HURT)
    expect(hurt).to_have_attribute("data-state", "failed", timeout=LONG_MS)
    expect(hurt.get_by_test_id("queue-failure")).to_contain_text(HURT)
    expect(hurt.locator(".hint")).not_to_be_empty()
    place.shoot(page, "queue-ended")
    hurt.get_by_test_id("queue-place").click()
    expect(page.get_by_test_id("queue")).to_have_count(0)
    expect(page.locator("#stage-header")).to_contain_text(HURT)
    place.shoot(page, "queue-place")


SQUARE = [(-120.0, -100.0), (120.0, -100.0), (120.0, 100.0), (-120.0, 100.0)]
LEFT = [(-200.0, -200.0), (-140.0, -200.0), (-140.0, -140.0)]
RIGHT = [(140.0, -200.0), (200.0, -200.0), (200.0, -140.0)]


def test_two_tabs_on_one_layer_lose_nothing(place: Place, page: Page) -> None:
    place.enter(page, "annotator")
    open_slide(page, ANNOTATED[0])
    polygon(page, SQUARE)
    saved(page)
    second = page.context.new_page()
    second.goto(page.url)
    shown(second, 1)
    polygon(page, LEFT)
    saved(page)

    polygon(second, RIGHT)
    mine = "Annotations" if place.archive is None else place.by("annotator")
    expect(second.get_by_test_id("draw-conflict")).to_contain_text(f"{mine} (2)")
    expect(second.get_by_test_id("layer-item")).to_have_count(2)
    expect(second.get_by_test_id("save-mark")).to_have_attribute("data-kind", "conflict")
    shown(second, 4)
    place.shoot(second, "conflict")
    found = elements(second)
    assert sorted(found) == [mine, f"{mine} (2)"]
    common, theirs = found[mine]
    assert found[f"{mine} (2)"][0] == common
    assert theirs not in found[f"{mine} (2)"]
    assert len(found[f"{mine} (2)"]) == 2


def elements(page: Page) -> dict[str, list[str]]:
    """Ids of what was drawn in the viewer on the open slide, by the name of the document."""
    (slide,) = re.findall(r"slide=([^&]+)", page.url)
    ids = [one["id"] for one in annotations(page, slide) if one["name"] != "drawn"]
    found = [
        page.evaluate("async (id) => (await fetch(`api/annotations/${id}`)).json()", id)
        for id in ids
    ]
    return {one["name"]: [each["id"] for each in one["elements"]] for one in found}
