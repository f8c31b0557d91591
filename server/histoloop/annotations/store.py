"""Where annotation documents live: what every store can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from histoloop.annotations.dsa import Document
from histoloop.errors import HistoloopError


@dataclass(frozen=True)
class AnnotationSummary:
    """An annotation without its elements.

    Attributes:
        elements: how many there are; creator: the store's id of who made it, empty when the
            store knows no users.
        slide: of which it is; version: changes with each write, and says nothing else.
        editable: whether the user may change it; mine: whether they made it.
    """

    id: str
    name: str
    description: str
    attributes: Mapping[str, Any]
    elements: int
    creator: str
    updated: datetime
    slide: str
    version: str
    editable: bool
    mine: bool


@dataclass(frozen=True)
class AnnotationVersion:
    """What an annotation was, or is.

    Attributes:
        by: the store's id of who wrote it, empty when the store knows no users.
        current: whether it is what everybody sees; none is, of what was deleted.
    """

    version: str
    by: str
    updated: datetime
    elements: int
    current: bool


class ConflictError(HistoloopError):
    """Somebody else has written meanwhile, and theirs stands.

    Attributes:
        current: the annotation as it now is; `None` when it was deleted.
    """

    status = 412
    current: AnnotationSummary | None = None


def conflict(id: str, current: AnnotationSummary | None) -> ConflictError:
    """The error of a version that is not the current one any more."""
    became = "changed it" if current else "deleted it, or brought it back,"
    error = ConflictError(
        f"annotation {id}: somebody has {became} since you opened it; theirs was kept",
        hint="save yours as a new annotation, or look at theirs and draw again",
    )
    error.current = current
    return error


class AnnotationStore(Protocol):
    """Annotation documents by slide; what a run wrote can be replaced, what others wrote not."""

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        """The annotations of a slide that may be seen, by name.

        Raises:
            NotFoundError: a store that knows its slides does not know this one.
        """
        ...

    def get(self, id: str) -> Document:
        """One document, with its elements.

        Raises:
            NotFoundError: there is none of this id.
        """
        ...

    def replace_run(
        self, slide: str, run: str, documents: Iterable[Document], *, supersede: bool = False
    ) -> Sequence[str]:
        """Put the documents of a run in the place of those that it wrote before.

        Doing it twice, or again after it was cut short at any point, ends with the same
        documents. Those of other runs and of people are not touched; a document that somebody
        has changed since it was written is somebody's. A run that is not a model's is the user's
        own: what others have pushed under the same name is theirs.

        Args:
            documents: with ``run`` in their ``attributes``; taken one by one.
            supersede: also delete what other runs of the same model, in any version, left here.

        Returns:
            Their ids, in order.

        Raises:
            AnnotationError: a document says that it is another run's.
            AccessError: the user may not write here; nothing was written.
        """
        ...

    def delete_run(self, slide: str, run: str) -> None:
        """Delete the documents of a run; nothing happens when there are none.

        Raises:
            AccessError: the user may not write here; nothing was deleted.
        """
        ...

    def summary(self, id: str) -> AnnotationSummary:
        """One annotation as it now is, without its elements.

        Raises:
            NotFoundError: there is none of this id.
        """
        ...

    def record(self, id: str) -> Document:
        """One document in its ``annotation``, and around it its ``_version`` and who made it.

        Raises:
            NotFoundError: there is none of this id.
        """
        ...

    def create(self, slide: str, document: Document) -> AnnotationSummary:
        """Store what a person drew; ids of elements are kept, those that miss are given.

        Raises:
            AnnotationError: it may not be stored as it is; see `editing`.
            AccessError: the user may not write here.
        """
        ...

    def replace(self, id: str, document: Document, version: str) -> AnnotationSummary:
        """Put a document in the place of a version, if that is still the current one.

        What the document leaves out stays as it was. The version stays among `versions`.

        Raises:
            ConflictError: somebody has written meanwhile; theirs stands.
            StateError: it is a model's layer, or the store keeps no versions.
            AnnotationError: it may not be stored as it is.
            AccessError: the user may not change it.
            NotFoundError: there is none of this id.
        """
        ...

    def delete(self, id: str, version: str) -> None:
        """Delete an annotation, if this is still its version; `restore` brings it back.

        Raises:
            HistoloopError: see `replace`.
        """
        ...

    def deleted(self, slide: str) -> Sequence[AnnotationSummary]:
        """What was deleted and can be brought back, as it was last.

        Raises:
            NotFoundError: the store does not know the slide, or cannot list what was deleted.
        """
        ...

    def versions(self, id: str) -> Sequence[AnnotationVersion]:
        """All that an annotation was, newest first; also of a deleted one.

        Raises:
            NotFoundError: there was never one of this id.
        """
        ...

    def version(self, id: str, version: str) -> Document:
        """The document as it was.

        Raises:
            NotFoundError: there is no such version.
        """
        ...

    def restore(self, id: str, version: str, expected: str | None) -> AnnotationSummary:
        """Let an annotation be what it was; what it was meanwhile stays among `versions`.

        Args:
            expected: its current version, or the last one of a deleted one; `None`: it is known
                to be deleted.

        Raises:
            HistoloopError: see `replace`; there is no such version.
        """
        ...
