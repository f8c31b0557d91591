"""Drawing in the viewer, in a real browser, on a service that is killed in the midst of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.support.annotated import GTCODES, TUMOR, write_slide
from tests.support.dsa.browser import PATIENCE, open_browser
from tests.support.dsa.processes import Port
from tests.support.strokes import Offset, on_screen, polygon, saved, shown, stroke
from tests.support.tiny_model import save_tiny_model, sees_purple
from tests.support.viewer import at_rest

pytestmark = pytest.mark.e2e

COMMAND = Path(sys.executable).with_name("histoloop")
SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


@dataclass
class Mortal:
    """A service with slides, that can be killed and started again at the same address."""

    folder: Path
    port: Port
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.number}/"

    def start(self) -> None:
        slides, home = self.folder / "slides", self.folder / "home"
        command = [COMMAND, "serve", "--slides", slides, "--home", home]
        command += ["--port", str(self.port.number)]
        codes = {"HISTOLOOP_RETRAIN_GTCODES": str(self.folder / "codes.csv")}
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            command, env=os.environ | codes, stdout=log, stderr=log, start_new_session=True
        )
        for _ in range(1500):
            with suppress(requests.ConnectionError):
                requests.get(f"{self.url}api/health", timeout=10).raise_for_status()
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """Without a word of warning, and all that it has started with it."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
            self.process = None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    folder = tmp_path_factory.mktemp("drawing")
    for name in ("drawn", "touched", "holes", "predicted", "lost", "shared", "restored"):
        write_slide(folder / "slides" / f"{name}.tiff")
    (folder / "codes.csv").write_text(GTCODES)
    save_tiny_model(folder / "home" / "models" / "tiny-1", network=sees_purple(), mpp=0.5)
    one = Mortal(folder, Port())
    one.start()
    yield one
    one.kill()
    one.port.release()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as one:
        yield one


@contextmanager
def visiting(browser: Browser, **of_context: Any) -> Iterator[BrowserContext]:
    """One person's browser; a page error fails the test."""
    errors: list[str] = []
    usual: dict[str, Any] = {"viewport": {"width": 1280, "height": 720}}
    context = browser.new_context(**(usual | of_context))
    context.set_default_timeout(PATIENCE)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


def opened(context: BrowserContext, service: Mortal, slide: str) -> Page:
    page = context.new_page()
    page.goto(service.url)
    page.get_by_test_id("slide-item").filter(has_text=slide).click()
    expect(page.locator("#stage-header")).to_contain_text(slide)
    expect(page.get_by_test_id("tool-polygon")).to_be_visible()
    page.wait_for_timeout(800)
    at_rest(page.get_by_test_id("draw-pane"))
    return page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/drawing-{name}.png")


def stored(service: Mortal, slide: str) -> dict[str, Any]:
    """What the service has on a slide: documents by name."""

    def get(path: str) -> Any:
        return requests.get(f"{service.url}api/{path}", timeout=60).json()

    id = next(one["id"] for one in get("slides")["slides"] if slide in one["name"])
    listed = [one for one in get(f"slides/{id}/annotations")["annotations"] if one["editable"]]
    assert len({one["name"] for one in listed}) == len(listed)
    return {one["name"]: get(f"annotations/{one['id']}") for one in listed}


