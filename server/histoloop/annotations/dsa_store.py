"""Annotation documents in a Digital Slide Archive, over its own REST interface."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.raster import ITEM, remove_raster, remove_unseen
from histoloop.annotations.runs import Names, is_prediction, run_of, superseded
from histoloop.annotations.sealing import Seal, SealedDocument, seal_document, unsealed
from histoloop.annotations.store import AnnotationSummary
from histoloop.errors import AccessError, DsaAwayError, DsaError, NotFoundError, SignInError
from histoloop.slides.dsa.connection import DsaConnection, connect
from histoloop.slides.dsa.site import DsaSite, is_id

_WRITE = 1
"""Girder's access level from which an item's owner lets others write."""

_BULK = "histoloop/annotations/{}"

_JSON = {"Content-Type": "application/json"}
_POST_TRIES = 4
_FIRST_PAUSE_S = 1.0


@dataclass(frozen=True)
class _Record:
    """An annotation as the server lists it."""

    id: str
    annotation: Mapping[str, Any]
    elements: int
    creator: str
    created: str
    updated: str

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


class DsaAnnotationStore:
    """An `AnnotationStore` on a DSA; a slide is the id of an item.

    Replacing means to create what is missing and then to delete what is left over: nothing
    ever vanishes from a viewer before its successor is there. What bears no seal was not pushed
    and is never replaced; what people drew only by who pushed it. Works on any DSA by means of
    large_image's own annotation resource, and faster where our plugin is.
    """

    def __init__(self, site: DsaSite) -> None:
        self._site = site

    @property
    def connection(self) -> DsaConnection:
        """Shared by all stores of this process that speak to the site."""
        return connect(self._site)

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        found = [_summary(record) for record in self._records(slide)]
        return sorted(found, key=lambda one: (one.name, one.id))

    def get(self, id: str) -> Document:
        record = self.record(id)
        annotation: Document = record["annotation"]
        return {**annotation, "attributes": unsealed(annotation.get("attributes") or {})}

    def record(self, id: str) -> Document:
        """A document as the server has it, in its ``annotation``, with who made it and when.

        Raises:
            NotFoundError: there is none of this id, or not for this user.
        """
        # Asked for what it does not have, the server fails, and hands out what was deleted.
        known = self.connection.get(f"annotation/{id}/history", limit=1) if is_id(id) else []
        if not known or known[0].get("_active") is False:
            raise NotFoundError(f"no annotation {id!r}", hint="list the slide's annotations again")
        record: Document = orjson.loads(self.connection.read(f"annotation/{id}"))
        return record

    def refuse_readonly(self, slide: str) -> None:
        """Make sure that the user may annotate a slide, before hours go into it.

        Raises:
            AccessError: the user may only look, or not even that.
            NotFoundError: it does not exist.
        """
        self._may_write(slide)

    def replace_run(
        self, slide: str, run: str, documents: Iterable[Document], *, supersede: bool = False
    ) -> Sequence[str]:
        path = self._path_to_create(slide)
        names = Names(run)
        there = self._whole(slide, run)
        wanted = []
        for document in documents:
            sealed = seal_document(names.of(document), document)
            wanted.append(sealed.seal)
            if sealed.seal not in there:
                self._create(path, slide, run, sealed)
        there = self._whole(slide, run)
        if missing := [seal.name for seal in wanted if seal not in there]:
            raise DsaError(
                f"{self._site.host}: has lost {len(missing)} of {len(wanted)} documents of run "
                f"{run} ({missing[0]} first)",
                hint="push again; the server's log may say more",
            )
        ids = [there[seal] for seal in wanted]
        self._delete_leftovers(slide, run, set(ids), names.models if supersede else set())
        return ids

    def delete_run(self, slide: str, run: str) -> None:
        self._may_write(slide)
        self._delete_leftovers(slide, run, set(), set())

    def _records(self, slide: str) -> Iterator[_Record]:
        self.connection.get(f"item/{slide}")  # the listing of an unknown item fails, or is empty
        for found in self.connection.pages("annotation", itemId=slide, sort="_id"):
            count = found.get("_elementCount")  # which older servers do not know
            yield _Record(
                id=found["_id"],
                annotation=found["annotation"],
                elements=self._stored(found["_id"]) if count is None else count,
                creator=found.get("creatorId") or "",
                created=found["created"],
                updated=found.get("updated") or found["created"],
            )

    def _whole(self, slide: str, run: str) -> dict[Seal, str]:
        """Ids of the run's documents that hold what their seal says; of doubles, the oldest."""
        whole: dict[Seal, str] = {}
        for record in self._records(slide):
            seal = record.seal if self._is_ours(record, run) else None
            if seal and (not record.untouched or self._stored(record.id) == seal.elements):
                whole.setdefault(seal, record.id)
        return whole

    def _is_ours(self, record: _Record, run: str) -> bool:
        """Whether a document is of this run: a model's by whoever pushed it, a layer by us."""
        if run_of(record.attributes) != run or record.seal is None:
            return False
        return is_prediction(record.attributes) or record.creator == self._user

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

    def _path_to_create(self, slide: str) -> str:
        """Where a document can be posted to: what stores it fastest for this user.

        Raises:
            AccessError: nowhere; the user may only look.
        """
        may_write = self._may_write(slide)
        if self._takes_bulk(slide):
            return _BULK.format(slide)
        # Unlike the third, the second answers with a number instead of all that it was sent.
        return f"annotation/item/{slide}" if may_write else "annotation"

    def _takes_bulk(self, slide: str) -> bool:
        """Whether the server has HistoLoop's plugin and it takes documents: here, none at all."""
        try:
            self.connection.send("POST", _BULK.format(slide), data=b"", headers=_JSON)
        except SignInError:
            raise
        except (AccessError, DsaError, NotFoundError):
            return False
        return True

    def _create(self, path: str, slide: str, run: str, sealed: SealedDocument) -> None:
        """Post a document; when the answer is lost, look whether it has arrived."""
        for attempt in range(_POST_TRIES):
            try:
                self.connection.send(
                    "POST", path, {"itemId": slide}, data=sealed.body, headers=_JSON
                )
                return
            except DsaAwayError:
                if attempt == _POST_TRIES - 1:
                    raise
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
                if sealed.seal in self._whole(slide, run):
                    return

    def _delete_leftovers(self, slide: str, run: str, keep: set[str], models: set[str]) -> None:
        shown: set[str] = set()
        runs = {run}
        for record in list(self._records(slide)):  # first: a deletion moves the pages after it
            left = self._is_ours(record, run) and record.id not in keep
            if record.untouched and (left or self._is_superseded(record, run, models)):
                self._delete(slide, record)
                runs.add(record.attributes["run"])
            else:
                shown.add(str(record.attributes.get(ITEM)))
        remove_unseen(self.connection, slide, self._user, runs, shown)

    def _is_superseded(self, record: _Record, run: str, models: set[str]) -> bool:
        other = run_of(record.attributes)
        return (
            other is not None
            and superseded(record.attributes, run, models)
            and self._is_ours(record, other)
        )

    def _delete(self, slide: str, record: _Record) -> None:
        with suppress(NotFoundError):  # somebody was faster
            self.connection.send("DELETE", f"annotation/{record.id}")
        remove_raster(self.connection, slide, record.attributes)


def _summary(record: _Record) -> AnnotationSummary:
    return AnnotationSummary(
        id=record.id,
        name=record.annotation["name"],
        description=record.annotation.get("description", ""),
        attributes=unsealed(record.attributes),
        elements=record.elements,
        creator=record.creator,
        updated=datetime.fromisoformat(record.updated).astimezone(UTC),
    )
