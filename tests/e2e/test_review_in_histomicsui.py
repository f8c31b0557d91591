"""A review queue in HistomicsUI: the rectangles that somebody is asked to label are seen there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.support.dsa.browser import changed, open_browser, open_in_histomics, stage
from tests.support.dsa.provision import Archive, await_large_image
from tests.support.tiny_model import save_tiny_model
from tests.support.typed import run
from tests.support.viewer import at_rest, until

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


@pytest.fixture
def item(dsa: Archive, bcss: dict[str, Path], gtcodes: Path, tmp_path: Path) -> str:
    """A slide of a folder of its own, with four rectangles of a queue."""
    client = dsa.client("annotator")
    folder = client.createFolder(dsa.folders["private"], tmp_path.name)["_id"]
    path = bcss["TCGA-A2-A0D2-DX1"]
    item = client.createItem(folder, path.name)["_id"]
    client.uploadFileToItem(item, str(path), filename=path.name)
    await_large_image(client, item)
    save_tiny_model(tmp_path / "model", mpp=1.0)
    words = ("--source", dsa.stack.root_url, "--folder", folder, "--tta", 4, "--most", 4)
    how = ("--gtcodes", gtcodes, "--model", tmp_path / "model", "--push")
    env = {
        "HISTOLOOP_DSA": dsa.stack.root_url,
        "HISTOLOOP_DSA_KEY": dsa.api_key("annotator", days=0.01),
    }
    home = ("--home", tmp_path / "home", "--out", tmp_path / "queue")
    run("dataset", "review", *words, *how, *home, env=env)
    return str(item)


def test_the_rectangles_are_listed_and_seen(dsa: Archive, item: str) -> None:
    with open_browser() as browser, open_in_histomics(browser, dsa, item) as page:
        page.locator(".h-annotation-group-name").first.click()
        listed = page.locator(".h-annotation", has_text="review queue (tiny@1)")
        expect(listed).to_have_count(1)
        at_rest(page.locator(".h-image-view-container"))
        before = stage(page)
        listed.locator(".h-toggle-annotation").click()
        until(page, lambda: changed(page, before) > 0.001, "the outlines are seen")
        at_rest(page.locator(".h-image-view-container"))
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/histomicsui-review.png")
        assert 0.001 < changed(page, before) < 0.2, "outlines, and nothing filled"
