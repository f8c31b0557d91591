"""What a hand does on the stage of the viewer."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page, expect

Offset = tuple[float, float]
"""From the middle of the stage, in CSS pixels."""


def on_screen(page: Page, at: Offset) -> Offset:
    """The same in the window's CSS pixels."""
    box = page.get_by_test_id("draw-pane").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2 + at[0], box["y"] + box["height"] / 2 + at[1]


def polygon(page: Page, corners: Sequence[Offset]) -> None:
    """With the mouse: a click each, and a double click on the last."""
    page.keyboard.press("p")
    for at in corners[:-1]:
        page.mouse.click(*on_screen(page, at))
    page.mouse.dblclick(*on_screen(page, corners[-1]))


def stroke(page: Page, way: Sequence[Offset]) -> None:
    """With the button held down, whatever tool is in hand."""
    page.mouse.move(*on_screen(page, way[0]))
    page.mouse.down()
    for at in way[1:]:
        page.mouse.move(*on_screen(page, at), steps=12)
    page.mouse.up()


def saved(page: Page) -> None:
    """What was drawn before is; the mark follows a stroke by a frame."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.get_by_test_id("save-mark")).to_have_attribute("data-kind", "saved")


def shown(page: Page, count: int) -> None:
    """So many elements are drawn on the desk."""
    expect(page.get_by_test_id("sketch-canvas")).to_have_attribute("data-elements", str(count))