def area(ring: Sequence[Sequence[float]]) -> float:
    x, y = np.array(ring)[:, 0], np.array(ring)[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


MAY_GO = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"
"""Whether the page would be closed without a question."""

SQUARE = [(-120.0, -100.0), (120.0, -100.0), (120.0, 100.0), (-120.0, 100.0)]
BESIDE = [(-200.0, -200.0), (-140.0, -200.0), (-140.0, -140.0)]


def test_a_polygon_is_saved_by_itself_and_is_there_after_a_reload(
    service: Mortal, browser: Browser
) -> None:
    with visiting(browser) as context:
        page = opened(context, service, "drawn")
        polygon(page, SQUARE)
        shown(page, 1)
        shoot(page, "polygon")
        saved(page)
        (element,) = stored(service, "drawn")["Annotations"]["elements"]
        assert (element["type"], element["closed"]) == ("polyline", True)
        assert len(element["points"]) == 4
        assert element["group"] == element["label"]["value"] == "mostly_tumor"
        assert element["lineColor"] == "rgb(255, 0, 0)"

        # One that is not closed yet, too.
        for at in BESIDE:
            page.mouse.click(*on_screen(page, at))
        page.wait_for_function(MAY_GO)
        page.reload()
        shown(page, 1)
        expect(page.get_by_test_id("layer-item")).to_contain_text("Annotations")
        expect(page.get_by_test_id("draw-note")).to_contain_text("in hand again")
        shoot(page, "in-hand-again")
        page.keyboard.press("Enter")
        shown(page, 2)
        saved(page)
        assert len(stored(service, "drawn")["Annotations"]["elements"]) == 2

        # All of it: another name, away with it, and back.
        page.get_by_test_id("manage").click()
        shoot(page, "manage")
        page.get_by_test_id("new-name").fill("<b>Tumour</b>")
        page.get_by_test_id("rename").click()
        expect(page.get_by_test_id("layer-item")).to_contain_text("<b>Tumour</b>")
        kept = stored(service, "drawn")["<b>Tumour</b>"]["elements"]
        assert len(kept) == 2
        expect(page.get_by_test_id("annotation-item")).to_contain_text("<b>Tumour</b>")
        page.get_by_test_id("manage").click()
        page.get_by_test_id("delete").click()
        shoot(page, "delete")
        assert stored(service, "drawn"), "nobody has said yes"
        page.get_by_test_id("confirm-delete").click()
        expect(page.get_by_test_id("layer-item")).to_have_count(0)
        shown(page, 0)
        assert stored(service, "drawn") == {}
        page.get_by_test_id("deleted-button").click()
        shoot(page, "deleted")
        page.get_by_test_id("deleted-item").get_by_role("button").click()
        expect(page.get_by_test_id("annotation-item")).to_contain_text("<b>Tumour</b>")
        assert stored(service, "drawn")["<b>Tumour</b>"]["elements"] == kept


class Fingers:
    """On the glass, by their numbers; where they are, in CSS pixels from the stage's middle."""

    def __init__(self, page: Page) -> None:
        self.page, self.down = page, dict[int, Offset]()
        self.session = page.context.new_cdp_session(page)

    def put(self, **fingers: Offset) -> None:
        for name, at in fingers.items():
            self.down[int(name[1:])] = at
            self._send("touchStart")

    def move(self, steps: int = 6, **fingers: Offset) -> None:
        start = dict(self.down)
        for step in range(1, steps + 1):
            for name, (x, y) in fingers.items():
                number = int(name[1:])
                (fx, fy), share = start[number], step / steps
                self.down[number] = (fx + (x - fx) * share, fy + (y - fy) * share)
            self._send("touchMove")

    def lift(self, *numbers: int) -> None:
        for number in numbers:
            del self.down[number]
            # Those that are there no more are lifted.
            self._send("touchMove" if self.down else "touchEnd")

    def _send(self, kind: str) -> None:
        places = {number: on_screen(self.page, at) for number, at in self.down.items()}
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in places.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_one_finger_draws_two_move_the_slide_and_a_palm_does_nothing(
    service: Mortal, browser: Browser
) -> None:
    with visiting(browser, has_touch=True, viewport={"width": 1180, "height": 820}) as context:
        page = opened(context, service, "touched")
        page.get_by_test_id("tool-lasso").tap()
        fingers = Fingers(page)
        fingers.put(f1=(-100, -80))
        fingers.move(f1=(100, -80))
        page.wait_for_timeout(300)
        fingers.put(f2=(150, 160))  # the palm comes down, and goes
        fingers.move(f1=(100, 80))
        fingers.lift(2)
        fingers.move(f1=(-100, 80))
        fingers.lift(1)
        shown(page, 1)
        saved(page)
        (element,) = stored(service, "touched")["Annotations"]["elements"]
        shoot(page, "touched")
        before = page.get_by_test_id("magnification").text_content() or ""
        fingers.put(f1=(-40, 0), f2=(40, 0))
        fingers.move(f1=(-120, 0), f2=(120, 0))
        fingers.lift(1, 2)
        expect(page.get_by_test_id("magnification")).not_to_have_text(before)
        shown(page, 1)
        scale = 300 / 636  # base pixels to a CSS pixel: the slide was as wide as the stage
        assert area(element["points"]) == pytest.approx(200 * 160 * scale**2, rel=0.1)


def test_brush_and_eraser_leave_a_hole_and_every_step_is_undone_and_redone(
    service: Mortal, browser: Browser
) -> None:
    with visiting(browser) as context:
        page = opened(context, service, "holes")
        page.keyboard.press("b")
        loop = [(-100.0, -80.0), (100.0, -80.0), (100.0, 80.0), (-100.0, 80.0), (-100.0, -80.0)]
        stroke(page, loop)
        saved(page)
        (ring,) = stored(service, "holes")["Annotations"]["elements"]
        assert len(ring["holes"]) == 1
        stroke(page, [(-60.0, -80.0), (-60.0, 80.0)])
        stroke(page, [(0.0, -80.0), (0.0, 80.0)])
        stroke(page, [(60.0, -80.0), (60.0, 80.0)])
        page.keyboard.press("e")
        for _ in range(3):
            page.keyboard.press("[")
        page.mouse.move(*on_screen(page, (0.0, 0.0)))
        shoot(page, "eraser")
        stroke(page, [(-2.0, 0.0), (2.0, 0.0)])
        saved(page)
        (holed,) = stored(service, "holes")["Annotations"]["elements"]
        smallest = min(area(hole) for hole in holed["holes"])
        assert 0 < smallest < area(ring["holes"][0])
        assert holed["id"] == ring["id"]

        page.keyboard.press("Control+z")
        saved(page)
        before = stored(service, "holes")["Annotations"]["elements"][0]
        assert len(before["holes"]) == len(holed["holes"]) - 1
        for _ in range(4):
            page.keyboard.press("Control+z")
        shown(page, 0)
        expect(page.get_by_test_id("undo")).to_be_disabled()
        for _ in range(5):
            page.keyboard.press("Control+Shift+z")
        expect(page.get_by_test_id("redo")).to_be_disabled()
        saved(page)
        assert stored(service, "holes")["Annotations"]["elements"] == [holed]


def test_a_predicted_region_is_accepted_and_pulled_into_shape(
    service: Mortal, browser: Browser
) -> None:
    with visiting(browser) as context:
        page = opened(context, service, "predicted")
        page.get_by_test_id("model-picker").select_option("tiny@1")
        page.get_by_test_id("segment-button").click()
        expect(page.get_by_test_id("job-state")).to_have_text(
            "Done", ignore_case=True, timeout=240_000
        )
        page.wait_for_function(
            "() => [...document.querySelectorAll('.outline-canvas')]"
            ".some((one) => !one.hidden && Number(one.dataset.polygons) > 0)"
        )
        page.keyboard.press("a")
        scale = 736 / 300  # the slide is as wide as the stage
        middle = (TUMOR.x + TUMOR.width / 2 - 150, TUMOR.y + TUMOR.height / 2 - 120)
        at = (middle[0] * scale, middle[1] * scale)
        page.mouse.click(*on_screen(page, at))
        expect(page.get_by_test_id("draw-note")).to_contain_text("accepted")
        saved(page)
        shoot(page, "accepted")
        (taken,) = stored(service, "predicted")["Annotations"]["elements"]
        assert taken["group"] == "mostly_tumor"  # by the code of the model's "tumor"
        assert len(taken["points"]) < 12  # and not one for each of the model's pixels
        assert area(taken["points"]) == pytest.approx(TUMOR.width * TUMOR.height, rel=0.1)

        # The same one twice is once.
        page.mouse.click(*on_screen(page, at))
        expect(page.get_by_test_id("draw-note")).to_contain_text("already")
        shown(page, 1)

        page.keyboard.press("v")
        corner = ((TUMOR.x - 150) * scale, (TUMOR.y - 120) * scale)
        stroke(page, [corner, (corner[0] - 60, corner[1] - 40)])
        saved(page)
        (pulled,) = stored(service, "predicted")["Annotations"]["elements"]
        assert area(pulled["points"]) > area(taken["points"])
        shoot(page, "pulled")

        # All of it: dragged, nudged by key, and turned by the handle above it.
        stroke(page, [at, (at[0] + 60, at[1] + 30)])
        page.keyboard.press("Shift+ArrowRight")
        saved(page)
        (moved,) = stored(service, "predicted")["Annotations"]["elements"]
        way = [
            now - before
            for now, before in zip(moved["points"][0], pulled["points"][0], strict=True)
        ]
        assert way == pytest.approx([70 / scale, 30 / scale, 0], abs=0.01)
        assert area(moved["points"]) == pytest.approx(area(pulled["points"]))
        shoot(page, "moved")
        left, top = (min(one[axis] for one in moved["points"]) for axis in (0, 1))
        right, _ = (max(one[axis] for one in moved["points"]) for axis in (0, 1))
        x, y = (((left + right) / 2 - 150) * scale, (top - 120) * scale - 26)
        stroke(page, [(x, y), (x + 90, y + 20)])
        shoot(page, "turned")
        saved(page)
        (turned,) = stored(service, "predicted")["Annotations"]["elements"]
        assert area(turned["points"]) == pytest.approx(area(moved["points"]), rel=1e-3)
        assert turned["points"][0] != pytest.approx(moved["points"][0], abs=1)
        page.keyboard.press("Control+z")
        saved(page)
        assert stored(service, "predicted")["Annotations"]["elements"] == [moved]


def test_a_service_that_is_killed_in_the_midst_loses_no_stroke(
    service: Mortal, browser: Browser
) -> None:
    with visiting(browser) as context:
        page = opened(context, service, "lost")
        polygon(page, SQUARE)
        saved(page)
        polygon(page, BESIDE)
        service.kill()
        polygon(page, [(x + 340, y) for x, y in BESIDE])
        expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "offline")
        expect(page.get_by_test_id("save-mark")).to_contain_text("kept in this browser")
        shoot(page, "offline")
        service.start()
        saved(page)
        assert len(stored(service, "lost")["Annotations"]["elements"]) == 3

        # Gone again, and this time the page goes, too: what was drawn is found and saved.
        service.kill()
        polygon(page, [(x + 340, y + 340) for x, y in BESIDE])
        expect(page.get_by_test_id("save-mark")).to_contain_text("kept in this browser")
        page.close()
        service.start()
        again = opened(context, service, "lost")
        expect(again.get_by_test_id("draw-note")).to_contain_text("kept in this browser")
        shown(again, 4)
        saved(again)
        assert len(stored(service, "lost")["Annotations"]["elements"]) == 4


def test_an_earlier_version_is_restored(service: Mortal, browser: Browser) -> None:
    with visiting(browser) as context:
        page = opened(context, service, "restored")
        polygon(page, SQUARE)
        saved(page)
        polygon(page, BESIDE)
        shown(page, 2)
        saved(page)
        page.get_by_test_id("versions-button").click()
        expect(page.get_by_test_id("version-item")).to_have_count(2)
        shoot(page, "versions")
        page.get_by_test_id("version-item").last.get_by_role("button").click()
        shown(page, 1)
        saved(page)
        assert len(stored(service, "restored")["Annotations"]["elements"]) == 1
        page.keyboard.press("Control+z")
        shown(page, 2)
        saved(page)
        assert len(stored(service, "restored")["Annotations"]["elements"]) == 2
