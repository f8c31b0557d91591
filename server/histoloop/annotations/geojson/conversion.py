"""Whole files: documents to a feature collection and back, each element on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from histoloop.annotations.dsa import Document
from histoloop.annotations.files import body
from histoloop.annotations.geojson.drawing import elements_of, gathered, part_of
from histoloop.annotations.geojson.features import (
    DSA,
    CannotHoldError,
    Element,
    Feature,
    feature_of,
    oddity,
)
from histoloop.errors import AnnotationError

_GEOMETRIES: Final = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
_SHOWN_PLACES: Final = 3


@dataclass
class Complaints:
    """What could not be held, and what was odd, with its places."""

    lost: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    odd: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """One line per kind and reason: how many, what and where."""
        return [*_lines(self.lost, "left out"), *_lines(self.odd, "note")]

    @property
    def count_lost(self) -> int:
        return sum(map(len, self.lost.values()))


def _lines(found: dict[tuple[str, str], list[str]], verdict: str) -> Iterator[str]:
    for (kind, reason), places in found.items():
        shown = "; ".join(places[:_SHOWN_PLACES]) + ("; …" if len(places) > _SHOWN_PLACES else "")
        yield f"{verdict}: {len(places)} × {kind}: {reason} ({shown})"


def is_geojson(value: Any) -> bool:
    """Whether JSON is GeoJSON rather than DSA documents."""
    first = value[0] if isinstance(value, list) and value else value
    kinds = ("FeatureCollection", "Feature", *_GEOMETRIES)
    return isinstance(first, dict) and first.get("type") in kinds


def to_geojson(documents: Iterable[Document]) -> tuple[Feature, Complaints]:
    """A feature collection of all documents.

    The documents' own fields stand in its member ``dsa``, which other programs ignore.
    """
    complaints = Complaints()
    features: list[Feature] = []
    heads = []
    for number, record in enumerate(documents):
        heads.append(_without_elements(record))
        place = f"document {number + 1}"
        for feature in _features(body(record)["elements"], place, complaints):
            feature["properties"] = feature.get("properties") or {}
            mark = {**feature["properties"].get(DSA, {}), "document": number}
            feature["properties"] = {**feature["properties"], DSA: mark}
            features.append(feature)
    collection = {"type": "FeatureCollection", "features": features, DSA: {"documents": heads}}
    return collection, complaints


def from_geojson(value: Any, name: str) -> tuple[list[Document], Complaints]:
    """Documents of everything in GeoJSON.

    Args:
        value: a feature collection, a feature, a list of them, or a geometry.
        name: of the document for features that come from none.

    Raises:
        AnnotationError: it is no GeoJSON.
    """
    complaints = Complaints()
    documents = _heads(value)
    new: Document = {"name": name, "description": "", "attributes": {}, "elements": []}
    for number, feature in enumerate(_feature_list(value), start=1):
        kind = "feature"
        try:
            if not isinstance(feature, dict):
                raise CannotHoldError("is no object")
            geometry = feature.get("geometry")
            kind = str(geometry.get("type")) if isinstance(geometry, dict) else kind
            elements = elements_of(feature)
        except CannotHoldError as reason:
            complaints.lost.setdefault((kind, str(reason)), []).append(f"feature {number}")
            continue
        _destination(feature, documents, new)["elements"] += elements
        if "nucleusGeometry" in feature:
            said = ("nucleus", "kept in the element's user data, but not drawn")
            complaints.odd.setdefault(said, []).append(f"feature {number}")
    return documents + ([new] if new["elements"] or not documents else []), complaints


def _features(elements: Sequence[Element], place: str, complaints: Complaints) -> Iterator[Feature]:
    """Features of a document; elements that are parts of one feature become one again."""
    index = 0
    while index < len(elements):
        around = part_of(elements[index]) if isinstance(elements[index], dict) else None
        parts = around.get("parts") if around else None
        few = elements[index : index + parts] if isinstance(parts, int) and parts > 0 else []
        if few and (whole := gathered(list(few))):
            yield whole
            index += len(few)
            continue
        yield from _single(elements[index], f"{place}, element {index + 1}", complaints)
        index += 1


def _single(element: Element, place: str, complaints: Complaints) -> Iterator[Feature]:
    kind = str(element.get("type")) if isinstance(element, dict) else "entry"
    try:
        yield feature_of(element)
        if reason := oddity(element):
            complaints.odd.setdefault((kind, reason), []).append(place)
    except CannotHoldError as refusal:
        complaints.lost.setdefault((kind, str(refusal)), []).append(place)


def _without_elements(record: Document) -> Document:
    if isinstance(record.get("annotation"), dict):
        return {**record, "annotation": _without_elements(record["annotation"])}
    return {key: value for key, value in record.items() if key != "elements"}


def _heads(value: Any) -> list[Document]:
    """The documents that a collection was made from, still without elements."""
    said = value.get(DSA) if isinstance(value, dict) else None
    heads = said.get("documents") if isinstance(said, dict) else None
    if not isinstance(heads, list) or not all(isinstance(one, dict) for one in heads):
        return []
    return [
        {**head, "annotation": {**head["annotation"], "elements": []}}
        if isinstance(head.get("annotation"), dict)
        else {**head, "elements": []}
        for head in heads
    ]


def _destination(feature: Feature, documents: list[Document], new: Document) -> Document:
    properties = feature.get("properties")
    said = properties.get(DSA) if isinstance(properties, dict) else None
    number = said.get("document") if isinstance(said, dict) else None
    if isinstance(number, int) and 0 <= number < len(documents):
        return body(documents[number])
    return new


def _feature_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [one for entry in value for one in _feature_list(entry)]
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "FeatureCollection" and isinstance(value.get("features"), list):
        return list(value["features"])
    if kind == "Feature":
        return [value]
    if kind in _GEOMETRIES:
        return [{"type": "Feature", "geometry": value, "properties": {}}]
    raise AnnotationError(
        "this is no GeoJSON", hint="it should be a FeatureCollection, a Feature or a list of them"
    )
