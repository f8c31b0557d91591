"""How smoothly a slide with many polygons is panned: our viewer beside HistomicsUI.

    python -m benchmarks.viewer [--polygons 10000 100000 300000] [--rounds 3] [--minutes 0]

Both show the same annotation of the same slide of one real Digital Slide Archive, in one headless
Chromium, which draws without a GPU. In turns, each is opened, the annotation switched on and waited
for, and the slide dragged to and fro for five seconds at the zoom it opens with: all polygons in
view. Printed are the times between frames (the browser's own, at best 16.7 ms), the seconds until
the first tile was there and until the polygons were, and the memory of JavaScript afterwards. With
``--minutes`` each is then panned for so long, once, and the memory is read every half minute.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import Browser, Page
from tests.support.dsa.archive import open_archive
from tests.support.dsa.browser import open_browser, open_in_histomics
from tests.support.dsa.provision import Archive

from histoloop.annotations.dsa import Document
from histoloop.config import settings
from histoloop.geometry import Mpp, Size
from histoloop.service.server import running
from histoloop.slides.pyramid import write_pyramid

SIZE, MPP = Size(16_000, 12_000), Mpp.square(0.5)
VERTICES, RADIUS = 24, 14.0
PAN_S = 5.0
PATIENCE_MS = 300_000.0
STORED_S = 1800

_RECORD = """() => {
  window.frames_ = [];
  let last = performance.now();
  const note = (now) => {
    window.frames_.push(now - last);
    last = now;
    window.recorder_ = requestAnimationFrame(note);
  };
  window.recorder_ = requestAnimationFrame(note);
}"""
_STOP = "() => { cancelAnimationFrame(window.recorder_); return window.frames_; }"
_MEMORY = "() => performance.memory.usedJSHeapSize / 1e6"


@dataclass(frozen=True)
class Seen:
    """One look at the slide.

    Attributes:
        frames: ms between frames while it was panned; opening, polygons: s until a tile, and all
            polygons, were there; heap_mb: of JavaScript; grown: the same, while it was panned on.
    """

    frames: list[float]
    opening: float
    polygons: float
    heap_mb: float
    grown: list[float]


def document(name: str, polygons: int) -> Document:
    """Round nuclei all over the slide."""
    random = np.random.default_rng(0)
    turn = np.arange(VERTICES) * 2 * np.pi / VERTICES
    middles = random.uniform((20, 20), (SIZE.width - 20, SIZE.height - 20), (polygons, 2))
    rings = middles[:, None] + RADIUS * np.stack([np.cos(turn), np.sin(turn)], 1)
    points = np.concatenate([rings.round(1), np.zeros((*rings.shape[:2], 1))], axis=2)
    elements = [
        {"type": "polyline", "closed": True, "lineColor": "rgb(230, 25, 75)", "points": ring}
        for ring in points.tolist()
    ]
    return {"name": name, "elements": elements}


def annotate(archive: Archive, item: str, path: Path, polygons: int) -> None:
    """By way of a file, as HistomicsUI does: Girder takes no request of so many megabytes."""
    path.write_text(json.dumps(document(path.stem, polygons)))
    client = archive.client("annotator")
    [image] = client.listFile(item)
    reference = {
        "identifier": "LargeImageAnnotationUpload",
        "itemId": item,
        "fileId": image["_id"],
        "userId": client.get("user/me")["_id"],
    }
    client.uploadFileToItem(item, str(path), reference=json.dumps(reference))
    # The file goes when all of it is in the database.
    until = time.monotonic() + STORED_S
    while len(list(client.listFile(item))) > 1:
        if time.monotonic() > until:
            raise TimeoutError(f"item {item}: {path.name} is not stored after {STORED_S} s")
        time.sleep(1)
    assert client.get("annotation", parameters={"itemId": item})


def write_slide(path: Path) -> None:
    random = np.random.default_rng(1)
    rows = random.integers(150, 230, (SIZE.height // 16, SIZE.width // 16, 3), np.uint8)
    write_pyramid(path, SIZE, MPP, (row.repeat(16, 0).repeat(16, 1) for row in rows[:, None]))


def pan(page: Page, stage: str) -> list[float]:
    """Drag the slide to and fro; ms between frames."""
    box = page.locator(stage).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_RECORD)
    began, step = time.perf_counter(), 0
    while time.perf_counter() - began < PAN_S:
        step += 1
        page.mouse.move(x + 120 * np.sin(step / 12), y + 60 * np.sin(step / 9))
    frames: list[float] = page.evaluate(_STOP)
    page.mouse.up()
    return frames


@contextmanager
def in_histoloop(browser: Browser, url: str, archive: Archive, item: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page, person = context.new_page(), archive.people["annotator"]
    page.goto(url)
    page.get_by_label("Login or e-mail").fill(person.login)
    page.get_by_label("Password").fill(person.password)
    page.get_by_test_id("sign-in-button").click()
    page.get_by_test_id("user").wait_for()
    with page.expect_response(lambda answer: "/tiles/" in answer.url and answer.ok):
        page.goto(f"{url}#slide={item}")
    yield page
    context.close()


def look_ours(
    browser: Browser, url: str, archive: Archive, item: str, count: int, minutes: float
) -> Seen:
    began = time.perf_counter()
    with in_histoloop(browser, url, archive, item) as page:
        opening = time.perf_counter() - began
        began = time.perf_counter()
        page.get_by_test_id("annotation-item").get_by_role("checkbox").check()
        page.wait_for_function(
            """(count) => {
              const said = document.querySelector("[data-testid=drawing-canvas]").dataset;
              return Number(said.shapes) === count && said.state === "drawn";
            }""",
            arg=count,
        )
        shown = time.perf_counter() - began
        frames, heap = pan(page, "#stage"), page.evaluate(_MEMORY)
        return Seen(frames, opening, shown, heap, grown(page, "#stage", minutes))


def look_theirs(browser: Browser, archive: Archive, item: str, name: str, minutes: float) -> Seen:
    began = time.perf_counter()
    stage = ".h-image-view-container"
    with open_in_histomics(browser, archive, item) as page:
        page.set_default_timeout(PATIENCE_MS)
        opening = time.perf_counter() - began
        if not page.locator(".h-annotation").count():
            page.locator(".h-annotation-group-name").first.click()
        began = time.perf_counter()
        with page.expect_response(lambda answer: "/annotation/" in answer.url and answer.ok):
            page.locator(".h-annotation", has_text=name).locator(".h-toggle-annotation").click()
        page.wait_for_load_state("networkidle")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        shown = time.perf_counter() - began
        frames, heap = pan(page, stage), page.evaluate(_MEMORY)
        return Seen(frames, opening, shown, heap, grown(page, stage, minutes))


def grown(page: Page, stage: str, minutes: float) -> list[float]:
    """Megabytes of JavaScript's memory, collected, while the slide is dragged to and fro."""
    session = page.context.new_cdp_session(page)
    found, end, due = list[float](), time.monotonic() + 60 * minutes, 0.0
    while time.monotonic() < end:
        pan(page, stage)
        if time.monotonic() >= due:
            session.send("HeapProfiler.collectGarbage")
            found.append(page.evaluate(_MEMORY))
            due = time.monotonic() + 30
    return found


