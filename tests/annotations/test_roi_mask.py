"""Masks over ROIs: HistomicsTK's rules, PIL's pixels, other scales, and hostile documents."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from shapely import LineString, Point
from tests.annotations.test_elements import anything, hostile, plausible, polyline

from histoloop.annotations.coverage import Lattice, covered
from histoloop.annotations.files import read_documents
from histoloop.annotations.gtcodes import GTCode, GTCodes, read_gtcodes
from histoloop.annotations.mask_files import mask_scale, write_masks
from histoloop.annotations.roi_mask import BASE, level_box, paint, read_drawing
from histoloop.errors import AnnotationError, OutputError, UsageError
from histoloop.geometry import Box, Scale

CODES = GTCodes(
    (
        GTCode("roi", 254, 0, True, False, "#c80096"),
        GTCode("tumor", 1, 1, False, False, "#ff0000"),
        GTCode("stroma", 2, 2, False, True, "#ff7d00"),
        GTCode("immune", 3, 1, False, False, "#0000ff"),
    )
)


def square(left, top, side, group, **more):
    right, bottom = left + side, top + side
    corners = [[left, top, 0], [right, top, 0], [right, bottom, 0], [left, bottom, 0]]
    return polyline(corners, group=group, **more)


def ring(left, top, side):
    return square(left, top, side, "")["points"]


def masks(*elements, scale=BASE, unknown=None):
    drawing = read_drawing([{"elements": list(elements)}], CODES, unknown=unknown)
    return [
        paint(roi, drawing.areas, CODES.background, level_box(roi, scale), scale)
        for roi in drawing.rois
    ]


def mask(*elements, **more):
    (found,) = masks(*elements, **more)
    return found


def drawn_by_pil(points, size, origin=(0, 0)):
    """``(rows, cols)`` bool of a filled polygon whose vertices name pixels."""
    picture = Image.new("L", (size, size))
    named = [tuple(np.floor(np.subtract(point[:2], origin)).astype(int)) for point in points]
    ImageDraw.Draw(picture).polygon([(int(x), int(y)) for x, y in named], fill=1, outline=1)
    return np.asarray(picture) > 0


def test_each_of_histomicstk_s_golden_masks_comes_out(data):
    """The published tiles of TCGA-A2-A0YE: at least 99.99 % of the pixels of each."""
    documents = list(read_documents(data / "annotations/TCGA-A2-A0YE_dsa_annotations.json"))
    codes = read_gtcodes(data / "annotations/GTCodes.csv")
    drawing = read_drawing(documents, codes)
    rois = {(roi.box.x, roi.box.y): roi for roi in drawing.rois}
    golden = sorted((data / "annotations/histomicstk_tiles").glob("*.png"))
    assert len(golden) == len(rois) == 20
    for path in golden:
        left, top = map(int, re.findall(r"(?:left|top)-(\d+)", path.name))
        roi = rois[left, top]
        ours = paint(roi, drawing.areas, codes.background, roi.box)
        true = np.asarray(Image.open(path))
        assert ours.shape == true.shape
        assert (ours == true).mean() >= 0.9999, path.name


def test_a_turned_roi_is_cropped_in_base_pixels_and_nothing_is_straightened():
    """Against PIL drawing the four corners that plain trigonometry gives."""
    angle, width, height, centre = 0.4, 90, 40, np.array([100.0, 80.0])
    roi = {"type": "rectangle", "center": [*centre, 0], "width": width, "height": height}
    tumor = square(80, 60, 30, "tumor")
    found = mask({**roi, "rotation": angle, "group": "roi"}, tumor)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in half]
    origin = np.floor(np.min(corners, axis=0))
    inside = drawn_by_pil(corners, 200, origin)
    expected = np.where(inside, np.where(drawn_by_pil(tumor["points"], 200, origin), 1, 2), 0)
    rows, columns = found.shape
    assert (rows, columns) == tuple((np.floor(np.max(corners, 0)) - origin + 1)[::-1])
    assert (found != expected[:rows, :columns]).sum() <= 4
    assert (found[0, 0], found[-1, -1]) == (0, 0)
    assert set(np.unique(found)) == {0, 1, 2}


def test_what_is_not_annotated_inside_is_background_and_outside_is_nothing():
    triangle = polyline([[0, 0, 0], [40, 0, 0], [0, 40, 0]], group="roi")
    found = mask(triangle, square(-10, -10, 20, "tumor"))
    assert found.shape == (41, 41)
    assert (found[:11, :11] == 1).all()
    assert (found[0, 11:] == 2).all()
    assert found[40, 40] == 0


def test_overlay_order_comes_first_and_then_the_smaller_is_on_top():
    roi = square(0, 0, 40, "roi")
    small, large = square(5, 5, 10, "immune"), square(0, 0, 30, "tumor")
    for order in ([small, large], [large, small]):
        assert mask(roi, *order)[10, 10] == 3
    hole = square(2, 2, 20, "stroma")
    found = mask(hole, small, large, roi)
    assert found[10, 10] == found[3, 3] == 2
    assert found[25, 25] == 1


def test_holes_show_what_is_underneath_and_their_rim_belongs_to_the_area():
    roi, below = square(0, 0, 50, "roi"), square(0, 0, 45, "tumor")
    found = mask(roi, below, square(5, 5, 30, "immune", holes=[ring(10, 10, 10)]))
    assert found[15, 15] == 1
    assert found[10, 15] == found[20, 15] == found[15, 10] == 3
    assert (found == 3).sum() == 31**2 - 9**2
    stroma = mask(roi, square(5, 5, 30, "stroma", holes=[ring(10, 10, 10)]), below)
    assert stroma[15, 15] == 1


def test_a_group_that_is_missing_falls_back_to_the_label():
    labelled = {**square(5, 5, 10, ""), "label": {"value": "tumor"}}
    assert (mask(square(0, 0, 20, "roi"), labelled) == 1).sum() == 121


def test_circles_and_ellipses_are_filled():
    roi = square(0, 0, 200, "roi")
    circle = {"type": "circle", "center": [100, 100, 0], "radius": 50, "group": "tumor"}
    ellipse = {"type": "ellipse", "center": [100, 100, 0], "width": 120, "height": 30}
    assert (mask(roi, circle) == 1).sum() == pytest.approx(math.pi * 50.5**2, rel=0.02)
    found = mask(roi, {**ellipse, "rotation": math.pi / 2, "group": "tumor"})
    rows, columns = np.nonzero(found == 1)
    assert np.ptp(rows) == pytest.approx(120, abs=1)
    assert np.ptp(columns) == pytest.approx(30, abs=1)


def test_an_unknown_group_is_named_and_left_out_or_ignored():
    elements = [square(0, 0, 20, "roi"), square(5, 5, 5, "tumour")]
    drawing = read_drawing([{"elements": elements}], CODES)
    assert "tumour" in drawing.complaints[0].text
    assert (mask(*elements) == 2).all()
    ignored = mask(*elements, square(0, 0, 20, "stroma"), unknown=0)
    assert (ignored == 0).sum() == 36


def test_every_element_is_drawn_or_complained_of():
    elements = [
        square(0, 0, 20, "roi"),
        {"type": "pixelmap", "girderId": "x"},
        {"type": "point", "center": [1, 1, 0]},
        polyline([[0, 0, 0], [1, 1, 0]]),
        polyline([[0, 0, 0], [9, 9, 0], [9, 0, 0], [0, 9, 0]], group="tumor"),
        {"type": "point", "center": [2, 2, 0]},
    ]
    drawing = read_drawing([{"name": "a", "elements": elements}], CODES)
    said = {one.text: one.elements for one in drawing.complaints}
    assert said == {
        "pixelmap refused: a pixelmap is pixels, not an outline": (1,),
        "polyline refused: 2 points enclose nothing": (3,),
        "point left out: encloses nothing": (2, 5),
        "polyline: self-intersection; filled even-odd": (4,),
    }
    assert len(drawing.areas) == 1


def test_another_scale_shows_the_base_mask_in_the_middle_of_each_pixel():
    random = np.random.default_rng(0)
    angles = np.sort(random.uniform(0, 2 * math.pi, 40))
    radii = random.uniform(60, 150, 40)
    star = np.column_stack([200 + radii * np.cos(angles), 190 + radii * np.sin(angles)])
    elements = [
        {"type": "rectangle", "center": [205, 188, 0], "width": 310, "height": 222}
        | {"rotation": 0.3, "group": "roi"},
        polyline(np.column_stack([star, np.zeros(40)]).tolist(), group="tumor"),
        square(150, 150, 60, "immune", holes=[ring(160, 160, 20)]),
    ]
    (roi,) = (drawing := read_drawing([{"elements": elements}], CODES)).rois
    whole = Box(0, 0, 420, 420)
    base = paint(roi, drawing.areas, 2, whole)
    for scale in (Scale(4.0, 4.0), Scale(2.7, 3.1), Scale(0.5, 0.4)):
        box = level_box(roi, scale)
        found = paint(roi, drawing.areas, 2, box, scale)
        rows = np.floor((np.arange(box.y, box.bottom) + 0.5) * scale.y).astype(int)
        columns = np.floor((np.arange(box.x, box.right) + 0.5) * scale.x).astype(int)
        assert np.array_equal(found, base[np.ix_(rows, columns)])
        assert found.size * scale.x * scale.y == pytest.approx(roi.box.area, rel=0.05)


def test_a_mask_does_not_depend_on_the_bands_it_is_painted_in(monkeypatch):
    elements = [
        {"type": "ellipse", "center": [50, 50, 0], "width": 90, "height": 60}
        | {"rotation": 0.5, "group": "roi"},
        square(20, 20, 50, "tumor", holes=[ring(30, 30, 11)]),
    ]
    whole = mask(*elements)
    monkeypatch.setattr("histoloop.annotations.roi_mask._BAND_PIXELS", 7 * 90)
    monkeypatch.setattr("histoloop.annotations.coverage._AT_ONCE", 5)
    assert np.array_equal(mask(*elements), whole)


@given(
    st.lists(st.tuples(st.floats(2, 40), st.floats(0, 6.28)), min_size=3, max_size=12),
    st.integers(-9, 9),
)
def test_outlines_cover_the_pixels_that_pil_covers(polar, shift):
    """Where single precision or a sharp corner misleads PIL, they differ beside the outline."""
    points = [
        (45 + r * math.cos(a), 45 + r * math.sin(a))
        for r, a in sorted(polar, key=lambda one: one[1])
    ]
    corners = np.floor(points).astype(np.int64)
    found = covered([corners + shift], Lattice.of(Box(shift, shift, 90, 90), BASE))
    outline = LineString([*corners, corners[0]])
    for row, column in np.argwhere(found != drawn_by_pil(corners, 90)):
        assert outline.distance(Point(column, row)) <= 1


def test_of_ten_thousand_pixels_at_most_one_differs_from_pil_s():
    random = np.random.default_rng(0)
    differ = filled = 0
    for _ in range(500):
        angles = np.sort(random.uniform(0, 2 * math.pi, random.integers(3, 30)))
        radii = random.uniform(20, 95, len(angles))
        points = np.column_stack([100 + radii * np.cos(angles), 100 + radii * np.sin(angles)])
        corners = np.floor(points).astype(np.int64)
        found = covered([corners], Lattice.of(Box(0, 0, 200, 200), BASE))
        pil = drawn_by_pil(corners, 200)
        differ, filled = differ + (found != pil).sum(), filled + pil.sum()
    assert differ / filled < 1e-4


@settings(max_examples=500)
@given(st.lists(hostile | plausible | anything, max_size=5))
def test_hostile_documents_leave_a_mask_and_every_element_accounted_for(elements):
    documents = [{"elements": [square(0, 0, 20, "roi"), *elements]}]
    drawing = read_drawing(documents, CODES, unknown=0)
    spoken_of = {index for one in drawing.complaints for index in one.elements}
    drawn = {area.index for area in (*drawing.areas, *drawing.rois)}
    assert spoken_of | drawn == set(range(len(elements) + 1))
    box = drawing.rois[0].box
    found = paint(drawing.rois[0], drawing.areas, 2, box)
    assert set(np.unique(found)) <= {0, 1, 2, 3}


DOCUMENTS = [
    {"name": "one", "elements": [square(0, 0, 30, "roi"), square(5, 5, 9, "tumor")]},
    {"name": "two", "elements": [square(100, 50, 20, "roi"), square(0, 0, 5, "strange")]},
]


def test_the_first_mask_has_the_name_asked_for_and_others_say_where_they_are(tmp_path):
    found, odd = write_masks(DOCUMENTS, CODES, tmp_path / "mask.png")
    assert [one.path.name for one in found] == ["mask.png", "mask_2_left-100_top-50.png"]
    first = np.asarray(Image.open(tmp_path / "mask.png"))
    assert first.shape == (31, 31)
    assert (first == 1).sum() == 100
    assert found[1].box == Box(100, 50, 21, 21)
    (line,) = odd
    assert line == (
        "annotation 'two': polyline of group 'strange', which the table does not have: "
        "left out (element 1)"
    )


def test_a_mask_at_half_the_scale_has_half_the_size(tmp_path):
    write_masks(DOCUMENTS, CODES, tmp_path / "mask.png", mask_scale(0.5, 0.25))
    assert Image.open(tmp_path / "mask.png").size == (16, 16)


def test_what_makes_no_mask_says_why(tmp_path):
    with pytest.raises(AnnotationError, match=r"no ROI.*in group roi"):
        write_masks([{"elements": [square(0, 0, 9, "tumor")]}], CODES, tmp_path / "mask.png")
    with pytest.raises(UsageError, match="--slide-mpp"):
        mask_scale(1.0, None)
    with pytest.raises(UsageError, match="plausible"):
        mask_scale(1.0, 400.0)
    with pytest.raises(OutputError, match="none"):
        write_masks(DOCUMENTS, CODES, tmp_path / "none" / "mask.png")
    huge = square(0, 0, 1_000_000, "roi")
    with pytest.raises(AnnotationError, match=r"too large.*--mpp"):
        write_masks([{"elements": [huge]}], CODES, tmp_path / "mask.png")


def test_nan_in_a_file_spoils_its_element_only(tmp_path):
    wild = polyline([[0, 0, 0], [math.nan, 3, 0], [9, 9, 0]], group="tumor")
    path = tmp_path / "docs.json"
    path.write_text(json.dumps([{"name": "a", "elements": [square(0, 0, 9, "roi"), wild]}]))
    _, odd = write_masks(list(read_documents(path)), CODES, tmp_path / "mask.png")
    assert odd == ["annotation 'a': polyline refused: points are not finite (element 1)"]
