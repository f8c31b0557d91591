"""What people may write: documents that every part of the loop can read, and no model's layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.element_rules import fault_of, fault_of_values, repeated_id
from histoloop.annotations.elements import read_elements
from histoloop.annotations.raster import ITEM
from histoloop.annotations.runs import model_of
from histoloop.annotations.sealing import SEAL
from histoloop.errors import AnnotationError, StateError

MOST_ELEMENTS: Final = 100_000
"""Of one document that is written here."""

_MOST_ATTRIBUTES = 2**20
"""Bytes of JSON."""

_LONGEST_NAME, _LONGEST_TEXT = 300, 10_000

_RESERVED = frozenset({"run", "model", "software", "digest", SEAL, ITEM})
"""Attributes by which HistoLoop knows its own documents: nobody else gives or takes them."""

_PARTS = frozenset({"name", "description", "display", "attributes", "elements"})

Stored = Callable[[], Document]
"""Fetches the annotation that is to be replaced, with its elements."""


def is_layer(attributes: Mapping[str, Any]) -> bool:
    """Whether a model made a document; one that a person pushed anew is theirs."""
    return model_of(attributes) is not None and "annotator" not in attributes


def refuse_layer(name: str, attributes: Mapping[str, Any]) -> None:
    """Make sure that a document is no model's.

    Raises:
        StateError: it is.
    """
    if is_layer(attributes):
        raise StateError(
            f"{name!r} is a model's layer: nobody draws over it",
            hint="copy what is right into an annotation of your own, and correct it there",
        )


def checked(document: Document) -> Document:
    """A new document, if it may be stored.

    Raises:
        AnnotationError: it may not; the message names the first thing that is wrong.
    """
    _check_head(document)
    if given := sorted(_RESERVED & set(document.get("attributes", {}))):
        raise _wrong(
            f"its attributes have {given[0]!r}, which HistoLoop writes itself",
            "leave out what says which run and model something is of",
        )
    _check_elements(document["elements"], None)
    return document


def merged(document: Document, before: Mapping[str, Any], stored: Stored) -> Document:
    """A document in the place of another one, if it may be: what it leaves out stays.

    An element that is odd stays, too, as long as nobody changes it: archives hold such.

    Args:
        before: the annotation as it is, with or without its elements.

    Raises:
        AnnotationError: it may not; the message names the first thing that is wrong.
    """
    whole = {key: value for key, value in before.items() if key in _PARTS} | document
    own = {
        key: value for key, value in (before.get("attributes") or {}).items() if key in _RESERVED
    }
    said = whole.get("attributes")
    if isinstance(said, dict):
        if odd := [key for key in _RESERVED & set(said) if said[key] != own.get(key)]:
            raise _wrong(
                f"its attribute {min(odd)!r} is not what it was", "HistoLoop writes it itself"
            )
        whole["attributes"] = said | own
    _check_head(whole)
    _check_elements(whole["elements"], stored)
    return whole


def _check_head(document: Document) -> None:
    name, text = document.get("name"), document.get("description", "")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        raise _wrong("it has no name, or too long a one", "name it, in a line")
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise _wrong("its description is no text, or too long", "write less")
    for key in ("attributes", "display"):
        said = document.get(key, {})
        if not isinstance(said, dict):
            raise _wrong(f"its {key} are no object", "leave them out, or write {}")
        if fault := fault_of_values(said):
            raise _wrong(f"something in its {key} {fault}", "leave it out")
        if len(orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS)) > _MOST_ATTRIBUTES:
            raise _wrong(f"its {key} are larger than 1 MB", "leave something out")
    if "\0" in name + text:
        raise _wrong("its name holds a character that cannot be stored", "leave it out")
    if document.get("display", {}).get("visible", True) not in ("new", True, False):
        raise _wrong("display.visible is none of true, false, new", "leave it out")


def _check_elements(elements: Any, stored: Stored | None) -> None:
    if not isinstance(elements, list):
        raise _wrong("its elements are no list", "write [] where there are none")
    if len(elements) > MOST_ELEMENTS:
        raise _wrong(
            f"it has {len(elements)} elements, more than {MOST_ELEMENTS}",
            "save them as several annotations",
        )
    faults = {one.index: one.reason for one in read_elements({"elements": elements}).refused}
    faults |= {index: fault for index, one in enumerate(elements) if (fault := fault_of(one))}
    if faults and stored is not None:
        known = {_canonical(one) for one in stored()["elements"]}
        faults = {
            index: fault
            for index, fault in faults.items()
            if not isinstance(elements[index], dict) or _canonical(elements[index]) not in known
        }
    for index, fault in sorted(faults.items()):
        kind = elements[index].get("type") if isinstance(elements[index], dict) else None
        what = f" ({kind[:40]})" if isinstance(kind, str) and kind.isprintable() else ""
        raise _wrong(f"element {index}{what}: {fault}", "mend it, or leave it out")
    if twice := repeated_id(elements):
        raise _wrong(f"two elements have the id {twice}", "each needs its own, or none")


def _canonical(value: Any) -> bytes:
    """The same for 5 and 5.0, whatever the order of names."""
    return orjson.dumps(_floated(value), option=orjson.OPT_SORT_KEYS)


def _floated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floated(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_floated(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def same_drawing(one: Document, other: Document) -> bool:
    """Whether two documents hold the same elements, whatever ids these were given."""
    return _drawing(one) == _drawing(other)


def _drawing(document: Document) -> list[bytes]:
    return [
        _canonical({key: value for key, value in element.items() if key != "id"})
        for element in document.get("elements", [])
    ]


def _wrong(what: str, hint: str) -> AnnotationError:
    return AnnotationError(f"this annotation cannot be stored: {what}", hint=hint)
