"""A run's layers as HistomicsUI draws them: polygons with holes and the class raster, in place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from pydantic import SecretStr
from shapely import Polygon, box
from tests.support.dsa.browser import open_browser, open_in_histomics, stage

from histoloop.annotations.dsa import to_document
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.layers import Provenance, model_layers
from histoloop.annotations.push import push_run
from histoloop.geometry import Mpp, Scale, Size
from histoloop.masks.labels import LabelClass
from histoloop.masks.shape_file import ShapeFile
from histoloop.slides.dsa.site import DsaSite, Login
from histoloop.slides.pyramid import write_pyramid

SLIDE = Size(2400, 1800)
FRAME = 40
"""Base pixels of dark border, by which the slide is found in a screenshot."""
SCALE = Scale(4.0, 3.0)
TUMOR = LabelClass("tumor", 1, "#ff0000")
STROMA = LabelClass("stroma", 5, "#00c800")
TUMOR_PX = box(50, 60, 250, 260)  # mask pixels
HOLE_PX = box(110, 120, 190, 200)
STROMA_PX = box(350, 300, 550, 500)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("layers")
    slide = np.full((SLIDE.height, SLIDE.width, 3), 250, np.uint8)
    for edge in (slide[:FRAME], slide[-FRAME:], slide[:, :FRAME], slide[:, -FRAME:]):
        edge[:] = 20
    write_pyramid(folder / "slide.tiff", SLIDE, Mpp.square(0.5), [slide], lossless=True)
    size = SCALE.size(SLIDE)
    codes = np.zeros((size.height, size.width), np.uint8)
    for shape, code in ((TUMOR_PX, 1), (HOLE_PX, 0), (STROMA_PX, 5)):
        left, top, right, bottom = map(int, shape.bounds)
        codes[top:bottom, left:right] = code
    write_pyramid(folder / "mask.tiff", size, Mpp(2.0, 1.5), [codes], nearest=True)
    return {"slide": folder / "slide.tiff", "mask": folder / "mask.tiff", "folder": folder}


def documents():
    origin = Provenance("r1", "tiny@1", "abc", 2.0, 0.5)
    with_hole = Polygon(TUMOR_PX.exterior, [HOLE_PX.exterior])
    for label, polygon in ((TUMOR, with_hole), (STROMA, STROMA_PX)):
        yield from map(to_document, model_layers(label, ShapeFile.of([polygon]), SCALE, origin))


@pytest.fixture(scope="module")
def item(dsa, files):
    slide = dsa.upload(files["slide"], "private", "layers.tiff")
    site = DsaSite(dsa.url, files["folder"], Login(token=SecretStr(dsa.token("annotator"))))
    pushed = push_run(DsaAnnotationStore(site), slide, "r1", documents(), files["mask"])
    assert pushed.notes == ()
    return slide


def show(page: Page, name: str) -> None:
    """Make a layer visible by its eye in the annotation panel."""
    for group in page.locator(".h-annotation-group-name").all():
        if group.locator("xpath=..").locator(".h-annotation").count() == 0:
            group.click()
    layer = page.locator(".h-annotation").filter(has_text=name)
    layer.locator(".h-toggle-annotation").first.click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500)


def classes(picture: np.ndarray) -> np.ndarray:
    """1 where it is reddish, 5 where greenish, 0 elsewhere, over the slide alone."""
    dark = picture.max(axis=2) < 60
    rows, columns = np.flatnonzero(dark.sum(1) > 200), np.flatnonzero(dark.sum(0) > 200)
    inside = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(int)
    red, green, blue = np.moveaxis(inside, 2, 0)
    return np.select(
        [red > np.maximum(green, blue) + 30, green > np.maximum(red, blue) + 30], [1, 5]
    )


def expected(shape: tuple[int, int]) -> np.ndarray:
    """The same as the mask says, -1 in the hole, at the size of the screenshot."""
    y, x = ((np.arange(n) + 0.5) / n for n in shape)
    across, down = np.meshgrid(x * SLIDE.width / SCALE.x, y * SLIDE.height / SCALE.y)
    found = np.zeros(shape, int)
    for one, code in ((TUMOR_PX, 1), (HOLE_PX, -1), (STROMA_PX, 5)):
        left, top, right, bottom = one.bounds
        found[(across > left) & (across < right) & (down > top) & (down < bottom)] = code
    return found


@pytest.mark.e2e
@pytest.mark.parametrize("layers", [["classes (tiny@1)"], ["tumor (tiny@1)", "stroma (tiny@1)"]])
def test_histomicsui_draws_a_run_where_the_mask_says(dsa, item, layers):
    with open_browser() as browser, open_in_histomics(browser, dsa, item) as page:
        for name in layers:
            show(page, name)
        page.add_style_tag(content=".h-panel-group, .s-panel-group {visibility: hidden}")
        for _ in range(200):  # HistomicsUI draws when it has what it draws
            if not (wrong := misdrawn(page)):
                break
            page.wait_for_timeout(300)
    assert not wrong


def misdrawn(page: Page) -> list[str]:
    """What is not seen where the mask says."""
    seen = classes(stage(page))
    truth = expected(seen.shape)
    wrong = []
    for code in (1, 5):
        both, either = (seen == code) & (truth == code), (seen == code) | (truth == code)
        if both.sum() / either.sum() <= 0.95:
            wrong.append(f"class {code}")
    if (seen[truth == -1] == 0).mean() <= 0.9:
        wrong.append("the hole")
    return wrong
