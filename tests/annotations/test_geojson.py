"""DSA documents and GeoJSON: there and back, and what is said of the rest."""

from __future__ import annotations

import copy
import json

import jsonschema
import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from histoloop.annotations.geojson.colors import feature_color, parse_color
from histoloop.annotations.geojson.conversion import from_geojson, is_geojson, to_geojson
from histoloop.errors import AnnotationError

QUPATH = (
    "brush",
    "ellipse",
    "line",
    "multipoint",
    "point",
    "polygon",
    "polygon-cell-classified",
    "polyline",
    "rectangle",
    "wand",
)

# --- strategies: whatever the DSA's schema allows of elements that have a place ---

number = st.one_of(
    st.integers(-(10**5), 10**6),
    st.floats(-1e5, 1e6, allow_nan=False).map(lambda value: round(value, 3)),
)
point3 = st.tuples(number, number, st.sampled_from([0, 0, 0, 2])).map(list)
extent = st.floats(0.5, 1e4).map(lambda value: round(value, 2))
byte = st.integers(0, 255)
color = st.one_of(
    st.tuples(byte, byte, byte).map(lambda rgb: "rgb({}, {}, {})".format(*rgb)),
    st.tuples(byte, byte, byte).map(lambda rgb: "rgba({},{},{}, 0.5)".format(*rgb)),
    st.tuples(byte, byte, byte).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb)),
    st.just("#fa0"),
)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
style = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text("0123456789abcdef", min_size=24, max_size=24),
        "group": text,
        "label": st.fixed_dictionaries(
            {"value": text}, optional={"visibility": st.sampled_from(["hidden", "always"])}
        ),
        "lineColor": color,
        "fillColor": color,
        "lineWidth": st.integers(0, 9),
        "user": st.dictionaries(text, st.integers(-9, 9), max_size=2),
    },
)


def shape(**fields):
    return st.fixed_dictionaries(fields)


def kind(name, **fields):
    return shape(type=st.just(name), **fields)


turned = st.one_of(st.just(0), st.floats(-3, 3).map(lambda value: round(value, 3)))
shapes = st.one_of(
    kind("point", center=point3),
    kind("polyline", points=st.lists(point3, min_size=2, max_size=6)),
    kind("polyline", closed=st.just(False), points=st.lists(point3, min_size=2, max_size=6)),
    kind("polyline", closed=st.just(True), points=st.lists(point3, min_size=2, max_size=8)),
    kind(
        "polyline",
        closed=st.just(True),
        points=st.lists(point3, min_size=3, max_size=8),
        holes=st.lists(st.lists(point3, min_size=3, max_size=5), max_size=2),
    ),
    kind("rectangle", center=point3, width=extent, height=extent, rotation=turned),
    kind("ellipse", center=point3, width=extent, height=extent, rotation=turned),
    kind("circle", center=point3, radius=extent),
    kind("arrow", points=st.lists(point3, min_size=2, max_size=2)),
)
element = st.tuples(shapes, style).map(lambda pair: {**pair[0], **pair[1]})
document = st.fixed_dictionaries(
    {"name": text, "elements": st.lists(element, max_size=5)},
    optional={
        "description": text,
        "attributes": st.dictionaries(text, st.integers(-9, 9), max_size=2),
        "display": st.just({"visible": True}),
    },
)

# --- and whatever GeoJSON allows of features that a viewer can show ---

position = st.one_of(
    st.tuples(number, number).map(list), st.tuples(number, number, st.integers(1, 9)).map(list)
)
ring = st.lists(position, min_size=3, max_size=6).map(lambda points: [*points, points[0]])
line = st.lists(position, min_size=2, max_size=5)
rings = st.lists(ring, min_size=1, max_size=3)


def geometry(name, coordinates):
    return shape(type=st.just(name), coordinates=coordinates)


