"""Annotation documents and where they are kept."""

from __future__ import annotations

import json
from collections import Counter

import jsonschema
import numpy as np
import pytest
import shapely
from shapely import Polygon
from shapely.affinity import translate

from histoloop.annotations.dsa import to_document
from histoloop.annotations.layers import BLOCK, POINTS, Provenance, model_layers
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.errors import NotFoundError
from histoloop.geometry import Scale
from histoloop.masks.labels import LabelClass
from histoloop.masks.shape_file import ShapeFile

LABEL = LabelClass("tumor", 1, "#e6194b")
ORIGIN = Provenance(run="r1", model="tiny@1", digest="abc", mpp=2.0, threshold=0.4)
FOUR = Scale(4.0, 4.0)
SQUARE = Polygon([(0, 0), (40, 0), (40, 40), (0, 40)], [[(10, 10), (10, 20), (20, 20), (20, 10)]])


def documents(polygons, scale=FOUR):
    return [to_document(one) for one in model_layers(LABEL, ShapeFile.of(polygons), scale, ORIGIN)]


def polygon_of(element) -> Polygon:
    return Polygon(*[[point[:2] for point in element["points"]], element["holes"]])


@pytest.fixture(scope="module")
def validator(data):
    schema = json.loads((data / "annotations/schema/annotation_schema.json").read_text())
    jsonschema.Draft6Validator.check_schema(schema)
    return jsonschema.Draft6Validator(schema)


@pytest.mark.parametrize("polygons", [[], [SQUARE], [SQUARE, translate(SQUARE, 9000, 50)]])
def test_documents_follow_the_dsa_schema(validator, polygons):
    for document in documents(polygons):
        validator.validate(json.loads(json.dumps(document)))


def test_the_schema_would_notice(validator):
    (document,) = documents([SQUARE])
    document["elements"][0]["points"] = "nonsense"
    assert not validator.is_valid(document)


def test_points_are_base_pixels_and_holes_survive():
    (document,) = documents([SQUARE], Scale(4.0, 2.0))
    (element,) = document["elements"]
    polygon = polygon_of({**element, "holes": [[p[:2] for p in h] for h in element["holes"]]})
    assert polygon.is_valid
    assert polygon.bounds == (0, 0, 160, 80)
    assert polygon.area == pytest.approx(SQUARE.area * 8)
    assert len(polygon.interiors) == 1
    assert all(point[2] == 0 for point in element["points"])


def test_colour_and_group_are_those_of_the_class():
    (element,) = documents([SQUARE])[0]["elements"]
    assert element["group"] == element["label"]["value"] == "tumor"
    assert element["lineColor"] == "rgb(230, 25, 75)"
    assert element["closed"] is True


def test_rounding_never_makes_a_polygon_invalid():
    thin = Polygon([(0, 0), (10, 0.001), (10, 0.004), (5, 0.0031), (0, 0.002)])
    assert thin.is_valid
    (document,) = documents([thin], Scale(1.0, 1.0))
    element = document["elements"][0]
    assert Polygon([point[:2] for point in element["points"]]).is_valid


def test_a_model_s_document_says_where_it_comes_from():
    (document,) = documents([SQUARE])
    attributes = document["attributes"]
    assert attributes.pop("software").startswith("HistoLoop ")
    assert attributes == {
        "run": "r1",
        "model": "tiny@1",
        "digest": "abc",
        "mpp": 2.0,
        "scale": [4.0, 4.0],
        "threshold": 0.4,
        "class": "tumor",
        "code": 1,
        "color": "#e6194b",
        "block": [0, 0, BLOCK],
    }


def test_polygons_are_put_whole_into_the_block_of_their_centre():
    random = np.random.default_rng(0)
    places = random.uniform(0, 3 * BLOCK, (200, 2))
    polygons = [translate(SQUARE, x, y) for x, y in places]
    found = documents(polygons, Scale(1.0, 1.0))
    blocks = Counter(tuple(one["attributes"]["block"]) for one in found)
    assert max(blocks.values()) == 1, "a block has one document"
    assert sum(len(one["elements"]) for one in found) == 200
    for one in found:
        for element in one["elements"]:
            left, top, right, bottom = shapely.bounds(
                Polygon([point[:2] for point in element["points"]])
            )
            x, y, side = one["attributes"]["block"]
            assert side == BLOCK
            assert 0 <= (left + right) / 2 - x < side
            assert 0 <= (top + bottom) / 2 - y < side


