"""Slides with the documents that people drew on them: a folder or a DSA, one path for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from histoloop.annotations.annotators import annotator_of, reviewer_of
from histoloop.annotations.dsa import Document
from histoloop.annotations.files import body, read_documents
from histoloop.annotations.runs import asks, by_people, is_prediction
from histoloop.annotations.store import AnnotationSummary
from histoloop.slides.folder import FolderSlideStore
from histoloop.slides.slide import SlideStore
from histoloop.training.snapshot import SnapshotAnnotation, digest_of_json


@dataclass(frozen=True)
class DrawnDocument:
    """A document of a person, and which version of it this is.

    Attributes:
        content: the annotation with its elements; stamp: all else that a manifest keeps of it.
    """

    content: Document
    stamp: SnapshotAnnotation


class DocumentSource(Protocol):
    """Where the documents of a slide come from, whole: regions would miss turned ROIs."""

    def of_slide(self, slide: str) -> Iterator[DrawnDocument]:
        """Those that people drew, or are asked to draw in; what a model wrote is no truth.

        Raises:
            AnnotationError: there are documents that cannot be understood.
        """
        ...

    def predicted(self, slide: str) -> Iterator[DrawnDocument]:
        """Those that models wrote: people correct them."""
        ...


class AnnotationRecords(Protocol):
    """The two methods of an annotation store that are needed."""

    def list(self, slide: str) -> Sequence[AnnotationSummary]: ...
    def record(self, id: str) -> Document: ...


@dataclass(frozen=True)
class Source:
    """Slides and documents that know each other by the same ids.

    Attributes:
        name: what the manifest calls it; never a path of this machine.
    """

    name: str
    slides: SlideStore
    documents: DocumentSource


class StoredDocuments:
    """The documents of an annotation store."""

    def __init__(self, store: AnnotationRecords) -> None:
        self._store = store

    def of_slide(self, slide: str) -> Iterator[DrawnDocument]:
        for summary in sorted(self._store.list(slide), key=lambda one: one.id):
            if _is_of_people(summary.attributes):
                yield _drawn(self._store.record(summary.id), summary.id)

    def predicted(self, slide: str) -> Iterator[DrawnDocument]:
        for summary in sorted(self._store.list(slide), key=lambda one: one.id):
            if is_prediction(summary.attributes):
                yield _drawn(self._store.record(summary.id), summary.id)


class DocumentsBeside:
    """``<stem>.json`` beside a slide's file."""

    def __init__(self, slides: FolderSlideStore) -> None:
        self._slides = slides

    def of_slide(self, slide: str) -> Iterator[DrawnDocument]:
        return self._where(slide, _is_of_people)

    def predicted(self, slide: str) -> Iterator[DrawnDocument]:
        return self._where(slide, is_prediction)

    def _where(
        self, slide: str, wanted: Callable[[Mapping[str, Any]], bool]
    ) -> Iterator[DrawnDocument]:
        path = self._slides.find(slide).path.with_suffix(".json")
        if not path.is_file():
            return
        for number, record in enumerate(read_documents(path)):
            if wanted(_attributes(record)):
                yield _drawn(record, f"{path.stem}#{number}")


@dataclass(frozen=True)
class DocumentsOf:
    """The documents of several sources, one after the other."""

    sources: tuple[DocumentSource, ...]

    def of_slide(self, slide: str) -> Iterator[DrawnDocument]:
        return chain.from_iterable(one.of_slide(slide) for one in self.sources)

    def predicted(self, slide: str) -> Iterator[DrawnDocument]:
        return chain.from_iterable(one.predicted(slide) for one in self.sources)


def folder_source(folder: Path, drawn: AnnotationRecords | None = None) -> Source:
    """Slides with documents beside them.

    Args:
        drawn: where there are more, of the same slides.

    Raises:
        NotFoundError: there is no such folder.
    """
    slides = FolderSlideStore(folder)
    beside = DocumentsBeside(slides)
    if drawn is None:
        return Source("folder", slides, beside)
    return Source("folder", slides, DocumentsOf((beside, StoredDocuments(drawn))))


def _drawn(record: Document, place: str) -> DrawnDocument:
    content, attributes = body(record), _attributes(record)
    digest = digest_of_json(content)
    stamp = SnapshotAnnotation(
        id=_text(record.get("_id") or place),
        version=_text(record.get("_version", digest)),
        updated=_text(record.get("updated") or record.get("created") or ""),
        annotator=_text(annotator_of(record, attributes)),
        digest=digest,
        role=_text(attributes.get("role") or ""),
        reviewer=_text(reviewer_of(record, attributes)),
        asks=asks(attributes),
    )
    return DrawnDocument(content, stamp)


def _is_of_people(attributes: Mapping[str, Any]) -> bool:
    return by_people(attributes) or asks(attributes)


def _attributes(record: Mapping[str, Any]) -> Mapping[str, Any]:
    found = body(dict(record)).get("attributes")
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    """As a manifest can hold it, whatever stood in the document."""
    return str(value).encode("utf-8", "replace").decode()