def report(name: str, polygons: int, seen: list[Seen]) -> None:
    frames = [np.percentile(one.frames, (50, 95)) for one in seen]
    middle, slow = (median(float(one[at]) for one in frames) for at in (0, 1))
    print(
        f"{polygons:>8} {name:<12}{middle:>9.1f}{slow:>9.1f}"
        f"{median(max(one.frames) for one in seen):>9.0f}"
        f"{median(one.opening for one in seen):>9.1f}{median(one.polygons for one in seen):>9.1f}"
        f"{median(one.heap_mb for one in seen):>9.0f}",
        flush=True,
    )
    if heap := seen[-1].grown:
        said = ", ".join(f"{one:.0f}" for one in heap)
        print(f"{'':>8} heap MB, every half minute of panning: {said}", flush=True)


def main(counts: list[int], rounds: int, minutes: float) -> None:
    """Print the table."""
    print(f"{'polygons':>8} {'viewer':<12}{'ms p50':>9}{'ms p95':>9}{'longest':>9}", end="")
    print(f"{'tile s':>9}{'shown s':>9}{'heap MB':>9}")
    with TemporaryDirectory() as folder, open_archive() as archive, open_browser() as browser:
        place = Path(folder)
        items = dict[int, str]()
        for count in counts:
            path = place / f"slide-{count}.tiff"
            write_slide(path)
            items[count] = archive.upload(path)
            annotate(archive, items[count], place / f"nuclei {count}.json", count)
        said = settings(home=place / "home", dsa=archive.stack.root_url, port=0)
        with running(said) as service:
            for count, item in items.items():
                ours: list[Seen] = []
                theirs: list[Seen] = []
                for number in range(rounds):
                    last = minutes if number == rounds - 1 else 0
                    ours.append(look_ours(browser, service.url, archive, item, count, last))
                    name = f"nuclei {count}"
                    theirs.append(look_theirs(browser, archive, item, name, last))
                report("HistoLoop", count, ours)
                report("HistomicsUI", count, theirs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polygons", type=int, nargs="+", default=[10_000, 100_000, 300_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    asked = parser.parse_args()
    main(asked.polygons, asked.rounds, asked.minutes)
