"""Mask → polygons → mask."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from shapely import Point, Polygon

from histoloop.geometry import Box
from histoloop.masks import trace as tracing
from histoloop.masks.labels import LabelClass, labels, margin
from histoloop.masks.rasterize import rasterize
from histoloop.masks.trace import trace
from histoloop.masks.vectorise import vectorise

CLASSES = tuple(LabelClass(name, code, "#ff0000") for code, name in enumerate("abc", start=1))
shapes = st.tuples(st.just(1), st.integers(1, 24), st.integers(1, 24))
pictures = arrays.arrays(np.uint8, shapes, elements=st.sampled_from([0, 127, 128, 200, 255]))


def traced(probability: NDArray[np.uint8]) -> tuple[list[Polygon], NDArray[np.bool_], Box]:
    field = margin(probability, 0, 0.5)
    box = Box(0, 0, field.shape[1], field.shape[0])
    return trace(lambda part: field[part.within(box)], box), field > 0, box


@given(pictures)
@settings(max_examples=150, deadline=None)
def test_filling_the_outlines_gives_back_the_mask(probability: NDArray[np.uint8]) -> None:
    polygons, mask, box = traced(probability)
    assert np.array_equal(rasterize(polygons, box), mask)
    assert shapely.is_valid(polygons).all()


@given(arrays.arrays(np.uint8, (1, 200, 5), elements=st.sampled_from([0, 128, 255])))
@settings(max_examples=30, deadline=None)
def test_strips_are_joined_without_a_trace(probability: NDArray[np.uint8]) -> None:
    whole, mask, box = traced(probability)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "STRIP_PIXELS", 5 * 64)
        strips, _, _ = traced(probability)
    assert np.array_equal(rasterize(strips, box), mask)
    assert shapely.is_valid(strips).all()
    assert len(strips) == len(whole)


def test_a_checkerboard_and_a_frame_keep_their_shape() -> None:
    board = (np.indices((16, 16)).sum(axis=0) % 2 * 255).astype(np.uint8)[None]
    frame = np.full((1, 20, 20), 255, np.uint8)
    frame[0, 5:15, 5:15] = 0
    for picture in (board, frame):
        polygons, mask, box = traced(picture)
        assert np.array_equal(rasterize(polygons, box), mask)
    (ring,) = traced(frame)[0]
    assert len(ring.interiors) == 1


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_rasterizing_equals_asking_every_pixel_centre(seed: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(-5, 25, (random.integers(3, 9), 2))
    polygon = shapely.convex_hull(shapely.multipoints(corners)).buffer(0.1)
    hole = polygon.centroid.buffer(2.0)
    shape = Polygon(polygon.exterior, [hole.exterior] if polygon.contains(hole) else [])
    box = Box(-2, 1, 20, 18)
    slow = [
        [shape.contains(Point(x + 0.5, y + 0.5)) for x in range(box.x, box.right)]
        for y in range(box.y, box.bottom)
    ]
    assert np.array_equal(rasterize([shape], box), np.array(slow))


@given(arrays.arrays(np.uint8, (3, 6, 6)), st.floats(0.01, 1.0))
def test_labels_and_margins_say_the_same(picture: NDArray[np.uint8], threshold: float) -> None:
    codes = labels(picture, CLASSES, threshold)
    margins = np.stack([margin(picture, channel, threshold) for channel in range(3)])
    assert (margins != 0).all(), "no pixel lies on an outline"
    assert ((margins > 0).sum(axis=0) <= 1).all(), "a pixel has one label"
    for one in CLASSES:
        assert np.array_equal(codes == one.code, margins[one.code - 1] > 0)


def test_simplified_outlines_stay_faithful_and_lose_only_specks() -> None:
    rows, columns = np.indices((300, 300))
    blob = np.hypot(rows - 150, columns - 140) + 6 * np.sin(rows / 9) < 100
    blob &= np.hypot(rows - 150, columns - 150) > 20
    blob[5:7, 5:7] = True
    field = np.where(blob, 1, -1).astype(np.int16)
    box = Box(0, 0, 300, 300)
    layer = vectorise(lambda part: field[part.within(box)], [box], smallest=25)
    assert layer.iou >= 0.99
    assert layer.holes == 1
    assert len(layer.polygons) == 1
    raw = vectorise(lambda part: field[part.within(box)], [box], smallest=0)
    assert len(raw.polygons) == 2


def test_specks_stay_where_they_are_what_the_mask_says() -> None:
    field = np.full((300, 300), -1, np.int16)
    field[10:40, 10:40] = 1
    field[100::10, 100::10] = 1
    box = Box(0, 0, 300, 300)
    layer = vectorise(lambda part: field[part.within(box)], [box], smallest=25)
    assert layer.iou == 1
    assert len(layer.polygons) == 1 + 400


def test_islands_are_traced_as_the_whole_is() -> None:
    random = np.random.default_rng(4)
    field = np.full((400, 500), -3, np.int16)
    islands = [Box(0, 0, 130, 100), Box(180, 20, 90, 300), Box(300, 330, 200, 70)]
    whole = Box(0, 0, 500, 400)
    for island in islands:
        inner = island.grow(-1).within(whole)
        field[inner] = random.choice(np.array([-9, -2, 4, 8], np.int16), field[inner].shape)

    def traced(regions: list[Box]) -> tuple[int, int, int, int]:
        layer = vectorise(lambda part: field[part.within(whole)], regions, smallest=0)
        return len(layer.polygons), layer.holes, layer.shared, layer.united

    pixels = int((field > 0).sum())
    assert traced(islands)[2:] == (pixels, pixels)
    assert traced(islands) == traced([whole])
    nothing = vectorise(lambda part: field[part.within(whole)], [], smallest=0)
    assert (len(nothing.polygons), nothing.iou) == (0, 1.0)


@given(pictures)
@settings(max_examples=50, deadline=None)
def test_simplified_outlines_stay_within_the_region(probability: NDArray[np.uint8]) -> None:
    field = margin(probability, 0, 0.5)
    box = Box(40, 30, field.shape[1], field.shape[0])
    layer = vectorise(lambda part: field[part.within(box)], [box], smallest=0)
    assert layer.iou == 1
    assert all(shapely.box(40, 30, box.right, box.bottom).covers(one) for one in layer.polygons)


def in_strips(field: NDArray[np.int16], pixels: int, tolerance: float) -> list[Polygon]:
    box = Box(0, 0, field.shape[1], field.shape[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "STRIP_PIXELS", pixels)
        strips = tracing.trace_strips(lambda part: field[part.within(box)], box, tolerance)
        return [polygon for shapes in strips for polygon in shapes.polygon_array()]


def hostile() -> dict[str, NDArray[np.bool_]]:
    rows, columns = np.indices((200, 40))
    combs = (columns % 2 == 0) | (rows % 67 == 0)
    rings = np.maximum(abs(rows - 100), abs(columns - 20)) % 4 < 2
    noise = np.random.default_rng(0).random((200, 40)) < 0.5
    return {
        "checkerboard": (rows + columns) % 2 == 0,
        "combs": combs,
        "combs inside out": ~combs,
        "nested rings": rings,
        "nested rings inside out": ~rings,
        "diagonals": (rows + columns) % 5 == 0,
        "single pixels": (rows % 3 == 1) & (columns % 3 == 1),
        "holes of a pixel": ~((rows % 3 == 1) & (columns % 3 == 1)),
        "all": np.ones((200, 40), bool),
        "nothing": np.zeros((200, 40), bool),
        "noise": noise,
    }


@pytest.mark.parametrize("name", hostile())
@pytest.mark.parametrize("tolerance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("pixels", [40 * 64, 40 * 67, 40 * 200])
def test_hostile_masks_come_back_pixel_by_pixel(name: str, tolerance: float, pixels: int) -> None:
    mask = hostile()[name]
    field = np.where(mask, 3, -5).astype(np.int16)
    polygons = in_strips(field, pixels, tolerance)
    assert np.array_equal(rasterize(polygons, Box(0, 0, 40, 200)), mask)
    assert shapely.is_valid(polygons).all()
    if polygons:
        left, top, right, bottom = shapely.total_bounds(polygons)
        assert min(left, top) >= 0
        assert (right <= 40, bottom <= 200) == (True, True)


margins = arrays.arrays(
    np.int16,
    st.tuples(st.integers(1, 150), st.integers(1, 7)),
    elements=st.sampled_from([-255, -31, -1, 1, 3, 255]),
)


@given(margins, st.sampled_from([0.0, 0.1, 0.5, 1.0]))
@settings(max_examples=60, deadline=None)
def test_straight_lines_in_strips_spare_vertices_and_no_pixel(
    field: NDArray[np.int16], tolerance: float
) -> None:
    box = Box(0, 0, field.shape[1], field.shape[0])
    whole, strips = in_strips(field, field.size, 0.0), in_strips(field, 1, tolerance)
    assert np.array_equal(rasterize(strips, box), field > 0)
    assert len(strips) == len(whole)
    assert sum(len(one.interiors) for one in strips) == sum(len(one.interiors) for one in whole)
    assert shapely.get_num_coordinates(strips).sum() <= shapely.get_num_coordinates(whole).sum()
    rounded = shapely.transform(np.array(strips, object), lambda points: np.round(points, 2))
    assert shapely.is_valid(rounded).all()
    assert shapely.union_all(strips).area == pytest.approx(shapely.area(strips).sum())


@given(margins)
@settings(max_examples=30, deadline=None)
def test_what_is_counted_is_what_filling_gives(field: NDArray[np.int16]) -> None:
    box = Box(0, 0, field.shape[1], field.shape[0])
    for budget in (10**6, 40):
        layer = vectorise(lambda part: field[part.within(box)], [box], smallest=2.5, budget=budget)
        drawn, mask = rasterize(layer.polygons, box), field > 0
        assert shapely.is_valid(layer.polygons).all()
        assert layer.shared == np.count_nonzero(drawn & mask)
        assert layer.united == np.count_nonzero(drawn | mask)


def test_a_budget_makes_outlines_coarser_until_it_is_kept() -> None:
    noise = np.random.default_rng(0).normal(size=(300, 310))
    field = np.where(noise > 0, 1, -1).astype(np.int16)
    box = Box(5, 7, 310, 300)
    layers = [
        vectorise(lambda part: field[part.within(box)], [box], smallest=0, budget=budget)
        for budget in (10**6, 20_000, 2_000)
    ]
    assert all(
        layer.vertices <= budget
        for layer, budget in zip(layers, (10**6, 20_000, 2_000), strict=True)
    )
    tolerances = [layer.tolerance_px for layer in layers]
    assert tolerances == sorted(set(tolerances))
    assert layers[0].iou == 1.0 > layers[1].iou