single = st.one_of(
    geometry("Point", position),
    geometry("LineString", line),
    geometry("Polygon", rings),
    geometry("MultiPoint", st.lists(position, min_size=1, max_size=3)),
    geometry("MultiLineString", st.lists(line, min_size=1, max_size=3)),
    geometry("MultiPolygon", st.lists(rings, min_size=1, max_size=3)),
)
any_geometry = st.one_of(
    single,
    shape(type=st.just("GeometryCollection"), geometries=st.lists(single, min_size=1, max_size=3)),
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "name": text,
        "isLocked": st.booleans(),
        "classification": st.one_of(
            shape(name=text, color=st.tuples(byte, byte, byte).map(list)),
            shape(name=text, colorRGB=st.integers(-(2**31), 2**31 - 1)),
        ),
        "measurements": st.lists(shape(name=text, value=st.floats(0, 1)), max_size=2),
    },
)
feature = st.fixed_dictionaries(
    {"type": st.just("Feature"), "geometry": any_geometry, "properties": properties},
    optional={"id": text, "nucleusGeometry": geometry("Polygon", rings)},
)


def through_json(value):
    return orjson.loads(orjson.dumps(value))


def without_dsa(features):
    found = copy.deepcopy(features)
    for one in found:
        one["properties"].pop("dsa")
    return found


@given(st.lists(document, max_size=3))
def test_documents_come_back_as_they_were(documents):
    collection, complaints = to_geojson(documents)
    assert complaints.count_lost == 0
    back, again = from_geojson(through_json(collection), "new")
    assert again.lines == []
    assert back == (
        documents or [{"name": "new", "description": "", "attributes": {}, "elements": []}]
    )


@given(st.lists(feature, max_size=4))
def test_features_come_back_as_they_were(features):
    collection = {"type": "FeatureCollection", "features": features}
    (document,), complaints = from_geojson(collection, "new")
    assert complaints.count_lost == 0
    back, _ = to_geojson(through_json([document]))
    assert without_dsa(back["features"]) == features
    assert from_geojson(through_json(back), "other")[0] == [document], "and so on for ever"


@given(st.lists(feature, max_size=4))
def test_what_was_drawn_from_features_is_valid_in_the_dsa(schema, features):
    (document,), _ = (
        from_geojson(features, "new")
        if features
        else from_geojson({"type": "FeatureCollection", "features": []}, "new")
    )
    schema.validate(through_json(document))


@pytest.fixture(scope="module")
def schema(data):
    return jsonschema.Draft6Validator(
        json.loads((data / "annotations/schema/annotation_schema.json").read_text())
    )


@pytest.mark.parametrize("name", QUPATH)
def test_qupath_s_own_files_come_back_as_they_were(data, schema, name):
    value = json.loads((data / f"annotations/geojson/qupath-{name}.json").read_text())
    (document,), complaints = from_geojson(value, name)
    schema.validate(document)
    assert complaints.count_lost == 0
    back, _ = to_geojson([document])
    assert without_dsa(back["features"]) == (value if isinstance(value, list) else [value])


def test_classified_cells_keep_class_colour_and_name(data):
    value = json.loads(
        (data / "annotations/geojson/qupath-polygon-cell-classified.json").read_text()
    )
    (document,), _ = from_geojson(value, "cells")
    for cell, element in zip(value, document["elements"], strict=True):
        classified = cell["properties"]["classification"]
        assert element["group"] == classified["name"]
        assert parse_color(element["lineColor"]) == feature_color(cell["properties"])
        assert element["closed"] is True


@pytest.mark.parametrize(
    "name", ["TCGA-A2-A0YE_dsa_annotations.json", "histo-cloud_model_output.anot"]
)
def test_real_documents_come_back_as_they_were(data, name):
    value = json.loads((data / "annotations" / name).read_text())
    documents = value if isinstance(value, list) else [value]
    collection, complaints = to_geojson(documents)
    assert complaints.count_lost == 0
    assert from_geojson(through_json(collection), "new")[0] == documents


def test_outlines_that_enclose_nothing_are_counted_not_dropped(data):
    document = json.loads((data / "annotations/histo-cloud_model_output.anot").read_text())
    collection, complaints = to_geojson([document])
    assert len(collection["features"]) == 264
    lines = [one for one in collection["features"] if one["geometry"]["type"] == "LineString"]
    assert len(lines) == 112
    assert complaints.lines[0].startswith("note: 112 × polyline: is closed but encloses nothing")


