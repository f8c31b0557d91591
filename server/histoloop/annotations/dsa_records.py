"""Annotation documents in a Digital Slide Archive: what can be read, and by whom changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.editing import is_layer
from histoloop.annotations.raster import ITEM
from histoloop.annotations.sealing import Seal, unsealed
from histoloop.annotations.store import AnnotationSummary
from histoloop.errors import AccessError, DsaError, NotFoundError, SignInError
from histoloop.slides.dsa.connection import DsaConnection, connect
from histoloop.slides.dsa.site import DsaSite, is_id

_WRITE = 1
"""Girder's access level from which an owner lets others write."""

BULK = "histoloop/annotations/{}"
"""Where our plugin takes documents."""

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Record:
    """An annotation as the server lists it.

    Attributes:
        may_change: whether its own rights let the user write, whatever those of its slide do.
    """

    id: str
    annotation: Mapping[str, Any]
    elements: int
    creator: str
    created: str
    updated: str
    slide: str
    version: str
    may_change: bool

    @property
    def attributes(self) -> Mapping[str, Any]:
        found = self.annotation.get("attributes")
        return found if isinstance(found, dict) else {}

    @property
    def seal(self) -> Seal | None:
        return Seal.of(self.attributes)

    @property
    def untouched(self) -> bool:
        """Whether it is as we created it: we only ever create and delete.

        HistomicsUI saves the document of a class mask as soon as somebody looks at it; there is
        nothing in it to draw on, so it counts as untouched all the same.
        """
        return self.updated == self.created or ITEM in self.attributes

    @classmethod
    def of(cls, found: Document, elements: int) -> Record:
        """From what the server says."""
        return cls(
            id=found["_id"],
            annotation=found["annotation"],
            elements=elements,
            creator=found.get("creatorId") or "",
            created=found["created"],
            updated=found.get("updated") or found["created"],
            slide=str(found["itemId"]),
            version=str(found.get("_version", "")),
            may_change=found.get("_accessLevel", _WRITE) >= _WRITE,
        )


class DsaRecords:
    """The annotations of a DSA as a user may see them; a slide is the id of an item."""

    def __init__(self, site: DsaSite) -> None:
        self._site = site

    @property
    def connection(self) -> DsaConnection:
        """Shared by all stores of this process that speak to the site."""
        return connect(self._site)

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        return self._summaries(slide, self._records(slide))

    def summary(self, id: str) -> AnnotationSummary:
        record = self._head(id)
        return self._summary(record, self._may_annotate(record.slide))

    def get(self, id: str) -> Document:
        record = self.record(id)
        annotation: Document = record["annotation"]
        return {**annotation, "attributes": unsealed(annotation.get("attributes") or {})}

    def record(self, id: str) -> Document:
        """A document as the server has it, in its ``annotation``, with who made it and when.

        Raises:
            NotFoundError: there is none of this id, or not for this user.
        """
        self._refuse_unknown(id)
        record: Document = orjson.loads(self.connection.read(f"annotation/{id}"))
        return record

    def _head(self, id: str, *, gone: bool = False) -> Record:
        """What the server says of an annotation beside its elements.

        Args:
            gone: one that was deleted will do.
        """
        self._refuse_unknown(id, gone=gone)
        found = self.connection.get(f"annotation/{id}", limit=1)
        return Record.of(found, int(found["_elementQuery"]["count"]))

    def _refuse_unknown(self, id: str, *, gone: bool = False) -> None:
        # Asked for what it does not have, the server fails, and hands out what was deleted.
        known = self._history(id)
        deleted = all(one.get("_active") is False for one in known)
        if not known or (deleted and not gone):
            raise NotFoundError(f"no annotation {id!r}", hint="list the slide's annotations again")

    def _history(self, id: str) -> Sequence[Document]:
        """What an annotation is and was, oldest first, without elements.

        In the order in which the versions took each other's place: the server numbers a version
        before it waits for its turn. The one that everybody sees comes last.
        """
        if not is_id(id):
            return []
        found = self.connection.pages(f"annotation/{id}/history", sort="_version", sortdir=-1)
        return sorted(found, key=lambda one: (one.get("_annotationId") is None, one["_id"]))

    def _summaries(self, slide: str, records: Iterator[Record]) -> Sequence[AnnotationSummary]:
        found = list(records)
        annotates = bool(found) and self._may_annotate(slide)
        summaries = [self._summary(record, annotates) for record in found]
        return sorted(summaries, key=lambda one: (one.name, one.id))

    def _summary(self, record: Record, annotates: bool) -> AnnotationSummary:
        own = not is_layer(record.attributes)
        return AnnotationSummary(
            id=record.id,
            name=record.annotation["name"],
            description=record.annotation.get("description", ""),
            attributes=unsealed(record.attributes),
            elements=record.elements,
            creator=record.creator,
            updated=datetime.fromisoformat(record.updated).astimezone(UTC),
            slide=record.slide,
            version=record.version,
            editable=own and annotates and record.may_change,
            mine=own and bool(record.creator) and record.creator == self._whoever,
        )

    def refuse_readonly(self, slide: str) -> None:
        """Make sure that the user may annotate a slide, before hours go into it.

        Raises:
            AccessError: the user may only look, or not even that.
            NotFoundError: it does not exist.
        """
        self._may_write(slide)

    def _records(self, slide: str) -> Iterator[Record]:
        self.connection.get(f"item/{slide}")  # the listing of an unknown item fails, or is empty
        for found in self.connection.pages("annotation", itemId=slide, sort="_id"):
            count = found.get("_elementCount")  # which older servers do not know
            yield Record.of(found, self._stored(found["_id"]) if count is None else count)

    @cached_property
    def _user(self) -> str:
        """The user's id; unlike ``user/me``, this also answers who has a key for data only."""
        token = self.connection.get("token/current")
        if not token or not token.get("userId"):
            raise SignInError(
                f"{self._site.host}: nobody is signed in, or no longer",
                hint="sign in again, or set HISTOLOOP_DSA_KEY",
            )
        return str(token["userId"])

    @cached_property
    def _whoever(self) -> str:
        """The user's id; empty where nobody is signed in."""
        try:
            return self._user
        except SignInError:
            return ""

    def _may_annotate(self, slide: str) -> bool:
        try:
            self._may_write(slide)
        except (AccessError, NotFoundError):
            return False
        return True

    def _stored(self, id: str) -> int:
        """How many elements the database has, whatever the listing says."""
        return int(self.connection.get(f"annotation/{id}", limit=1)["_elementQuery"]["count"])

    def _may_write(self, slide: str) -> bool:
        """Whether the user may write in the slide's folder, and not only annotate.

        Raises:
            AccessError: neither; the user may only look.
        """
        item = self.connection.get(f"item/{slide}")
        folder = self.connection.get(f"folder/{item['folderId']}")
        may_write: bool = folder["_accessLevel"] >= _WRITE
        if not (may_write or self.connection.get(f"annotation/folder/{folder['_id']}/create")):
            raise AccessError(
                f"{self._site.host}: no right to annotate {item['name']}",
                hint="ask the owner of its folder for write access",
            )
        return may_write

    def _takes_bulk(self, slide: str) -> bool:
        """Whether the server has HistoLoop's plugin and it takes documents: here, none at all."""
        try:
            self.connection.send("POST", BULK.format(slide), data=b"", headers=JSON)
        except SignInError:
            raise
        except (AccessError, DsaError, NotFoundError):
            return False
        return True
