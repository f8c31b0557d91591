"""A run that was put away, in the viewer: said in words, and made again at a click."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.service.conftest import asked, finished
from tests.support.dsa.browser import PATIENCE, open_browser
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.jobs.retention import prune
from histoloop.service.app import STATIC, create_app
from histoloop.service.server import running

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("HISTOLOOP_SCREENSHOTS")


def test_it_is_said_and_made_again(tissue_slide: Path, tmp_path: Path) -> None:
    if not (STATIC / "index.html").is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("the viewer is not built")
    home, slides = tmp_path / "home", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides / "biopsy.tiff")
    save_tiny_model(home / "models" / "tiny-1")
    errors: list[str] = []
    with (
        running(settings(slides=slides, home=home, port=0, workers=1)) as service,
        open_browser() as browser,
    ):
        client = create_app(service.library).test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        body = {"model": "tiny@1", "roi": [0, 0, 900, 700]}
        kept, old = (finished(client, asked(client, slide, **body)["id"]) for _ in range(2))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("response", lambda answer: errors.append(answer.url) if answer.status == 410 else 0)
        page.goto(service.url)
        page.get_by_test_id("slide-item").click()
        runs = page.get_by_test_id("run-item")
        runs.nth(1).click()
        page.get_by_test_id("keep-run").check()
        expect(runs.nth(1)).to_contain_text("kept")
        gone = prune(service.library.settings, service.library.ledger, timedelta(0))
        assert [one.run for one in gone] == [old["run"]]
        page.reload()
        expect(runs.first).to_contain_text("Put away")
        expect(runs.nth(1)).to_contain_text("Done")
        runs.first.click()
        expect(page.get_by_test_id("job-away")).to_contain_text("not looked at for 0 hours")
        expect(page.get_by_test_id("keep-run")).to_have_count(0)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/away-run.png")
        page.get_by_test_id("queue-button").click()
        row = page.locator(f"[data-job='{old['id']}']")
        expect(row.get_by_test_id("queue-away")).to_contain_text("annotations are still there")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/away-queue.png")
        row.get_by_test_id("queue-retry").click()
        expect(row).to_have_attribute("data-state", "done", timeout=240_000)
        expect(row.get_by_test_id("queue-away")).to_have_count(0)
        page.get_by_test_id("queue-close").click()
        expect(runs.first).to_contain_text("Done")
        runs.first.click()
        expect(page.get_by_test_id("keep-run")).not_to_be_checked()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/away-again.png")
        assert finished(client, kept["id"])["put_away"] is None
    assert errors == []
