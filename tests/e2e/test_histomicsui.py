"""HistomicsUI with our panel, a real DSA and the real service: as a pathologist uses it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.support.dsa.browser import changed, open_browser, open_in_histomics, stage
from tests.support.dsa.provision import Archive
from tests.support.promised import once_within
from tests.support.viewer import at_rest, until

from histoloop.geometry import Size
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.tumor_data import BCSS_MPP

pytestmark = pytest.mark.e2e

COMMAND = Path(sys.executable).with_name("histoloop")
SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")
SECRET = "shared-by-plugin-and-service"
PATIENCE_S = 240.0
RUNNING, SUCCESS, CANCELED = 2, 3, 5

Document = dict[str, Any]


@pytest.fixture(scope="module")
def service(dsa: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the real service, which the DSA's plugin talks to."""
    home = tmp_path_factory.mktemp("home")
    command = [COMMAND, "serve", "--dsa", dsa.stack.root_url, "--home", home, "--port", "0"]
    environment = os.environ | {"HISTOLOOP_DSA_SECRET": SECRET}
    admin = dsa.client("admin")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            found = (re.search(r"http://\S+", line) for line in process.stdout or ())
            url = next(match[0] for match in found if match)
            form = {"key": "histoloop.service_url", "value": json.dumps(url)}
            admin.put("system/setting", data=form)
            admin.put("histoloop/secret", json={"secret": SECRET})
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            admin.put("histoloop/secret", json={"secret": ""})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def item(dsa: Archive, bcss: dict[str, Path]) -> str:
    """A slide that nobody else draws on."""
    return dsa.upload(bcss["TCGA-A2-A0D2-DX1"])


@pytest.fixture
def long_item(dsa: Archive, data: Path, tmp_path: Path) -> str:
    """A slide that takes a while: the region of another, nine times side by side."""
    name = "TCGA-A2-A0D2-DX1"
    region = np.asarray(Image.open(data / "bcss" / f"{name}_rgb.jpg"))
    band = np.tile(region, (1, 3, 1))
    size = Size(band.shape[1], 3 * band.shape[0])
    write_pyramid(tmp_path / "long.tiff", size, BCSS_MPP[name], [band] * 3)
    return dsa.upload(tmp_path / "long.tiff")


@pytest.fixture
def page(service: str, browser: Browser, dsa: Archive, item: str) -> Iterator[Page]:
    with open_in_histomics(browser, dsa, item) as opened:
        expect(opened.locator(".hl-segment")).to_be_enabled()
        yield opened


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/histomicsui-{name}.png")


def choose(page: Page, where: str) -> None:
    page.locator(".hl-where label", has_text=where).click()


def layers(archive: Archive, item: str) -> list[Document]:
    query = {"itemId": item, "limit": 0}
    found: list[Document] = archive.client("annotator").get("annotation", parameters=query)
    return found


def jobs(archive: Archive) -> list[Document]:
    query = {"types": json.dumps(["histoloop"]), "limit": 0}
    found: list[Document] = archive.client("annotator").get("job", parameters=query)
    return found


def eventually(holds: Callable[[], bool], within: float) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_drawn_region_is_segmented_and_its_layer_shown_at_once(
    page: Page, dsa: Archive, item: str
) -> None:
    at_rest(page.locator(".h-image-view-container"))
    before = stage(page)
    choose(page, "Region")
    page.mouse.move(300, 250)
    page.mouse.down()
    page.mouse.move(700, 600, steps=5)
    page.mouse.up()
    expect(page.locator(".hl-region")).to_contain_text("px")
    page.locator(".hl-segment").click()
    expect(page.locator(".hl-progress")).to_be_visible()
    shoot(page, "running")
    expect(page.locator(".hl-outcome")).to_contain_text("Done", timeout=PATIENCE_S * 1000)

    shown = page.locator(".hl-run .icon-eye")
    expect(shown).to_have_count(1)
    until(page, lambda: changed(page, before) > 0.01, "the layer is seen")
    shoot(page, "done")

    found = layers(dsa, item)
    assert found
    assert all("run" in one["annotation"]["attributes"] for one in found)
    job = jobs(dsa)[0]
    assert job["status"] == SUCCESS
    assert "Done: the result is run" in "".join(
        dsa.client("annotator").get(f"job/{job['_id']}")["log"]
    )

    page.locator(".hl-run .hl-toggle").click()
    expect(page.locator(".hl-run .icon-eye-off")).to_have_count(1)


def longest_wait_for_tiles(look: Callable[[], Document], waits: int) -> float:
    """Watch a job until tiles have come so many times after the first, which wait for the model
    as well; the most seconds that any took.
    """
    longest, done, since = 0.0, 0, 0.0
    deadline = time.monotonic() + PATIENCE_S
    while waits:
        job, now = look(), time.monotonic()
        progress = job["progress"]
        assert job["state"] in ("queued", "running"), "it ended before it could be stopped"
        assert now < deadline, "tiles did not come in time"
        if progress["stage"] == "predict" and progress["done"] > done:
            if done:
                longest, waits = max(longest, now - since), waits - 1
            done, since = progress["done"], now
        time.sleep(0.05)
    return longest


def runs_with_layers(archive: Archive, item: str) -> set[str]:
    return {one["annotation"]["attributes"]["run"] for one in layers(archive, item)}


def test_a_second_run_stands_beside_the_first_or_in_its_place(
    page: Page, dsa: Archive, item: str
) -> None:
    seen = list[set[str]]()
    for ticked in (False, False, True):
        page.get_by_label("Replace this model's earlier layers").set_checked(ticked)
        page.locator(".hl-segment").click()
        expect(page.locator(".hl-outcome")).to_contain_text("Done", timeout=PATIENCE_S * 1000)
        seen.append(runs_with_layers(dsa, item))
    first, both, last = seen
    assert len(first) == len(last) == 1
    assert len(both) == 2
    assert first < both
    assert last.isdisjoint(both)


