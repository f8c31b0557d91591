"""Sealed documents: what they say of themselves is what they are."""

from __future__ import annotations

import orjson
import pytest

from histoloop.annotations.runs import Names
from histoloop.annotations.sealing import Seal, seal_document, unsealed
from histoloop.errors import AnnotationError


def document(count=2, x=1, **attributes):
    points = [[x, 0, 0], [5, 0, 0], [5, 5.5, 0]]
    element = {"type": "polyline", "closed": True, "points": points, "holes": [points]}
    return {
        "name": "tumor",
        "description": "",
        "attributes": {"run": "r1", **attributes},
        "elements": [element] * count,
    }


def seal(name, document):
    return seal_document(name, document).seal


def test_the_body_is_the_document_and_bears_its_seal():
    sealed = seal_document("tumor 0", document())
    sent = orjson.loads(sealed.body)
    assert Seal.of(sent["attributes"]) == sealed.seal
    assert {**sent, "attributes": unsealed(sent["attributes"])} == document()


def test_the_seal_changes_with_whatever_changes():
    first = seal("n", document())
    assert first == seal("n", document())
    others = [
        seal("m", document()),
        seal("n", document(count=3)),
        seal("n", document(x=2)),
        seal("n", document(threshold=0.5)),
    ]
    assert len({first, *others}) == 5


def test_a_document_read_back_has_the_same_seal():
    """The server answers 5 where 5.0 was sent."""
    sent = orjson.loads(seal_document("n", document()).body)
    whole = {**sent, "attributes": unsealed(sent["attributes"])}
    for point in whole["elements"][0]["points"]:
        point[:] = [int(value) if value == int(value) else value for value in point]
    assert seal("n", whole) == seal("n", document())


def test_coordinates_are_sent_as_floats_throughout():
    sent = orjson.loads(seal_document("n", document()).body)["elements"][0]
    numbers = [
        value for ring in (sent["points"], *sent["holes"]) for point in ring for value in point
    ]
    assert {type(value) for value in numbers} == {float}


WHOLE = {"name": "n", "elements": 1, "digest": "x"}


@pytest.mark.parametrize(
    "said",
    [
        *(None, 3, {}, {"name": "n"}, {"elements": 1, "digest": "x"}),
        *(WHOLE | odd for odd in ({"name": []}, {"digest": {}}, {"elements": "1"})),
        WHOLE | {"elements": True},
    ],
)
def test_what_is_no_seal_is_none(said):
    assert Seal.of({"content": said}) is None


def test_documents_of_a_run_have_names_of_their_own():
    names = Names("r1")
    found = [names.of(document(**{"class": "tumor"})) for _ in range(3)]
    assert len(set(found)) == 3
    again = Names("r1")
    assert [again.of(document(**{"class": "tumor"})) for _ in range(3)] == found


def test_a_document_of_another_run_is_refused():
    with pytest.raises(AnnotationError, match=r"'r1'.*not of 'r2'"):
        Names("r2").of(document())


@pytest.mark.parametrize("element", [3, {"points": [["a", 0, 0]]}, {"points": [3]}, {"id": {3}}])
def test_what_cannot_be_encoded_is_refused(element):
    broken = document()
    broken["elements"].append(element)
    with pytest.raises(AnnotationError, match="malformed"):
        seal("n", broken)
