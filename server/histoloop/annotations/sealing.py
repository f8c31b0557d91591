"""A document as it is sent: encoded once, with a seal that says what it must contain.

A server that was killed, or a client, may leave less than was meant. The seal, a count and a
digest in ``attributes``, tells a whole document from a part of one without reading it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import orjson

from histoloop.annotations.dsa import Document
from histoloop.errors import AnnotationError

SEAL = "content"
"""Attribute that holds a document's seal."""


class Seal(NamedTuple):
    """What a document must be: its name within its run, its elements, all of its content."""

    name: str
    elements: int
    digest: str

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Seal | None:
        """The seal that a stored document bears, if it bears one; people may write anything."""
        said = attributes.get(SEAL)
        if not isinstance(said, dict) or set(said) != set(cls._fields):
            return None
        seal = cls(**said)
        return seal if list(map(type, seal)) == [str, int, str] else None


@dataclass(frozen=True)
class SealedDocument:
    """A document ready to be sent: ``body`` is its JSON, seal included."""

    seal: Seal
    body: bytes


def seal_document(name: str, document: Document) -> SealedDocument:
    """Encode a document and seal it.

    Args:
        name: what tells it from the others of its run.

    Raises:
        AnnotationError: its elements are no objects, or their coordinates no numbers.
    """
    rest = {key: value for key, value in document.items() if key != "elements"}
    try:
        elements = orjson.dumps([with_floats(one) for one in document["elements"]])
        content = hashlib.blake2b(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), digest_size=16)
    except (TypeError, ValueError) as error:
        raise AnnotationError(
            f"document {document.get('name')!r}: something in it is malformed ({error})",
            hint="mend or remove it",
        ) from error
    content.update(elements)
    seal = Seal(name, len(document["elements"]), content.hexdigest())
    attributes = {**document.get("attributes", {}), SEAL: seal._asdict()}
    head = orjson.dumps({**rest, "attributes": attributes})
    return SealedDocument(seal, head[:-1] + b',"elements":' + elements + b"}")


def unsealed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as they were before a document was sealed."""
    return {key: value for key, value in attributes.items() if key != SEAL}


def with_floats(element: Mapping[str, Any]) -> Mapping[str, Any]:
    """Coordinates as floats throughout.

    A DSA validates elements of like structure once, and to it 5 and 5.5 are unlike: with whole
    numbers in between it takes several times as long.
    """
    changed: dict[str, Any] = {}
    if "points" in element:
        changed["points"] = _floats(element["points"])
    if element.get("holes"):
        changed["holes"] = [_floats(hole) for hole in element["holes"]]
    return {**element, **changed} if changed else element


def _floats(points: list[list[float]]) -> list[list[float]]:
    if set(map(type, chain.from_iterable(points))) == {float}:
        return points  # as our own documents are
    return [[float(value) for value in point] for point in points]
