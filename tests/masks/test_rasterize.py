"""Filling polygons, against asking every pixel centre."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon
from tests.reference import rasterizing as reference

from histoloop.geometry import Box
from histoloop.masks.rasterize import rasterize

BOX = Box(-3, 2, 17, 14)
# Eighths are exact in binary and often hit pixel centres and grid lines: the hard cases.
eighths = st.integers(-40, 160).map(lambda value: value / 8)
polygons = st.lists(st.tuples(eighths, eighths), min_size=3, max_size=9).map(Polygon)


@given(st.lists(polygons, max_size=3))
def test_any_polygons_even_crossing_themselves_fill_as_the_reference_says(shapes):
    differ = rasterize(shapes, BOX) != reference.rasterize(shapes, BOX)
    for row, column in np.argwhere(differ):
        centre = Point(BOX.x + column + 0.5, BOX.y + row + 0.5)
        # A centre on an outline is neither in nor out; anything else must agree.
        assert min(shape.exterior.distance(centre) for shape in shapes) < 1e-9


def test_a_hole_stays_empty_and_an_island_in_it_is_filled():
    ring = Polygon([(-2, 3), (12, 3), (12, 15), (-2, 15)], [[(1, 6), (9, 6), (9, 12), (1, 12)]])
    island = Polygon([(4, 8), (6, 8), (6, 10), (4, 10)])
    found = rasterize([ring, island], BOX)
    assert np.array_equal(found, reference.rasterize([ring, island], BOX))
    assert found.sum() == 14 * 12 - 8 * 6 + 2 * 2


def test_what_lies_outside_the_box_is_cut_off():
    assert rasterize([Polygon([(-99, -99), (99, -99), (99, 99), (-99, 99)])], BOX).all()
    assert not rasterize([Polygon([(50, 50), (60, 50), (60, 60)])], BOX).any()
