"""Annotation elements of every kind, as the server allows them and as hostile as it gets."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histoloop.annotations.elements import FARTHEST, read_elements

SQUARE = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]]
HOLE = [[2, 2, 0], [4, 2, 0], [4, 4, 0], [2, 4, 0]]


def read(*elements):
    return read_elements({"elements": list(elements)})


def one(**element):
    (found,) = read(element).elements
    return found


def refusal(**element):
    (found,) = read(element).refused
    return found.reason


def polyline(points, **more):
    return {"type": "polyline", "closed": True, "points": points, **more}


def test_a_closed_polyline_keeps_its_holes():
    found = one(**polyline(SQUARE, holes=[HOLE]))
    assert found.area
    assert not found.warning
    assert found.geometry.area == 96
    assert found.bounds == (0, 0, 10, 10)


def test_the_first_point_said_again_at_the_end_is_no_corner():
    assert len(one(**polyline([*SQUARE, SQUARE[0]])).rings[0]) == 4


@pytest.mark.parametrize("kind", ["rectangle", "rectanglegrid"])
def test_a_rectangle_turns_as_the_viewer_draws_it(kind):
    """x towards y, which is clockwise on the screen: the long side ends lower on the right."""
    found = one(type=kind, center=[100, 50, 0], width=40, height=2, rotation=math.pi / 6)
    right = found.rings[0][found.rings[0][:, 0].argmax()]
    assert right[1] > 55
    assert found.geometry.area == pytest.approx(80)
    assert found.geometry.centroid.coords[0] == pytest.approx((100, 50))


def test_a_normal_that_points_away_turns_the_other_way():
    there = {"type": "rectangle", "center": [0, 0, 0], "width": 40, "height": 2, "rotation": 0.5}
    seen, unseen = one(**there), one(**there, normal=[0, 0, -1])
    assert seen.rings[0] * [1, -1] == pytest.approx(unseen.rings[0][::-1])
    assert "plane" in refusal(**there, normal=[1, 0, 0])


def test_circle_and_ellipse_are_round_to_a_twentieth_of_a_pixel():
    circle = one(type="circle", center=[500, 500, 0], radius=200)
    assert circle.geometry.area == pytest.approx(math.pi * 200**2, rel=1e-3)
    ellipse = one(type="ellipse", center=[0, 0, 0], width=300, height=100, rotation=math.pi / 2)
    assert ellipse.geometry.area == pytest.approx(math.pi * 150 * 50, rel=2e-3)
    assert ellipse.bounds == pytest.approx((-50, -150, 50, 150), abs=0.1)


def test_lines_and_points_are_read_and_enclose_nothing():
    points = [[0, 0, 0], [5, 5, 0]]
    found = read(
        {"type": "point", "center": [3, 4, 0]},
        {"type": "arrow", "points": points},
        {"type": "polyline", "points": points},
    ).elements
    assert [element.area for element in found] == [False] * 3
    assert [element.geometry.geom_type for element in found] == [
        "Point",
        "LineString",
        "LineString",
    ]


@pytest.mark.parametrize("kind", ["pixelmap", "image", "heatmap", "griddata"])
def test_rasters_are_refused_with_a_reason(kind):
    assert "pixels, not an outline" in refusal(type=kind)


def test_the_class_is_the_group_and_falls_back_to_the_label():
    assert one(**polyline(SQUARE, group="a", label={"value": "b"})).group == "a"
    assert one(**polyline(SQUARE, label={"value": "b"})).group == "b"
    assert one(**polyline(SQUARE, group="", label={"value": "b"})).group == "b"
    assert one(**polyline(SQUARE)).group == one(**polyline(SQUARE, group=3, label=4)).group == ""


def test_a_self_crossing_outline_is_filled_even_odd_with_a_warning():
    bow_tie = [[0, 0, 0], [10, 10, 0], [10, 0, 0], [0, 10, 0]]
    found = one(**polyline(bow_tie))
    assert "even-odd" in found.warning
    assert found.geometry.is_valid
    assert found.geometry.area == 50


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([[0, 0, 0], [5, 5, 0]], "2 points enclose nothing"),
        ([[0, 0, 0], [5, 5, 0], [0, 0, 0]], "2 points enclose nothing"),
        ([[0, 0, 0], [5, 5, 0], [9, 9, 0]], "3 points on one line enclose nothing"),
        ([[1, 1, 0]] * 5, "enclose nothing"),
        ([[0, 0, 0], [math.nan, 5, 0], [9, 9, 0]], "not finite"),
        ([[0, 0, 0], [1e300, 5, 0], [9, 9, 0]], "beyond any slide"),
        ([[0, 0, 0], [10**400, 5, 0], [9, 9, 0]], "not all numbers"),
        ([[0, 0, 0], ["5", 5, 0], [9, 9, 0]], "not all"),
        ([[0, 0, 0], [5], [9, 9, 0]], "not all"),
        ("nonsense", "no list"),
        (None, "no list"),
    ],
)
def test_an_outline_that_encloses_nothing_is_refused_and_says_why(points, reason):
    assert reason in refusal(**polyline(points))


def test_one_bad_element_does_not_spoil_the_others():
    found = read(polyline(SQUARE), 7, {"type": "star"}, {}, polyline(HOLE))
    assert [element.index for element in found.elements] == [0, 4]
    assert [(one.index, one.kind) for one in found.refused] == [
        (1, "int"),
        (2, "star"),
        (3, "untyped"),
    ]
    assert len(found.complaints) == 3


@pytest.mark.parametrize("document", [{}, {"elements": 5}, {"annotation": None}, {"elements": {}}])
def test_a_document_without_elements_has_none(document):
    assert not read_elements(document).elements


def test_what_a_server_answers_is_understood_as_it_comes(data):
    documents = json.loads((data / "annotations/TCGA-A2-A0YE_dsa_annotations.json").read_text())
    readings = [read_elements(document) for document in documents]
    assert sum(len(reading.elements) for reading in readings) == 98
    assert not any(reading.refused for reading in readings)


def test_a_model_s_output_full_of_degenerate_lines_is_accounted_for(data):
    document = json.loads((data / "annotations/histo-cloud_model_output.anot").read_text())
    documents = document if isinstance(document, list) else [document]
    readings = [read_elements(document) for document in documents]
    assert sum(len(reading.elements) for reading in readings) == 150
    assert sum(len(reading.refused) for reading in readings) == 114
    assert all(element.geometry.area > 0 for reading in readings for element in reading.elements)


def test_a_million_wild_points_are_read_in_seconds():
    wild = np.random.default_rng(0).uniform(0, 1e5, (1_000_000, 3)).tolist()
    found = one(**polyline(wild))
    assert "too many points" in found.warning


numbers = st.one_of(
    st.floats(width=32),
    st.floats(-30, 30),
    st.integers(-5, 5),
    st.sampled_from([1e300, -1e308, 10**400, FARTHEST, math.nan, True, None, "1", [], {}]),
)
points = st.lists(st.lists(numbers, max_size=4), max_size=6) | st.lists(
    st.tuples(*[st.integers(-9, 9)] * 3).map(list), max_size=8
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
values = st.one_of(numbers, points, anything)
KINDS = ["polyline", "rectangle", "ellipse", "circle", "point", "arrow", "pixelmap", "star"]
KEYS = ["points", "holes", "center", "width", "height", "radius", "rotation", "normal", "label"]
hostile = st.builds(
    lambda kind, rest, closed: {"type": kind, "closed": closed, **rest},
    st.sampled_from(KINDS) | anything,
    st.dictionaries(st.sampled_from([*KEYS, "group"]), values),
    st.booleans(),
)
plausible = st.builds(polyline, points, holes=st.lists(points, max_size=2))


@settings(max_examples=500)
@given(st.lists(hostile | plausible | anything, max_size=5))
def test_every_element_is_read_or_refused_never_lost_and_nothing_crashes(elements):
    found = read_elements({"elements": elements})
    seen = [one.index for one in (*found.elements, *found.refused)]
    assert sorted(seen) == list(range(len(elements)))
    assert all(refused.reason for refused in found.refused)
    for element in found.elements:
        assert np.isfinite(element.bounds).all()
        assert element.geometry.is_valid
        assert isinstance(element.group, str)