def test_cancel_in_girders_jobs_is_done_on_both_sides_two_seconds_after_the_next_tile(
    service: str,
    browser: Browser,
    dsa: Archive,
    long_item: str,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    client = dsa.client("annotator")
    headers = {"Girder-Token": str(client.token)}
    query = {"slide": long_item}

    def job() -> Document:
        answer = requests.get(f"{service}/api/jobs", query, headers=headers, timeout=30)
        found: Document = answer.json()["jobs"][0]
        return found

    def seconds_to_cancel(page: Page) -> float:
        """Beside the longest wait for tiles."""
        page.locator(".hl-segment").click()
        expect(page.locator(".hl-progress")).to_be_visible()
        mirror = jobs(dsa)[0]["_id"]
        longest = longest_wait_for_tiles(job, waits=2)
        eventually(lambda: client.get(f"job/{mirror}")["status"] == RUNNING, PATIENCE_S)

        begun = time.monotonic()
        client.put(f"job/{mirror}/cancel")
        eventually(lambda: job()["state"] == "cancelled", PATIENCE_S)
        stopped = time.monotonic() - begun
        eventually(lambda: client.get(f"job/{mirror}")["status"] == CANCELED, PATIENCE_S)
        told = time.monotonic() - begun
        expect(page.locator(".hl-outcome")).to_contain_text("Cancelled")
        took = {"longest tiles": longest, "service": stopped, "Girder": told}
        for name, seconds in took.items():
            record_testsuite_property(f"{name}, s", round(seconds, 2))
        return told - longest

    with open_in_histomics(browser, dsa, long_item) as page:
        once_within(2, lambda: seconds_to_cancel(page))
        shoot(page, "cancelled")
    assert layers(dsa, long_item) == []


def test_our_viewer_opens_at_the_same_place(
    page: Page, dsa: Archive, service: str, item: str
) -> None:
    tiles = dsa.client("annotator").get(f"item/{item}/tiles")
    with page.expect_popup() as popup:
        page.locator(".hl-buttons .hl-open").click()
    address, _, place = popup.value.url.partition("#")
    said = {name: values[0] for name, values in parse_qs(place).items()}
    assert address.startswith(service)
    assert said["slide"] == item
    # HistomicsUI opens a slide in the middle, as large as fits.
    assert float(said["x"]) == pytest.approx(tiles["sizeX"] / 2, rel=0.02)
    assert float(said["y"]) == pytest.approx(tiles["sizeY"] / 2, rel=0.02)
    view = page.locator(".h-image-view-container").bounding_box()
    assert view is not None
    fits = min(view["width"] / tiles["sizeX"], view["height"] / tiles["sizeY"])
    assert float(said["zoom"]) == pytest.approx(fits, rel=0.05)


def test_who_may_only_read_sees_but_cannot_segment(
    service: str, browser: Browser, dsa: Archive, item: str
) -> None:
    with open_in_histomics(browser, dsa, item, "reader") as page:
        expect(page.locator(".hl-outcome")).to_contain_text("not write")
        expect(page.locator(".hl-segment")).to_be_disabled()
        shoot(page, "reader")


def outlines(archive: Archive, item: str, run: str) -> list[tuple[str, Any, Any]]:
    """What a run has left on the server, but for ids."""
    client = archive.client("reader")
    query = {"itemId": item, "limit": 0}
    ids = [
        one["_id"]
        for one in client.get("annotation", parameters=query)
        if one["annotation"].get("attributes", {}).get("run") == run
    ]
    documents = [client.get(f"annotation/{id}")["annotation"] for id in ids]
    return sorted(
        (element["group"], element["points"], element.get("holes") or [])
        for document in documents
        for element in document["elements"]
        if element["type"] == "polyline"
    )


def test_panel_rest_and_command_line_give_the_same_documents(
    page: Page, dsa: Archive, service: str, item: str, tmp_path: Path
) -> None:
    page.locator(".hl-segment").click()
    expect(page.locator(".hl-outcome")).to_contain_text("Done", timeout=PATIENCE_S * 1000)
    headers = {"Girder-Token": dsa.token("annotator")}
    model = requests.get(f"{service}/api/jobs", {"slide": item}, headers=headers, timeout=30)
    first = model.json()["jobs"][0]

    asked = {"kind": "segment", "slide": item, "model": first["model"]}
    job = requests.post(f"{service}/api/jobs", json=asked, headers=headers, timeout=30).json()

    def ended() -> bool:
        address = f"{service}/api/jobs/{job['id']}"
        return bool(requests.get(address, headers=headers, timeout=30).json()["state"] == "done")

    eventually(ended, PATIENCE_S)
    address = f"{dsa.stack.histomics_url}#?image={item}"
    command = [COMMAND, "segment", address, "--out", tmp_path / "out", "--home", tmp_path, "--push"]
    own = {"HISTOLOOP_DSA": dsa.url, "HISTOLOOP_DSA_KEY": dsa.api_key("annotator")}
    environment = os.environ | own
    subprocess.run(command, env=environment, check=True, timeout=PATIENCE_S)
    report = json.loads(next((tmp_path / "out").glob("*/report.json")).read_bytes())

    by_panel, by_rest, by_command = (
        outlines(dsa, item, run) for run in (first["run"], job["run"], report["run"])
    )
    assert by_panel == by_rest == by_command
    assert any(holes for _, _, holes in by_panel)