def test_a_crowded_block_is_quartered_until_its_documents_are_light():
    random = np.random.default_rng(0)
    centres = random.normal(BLOCK / 2, 400, (30_000, 2))
    polygons = [shapely.box(x, y, x + 5, y + 5) for x, y in centres]
    whole = list(model_layers(LABEL, ShapeFile.of(polygons), Scale(1.0, 1.0), ORIGIN))
    counts = [sum(len(one.polygon.exterior.coords) for one in layer.outlines) for layer in whole]
    blocks = [tuple(layer.attributes["block"]) for layer in whole]
    assert max(counts) <= POINTS < sum(counts)
    assert sum(len(layer.outlines) for layer in whole) == 30_000
    assert len(set(blocks)) == len(blocks)
    assert {side for _, _, side in blocks} < {BLOCK // 2**level for level in range(1, 11)}
    areas = [shapely.box(x, y, x + side, y + side) for x, y, side in blocks]
    assert shapely.union_all(areas).area == sum(area.area for area in areas), "blocks are disjoint"


def test_a_polygon_of_too_many_points_stands_alone():
    ring = [(np.cos(t) * 900, np.sin(t) * 900) for t in np.linspace(0, 6.28, POINTS + 10)]
    giant = translate(Polygon(ring), 1000, 1000)
    file = ShapeFile.of([giant, translate(SQUARE, 5, 5)])
    found = list(model_layers(LABEL, file, Scale(1.0, 1.0), ORIGIN))
    assert sorted(len(layer.outlines) for layer in found) == [1, 1]


def test_a_class_that_was_not_found_has_one_empty_document():
    (document,) = documents([])
    assert document["elements"] == []


@pytest.fixture
def store(tmp_path):
    return LocalAnnotationStore(tmp_path / "annotations")


def human():
    return {"name": "by hand", "description": "", "attributes": {}, "elements": []}


def names(store, slide="s1"):
    return sorted(one.name for one in store.list(slide))


def of_run(run, count=1):
    attributes = {"run": run, "model": "tiny@1"}
    return [
        {"name": f"{run}-{index}", "description": "", "attributes": attributes, "elements": []}
        for index in range(count)
    ]


def test_what_was_put_comes_back(store):
    (id,) = store.replace_run("s1", "r1", documents([SQUARE]))
    assert store.get(id) == json.loads(json.dumps(documents([SQUARE])[0]))
    (summary,) = store.list("s1")
    assert (summary.id, summary.elements) == (id, 1)
    assert summary.attributes["run"] == "r1"


def test_writing_a_run_twice_doubles_nothing(store):
    first = store.replace_run("s1", "r1", of_run("r1", 2))
    assert store.replace_run("s1", "r1", of_run("r1", 2)) == first
    assert names(store) == ["r1-0", "r1-1"]


def test_a_run_replaces_its_own_documents_only(store, tmp_path):
    store.replace_run("s1", "r1", of_run("r1", 3))
    store.replace_run("s1", "r2", of_run("r2"))
    store.replace_run("s2", "r1", of_run("r1"))
    by_hand = tmp_path / "annotations/s1/handmade.json"
    by_hand.write_text(json.dumps(human()))
    store.replace_run("s1", "r1", of_run("r1"))
    assert names(store) == ["by hand", "r1-0", "r2-0"]
    assert names(store, "s2") == ["r1-0"]


def test_an_unknown_annotation_is_not_found_and_no_path_leads_out(store, tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(human()))
    store.replace_run("s1", "r1", of_run("r1"))
    for id in ("nothing", "../../secret", "*", "", "?" * 24):
        with pytest.raises(NotFoundError):
            store.get(id)
    assert store.list("../..") == []
    assert store.list("*") == []