def test_areas_are_the_same_on_both_sides():
    hole = [[10, 10, 0], [20, 10, 0], [20, 20, 0], [10, 20, 0]]
    square = {"type": "polyline", "closed": True, "holes": [hole], "group": "tumor"}
    square["points"] = [[0, 0, 0], [100, 0, 0], [100, 50, 0], [0, 50, 0]]
    box = {"type": "rectangle", "center": [50, 50, 0], "width": 30, "height": 10, "rotation": 0.5}
    disc = {"type": "circle", "center": [50, 50, 0], "radius": 10}
    collection, _ = to_geojson([{"name": "n", "elements": [square, box, disc]}])
    areas = [
        shapely.from_geojson(json.dumps(one["geometry"])).area for one in collection["features"]
    ]
    assert areas == pytest.approx([4900, 300, 314.16], rel=1e-2)


def test_what_geojson_cannot_hold_is_said_and_the_rest_stays():
    elements = [
        {
            "type": "pixelmap",
            "girderId": "0" * 24,
            "values": [0],
            "categories": [],
            "boundaries": False,
        },
        {"type": "heatmap", "points": [[1, 2, 0, 3]]},
        {"type": "point", "center": [1, 2, 0]},
        {"type": "heatmap", "points": [[1, 2, 0, 3]]},
        {"type": "polyline", "points": [[1, 2], ["x", 3]], "closed": True},
        "nonsense",
        {"type": "unheard of"},
    ]
    collection, complaints = to_geojson([{"name": "n", "elements": elements}])
    assert [one["geometry"]["type"] for one in collection["features"]] == ["Point"]
    assert complaints.count_lost == 6
    text = "\n".join(complaints.lines)
    assert "left out: 2 × heatmap" in text
    assert "document 1, element 2; document 1, element 4" in text
    assert "left out: 1 × pixelmap" in text
    assert "left out: 1 × unheard of" in text


def test_what_the_dsa_cannot_hold_is_said_and_the_rest_stays():
    features = [
        {"type": "Feature", "geometry": None, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, "2"]}},
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1, 2]]}},
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 0]]]},
        },
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": []}},
        {"type": "Feature", "geometry": {"type": "Circle", "coordinates": [0, 0]}},
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [3, 4]},
            "properties": None,
        },
        7,
    ]
    value = {"type": "FeatureCollection", "features": features}
    (document,), complaints = from_geojson(value, "n")
    assert [one["center"] for one in document["elements"]] == [[3, 4, 0]]
    assert complaints.count_lost == 7


def test_a_feature_that_somebody_has_changed_is_taken_as_it_is_now():
    element = {"type": "rectangle", "center": [5, 5, 0], "width": 4, "height": 2, "group": "roi"}
    collection, _ = to_geojson([{"name": "n", "elements": [element]}])
    moved = through_json(collection)
    moved["features"][0]["geometry"]["coordinates"][0][1][0] += 100
    (document,), _ = from_geojson(moved, "n")
    assert document["elements"][0]["type"] == "polyline"
    renamed = through_json(collection)
    renamed["features"][0]["properties"]["classification"]["name"] = "tumor"
    (document,), _ = from_geojson(renamed, "n")
    assert document["elements"][0]["group"] == "tumor"


def test_an_element_that_somebody_has_moved_keeps_what_its_feature_said():
    value = {
        "type": "Feature",
        "id": "a",
        "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]},
        "properties": {"measurements": [{"name": "area", "value": 3}]},
    }
    (document,), _ = from_geojson(value, "n")
    document["elements"][0]["points"][1] = [20, 0, 0]
    collection, _ = to_geojson([document])
    (back,) = collection["features"]
    assert back["geometry"]["coordinates"][0][1] == [20, 0]
    assert back["properties"]["measurements"] == value["properties"]["measurements"]


@pytest.mark.parametrize("value", [None, 3, "x", {}, {"type": "Topology"}, [3]])
def test_what_is_no_geojson_is_said_to_be_none(value):
    assert not is_geojson(value)
    with pytest.raises(AnnotationError, match="GeoJSON"):
        from_geojson(value, "n")


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "coordinates",
                    "geometry",
                    "properties",
                    "points",
                    "dsa",
                    "element",
                    "holes",
                    "closed",
                    "center",
                    "geometries",
                    "user",
                    "geojson",
                    "parts",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_value, max_size=4))
def test_nothing_that_stands_in_a_file_makes_it_crash(values):
    to_geojson([{"name": "n", "elements": values}])
    from_geojson(
        {"type": "FeatureCollection", "features": values, "dsa": {"documents": values}}, "n"
    )
