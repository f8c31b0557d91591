"""Going through a review queue in a real browser, with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from histoloop.jobs.kept_reviews import KeptQueue


def go_through_ten(page: Page, queue: KeptQueue, shoot: Callable[[str], None]) -> None:
    """The sixth to the tenth region of a queue, with a reload in the midst; then the page is left.

    Before, the first five were accepted, accepted, marked to be fixed, skipped, accepted.

    Args:
        queue: as the service has it; shoot: leaves a picture of a name.
    """
    count = len(queue.regions)
    current = page.get_by_test_id("review-current")
    progress = page.get_by_test_id("review-progress")
    expect(current).to_have_attribute("data-number", "6")
    expect(page.get_by_test_id("gain-reviewed")).to_have_text("4 regions")
    page.keyboard.press("a")  # and nobody waits for the service
    page.reload()
    expect(progress).to_contain_text(f"of {count} gone through")
    told = queue.said()
    assert [told[number].verdict for number in range(1, 6)] == [
        *("accept", "accept", "fix", "skip", "accept")
    ]
    # The sixth was under way: it may have arrived after the page was told how far one is.
    expect(current).to_have_attribute("data-number", re.compile("[67]"))
    start = int(current.get_attribute("data-number") or 0)
    assert start <= 1 + len(told)
    expect(page.get_by_test_id("review-open")).to_have_text("1 region still to fix.")
    for number in range(start, 11):
        page.keyboard.press("a")
        expect(current).to_have_attribute("data-number", str(number + 1))
    expect(progress).to_have_text(f"10 of {count} gone through")
    expect(page.get_by_test_id("gain-reviewed")).to_have_text("9 regions")
    expect(page.get_by_test_id("gain-corrected")).to_have_text("0.0 %")
    expect(page.get_by_test_id("gain-dice")).to_have_text("1.000")
    shoot("review-ten")

    page.keyboard.press("ArrowLeft")
    expect(current).to_have_attribute("data-number", "10")
    expect(page.get_by_test_id("say-accept")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("review")).to_have_count(0)
    expect(page.get_by_test_id("review-button")).to_be_focused()
