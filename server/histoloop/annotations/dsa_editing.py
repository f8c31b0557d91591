"""What people draw, in a Digital Slide Archive: written over what was, and nothing of that lost.

A DSA takes whatever comes last. It keeps what was, though, and in which order: who finds there
that somebody else was faster puts theirs back, and says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.dsa_records import BULK, JSON, DsaRecords, Record
from histoloop.annotations.editing import checked, merged, refuse_layer, same_drawing
from histoloop.annotations.sealing import unsealed, with_floats
from histoloop.annotations.store import (
    AnnotationSummary,
    AnnotationVersion,
    conflict,
)
from histoloop.errors import (
    AccessError,
    AnnotationError,
    DsaAwayError,
    DsaError,
    NotFoundError,
    StateError,
)

_KEEPS = "large_image.annotation_history"

_TRIES = 5

_turns = [threading.Lock() for _ in range(64)]
"""Who writes an annotation through this process waits for their turn: races are for others."""


class DsaEditing(DsaRecords):
    """Writing as one user; what they may is the server's to say."""

    def create(self, slide: str, document: Document) -> AnnotationSummary:
        self._may_write(slide)
        body = _encoded(checked(document))
        bulk = self._takes_bulk(slide)
        path = BULK.format(slide) if bulk else "annotation"
        with _faults_of_the_document():
            answer = self._post(path, slide, body)
        return self.summary(answer["annotations"][0]["_id"] if bulk else answer["_id"])

    def replace(self, id: str, document: Document, version: str) -> AnnotationSummary:
        with self._turn(id):
            before = self._changeable(id, version)
            whole = merged(document, before.annotation, lambda: self.get(id))
            body = _encoded(whole)
            self._refuse_changed(id, version)
            with _faults_of_the_document():
                answer = self.connection.send("PUT", f"annotation/{id}", data=body, headers=JSON)
            ours = str(answer.json()["_version"])
            self._refuse_overtaken(id, version, ours, whole)
            return self._summary_of_ours(id, ours)

    def delete(self, id: str, version: str) -> None:
        with self._turn(id):
            self._changeable(id, version)
            self.connection.send("DELETE", f"annotation/{id}")
            last = self._history(id)[-1]
            if str(last["_version"]) == version:
                return
            if last.get("_active") is False:  # somebody has written just before it was deleted
                self._revert(id, str(last["_version"]))
            raise conflict(id, self.summary(id))

    def deleted(self, slide: str) -> Sequence[AnnotationSummary]:
        self.connection.get(f"item/{slide}")
        try:
            found = self.connection.get(f"{BULK.format(slide)}/deleted")
        except (DsaError, NotFoundError) as error:
            if isinstance(error, DsaAwayError):
                raise
            raise NotFoundError(
                f"{self._site.host}: cannot list what was deleted",
                hint="it takes HistoLoop's plugin there; an annotation that you know by its id "
                "can be brought back without",
            ) from None
        records = (Record.of(one, one.get("_elementCount", 0)) for one in found)
        return self._summaries(slide, records)

    def versions(self, id: str) -> Sequence[AnnotationVersion]:
        self._refuse_unknown(id, gone=True)
        return [
            AnnotationVersion(
                version=str(one["_version"]),
                by=one.get("updatedId") or one.get("creatorId") or "",
                updated=datetime.fromisoformat(one.get("updated") or one["created"]).astimezone(
                    UTC
                ),
                elements=one.get("_elementCount", 0),
                current=one.get("_active") is not False,
            )
            for one in reversed(self._history(id))
        ]

    def version(self, id: str, version: str) -> Document:
        annotation = self._as_it_was(id, version)
        return {**annotation, "attributes": unsealed(annotation.get("attributes") or {})}

    def restore(self, id: str, version: str, expected: str | None) -> AnnotationSummary:
        with self._turn(id):
            history = self._refuse_no_version(id, version)
            last = history[-1]
            before = self._head(id, gone=True)
            self._refuse_unchangeable(before)
            gone = last.get("_active") is False
            newest = str(last["_version"])
            if expected != newest and not (gone and expected is None):
                raise conflict(id, None if gone else self.summary(id))
            if gone or version != newest:
                restored = self._revert(id, version)
                self._refuse_overtaken(id, newest, restored, None)
                newest = restored
            return self._summary_of_ours(id, newest)

    @contextmanager
    def _turn(self, id: str) -> Iterator[None]:
        with _turns[hash((self._site.url, id)) % len(_turns)]:
            yield

    def _post(self, path: str, slide: str, body: bytes) -> Any:
        try:
            sent = self.connection.send("POST", path, {"itemId": slide}, data=body, headers=JSON)
        except DsaAwayError as error:
            raise DsaAwayError(
                error.message, hint="it may have been stored: list again before you save again"
            ) from None
        return sent.json()

    def _changeable(self, id: str, version: str) -> Record:
        """The annotation, if the user may change it and means what it now is."""
        before = self._head(id)
        self._refuse_unchangeable(before)
        if before.version != version:
            raise conflict(id, self.summary(id))
        return before

    def _refuse_unchangeable(self, before: Record) -> None:
        refuse_layer(before.annotation["name"], before.attributes)
        self._may_write(before.slide)
        if not before.may_change:
            raise AccessError(
                f"{self._site.host}: no right to change {before.annotation['name']!r}",
                hint="ask whoever drew it, or copy it into an annotation of your own",
            )
        if self._forgets():
            raise StateError(
                f"{self._site.host} keeps no earlier versions: nothing there is written over",
                hint="an administrator can switch on the history of annotations in the settings "
                "of large_image; a new annotation can be saved as it is",
            )

    def _forgets(self) -> bool:
        try:
            said = self.connection.get("large_image/settings")
        except (DsaError, NotFoundError):
            return False  # older ones do not tell; they keep versions unless told otherwise
        return isinstance(said, dict) and said.get(_KEEPS) is False

    def _refuse_changed(self, id: str, version: str) -> None:
        last = self._history(id)[-1]
        if str(last["_version"]) != version or last.get("_active") is False:
            gone = last.get("_active") is False
            raise conflict(id, None if gone else self.summary(id))

    def _refuse_no_version(self, id: str, version: str) -> Sequence[Document]:
        """The history of an annotation, if it has the version."""
        self._refuse_unknown(id, gone=True)
        history = self._history(id)
        if version not in {str(one["_version"]) for one in history}:
            raise NotFoundError(
                f"annotation {id!r} has no version {version!r}", hint="list them again"
            )
        return history

    def _refuse_overtaken(self, id: str, base: str, ours: str, sent: Document | None) -> None:
        """Make sure that what we wrote took the place of what it was to; else put theirs back.

        Args:
            base: the version that was meant; ours: the one that was written; sent: its content,
                which a connection that fails may have written twice.

        Raises:
            ConflictError: somebody else had written in between.
        """
        between = self._between(id, base, ours)
        theirs = [one for one in between if not (sent and self._is_ours_again(id, one, sent))]
        if theirs:
            self._put_back(id, ours, str(theirs[-1]["_version"]))
            raise conflict(id, self._current(id))

    def _summary_of_ours(self, id: str, ours: str) -> AnnotationSummary:
        """The annotation as we left it: who is given a version must have seen what is in it.

        Raises:
            ConflictError: somebody has written or deleted it since.
        """
        current = self._current(id)
        if current is None or current.version != ours:
            raise conflict(id, current)
        return current

    def _between(self, id: str, base: str, ours: str) -> Sequence[Document]:
        """What was current after one version and before another."""
        history = self._history(id)
        names = [str(one["_version"]) for one in history]
        if ours not in names:
            raise DsaError(
                f"{self._site.host}: has lost what it was sent", hint="save again; see its log"
            )
        first = names.index(base) + 1 if base in names else 0
        return history[first : names.index(ours)]

    def _is_ours_again(self, id: str, one: Document, sent: Document) -> bool:
        """Whether a version is what we sent, stored once more: the answer had been lost."""
        if one.get("updatedId") != self._user:
            return False
        try:
            return same_drawing(self.version(id, str(one["_version"])), sent)
        except AccessError:
            return False

    def _put_back(self, id: str, ours: str, theirs: str) -> None:
        """Let theirs be current again; what comes in between meanwhile is put back in turn."""
        for _ in range(_TRIES):
            last = self._history(id)[-1]
            if str(last["_version"]) != ours or last.get("_active") is False:
                return  # somebody has gone on already
            again = self._revert(id, theirs)
            between = self._between(id, ours, again)
            if not between:
                return
            ours, theirs = again, str(between[-1]["_version"])

    def _revert(self, id: str, version: str) -> str:
        """Make a copy of what a version shows the current one; returns the copy's version.

        Only the drawing is taken from it. To the server a version is a record of its own, with
        the access list of its time: its own ways to revert bring back rights withdrawn since.
        """
        was = self._as_it_was(id, version)
        answer = self.connection.send("PUT", f"annotation/{id}", data=_encoded(was), headers=JSON)
        return str(answer.json()["_version"])

    def _as_it_was(self, id: str, version: str) -> Document:
        """A version with its elements; the server itself shows it to the annotation's owner."""
        self._refuse_no_version(id, version)
        try:
            found = self.connection.read(f"annotation/{id}/history/{version}")
        except AccessError as refusal:
            try:
                found = self.connection.read(f"{BULK.format(id)}/versions/{version}")
            except DsaAwayError:
                raise
            except (AccessError, DsaError, NotFoundError):
                raise refusal from None  # without our plugin
        annotation: Document = orjson.loads(found)["annotation"]
        return annotation

    def _current(self, id: str) -> AnnotationSummary | None:
        try:
            return self.summary(id)
        except NotFoundError:
            return None


@contextmanager
def _faults_of_the_document() -> Iterator[None]:
    """What the server refuses of a document is the document's fault."""
    try:
        yield
    except DsaAwayError:
        raise
    except DsaError as error:
        raise AnnotationError(error.message, hint="mend it, and save again") from None


def _encoded(document: Document) -> bytes:
    return orjson.dumps(document | {"elements": [with_floats(one) for one in document["elements"]]})
