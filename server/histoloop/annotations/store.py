"""Where annotation documents live, and the store for when there is no DSA: a file each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.runs import Names, run_of, superseded
from histoloop.errors import NotFoundError


@dataclass(frozen=True)
class AnnotationSummary:
    """An annotation without its elements.

    Attributes:
        elements: how many there are; creator: the store's id of who made it, empty when the
            store knows no users.
    """

    id: str
    name: str
    description: str
    attributes: Mapping[str, Any]
    elements: int
    creator: str
    updated: datetime


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


class LocalAnnotationStore:
    """An `AnnotationStore` of files ``root/<slide>/<id>.json``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        found = [_summary(path) for path in self._root.glob(f"{_safe(slide)}/*.json")]
        return sorted(found, key=lambda one: (one.name, one.id))

    def get(self, id: str) -> Document:
        for path in self._root.glob(f"*/{_safe(id)}.json"):
            document: Document = orjson.loads(path.read_bytes())
            return document
        raise NotFoundError(f"no annotation {id!r}", hint="list the slide's annotations again")

    def replace_run(
        self, slide: str, run: str, documents: Iterable[Document], *, supersede: bool = False
    ) -> Sequence[str]:
        folder = self._root / _safe(slide)
        folder.mkdir(parents=True, exist_ok=True)
        names, ids = Names(run), []
        for document in documents:
            ids.append(_digest(f"{slide}/{run}/{names.of(document)}"))
            draft = folder / f"{ids[-1]}.draft"
            draft.write_bytes(orjson.dumps(document))
            draft.replace(folder / f"{ids[-1]}.json")
        for old in self.list(slide):
            ours = run_of(old.attributes) == run and old.id not in ids
            if ours or (supersede and superseded(old.attributes, run, names.models)):
                (folder / f"{old.id}.json").unlink()
        return ids

    def delete_run(self, slide: str, run: str) -> None:
        for old in self.list(slide):
            if run_of(old.attributes) == run:
                (self._root / _safe(slide) / f"{old.id}.json").unlink()


def _summary(path: Path) -> AnnotationSummary:
    document: Document = orjson.loads(path.read_bytes())
    return AnnotationSummary(
        id=path.stem,
        name=document["name"],
        description=document.get("description", ""),
        attributes=document.get("attributes", {}),
        elements=len(document["elements"]),
        creator="",
        updated=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )


def _safe(name: str) -> str:
    """A name that is one path component and no pattern, whatever it was."""
    return name if name.isalnum() else _digest(name)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
