"""Where annotation documents live when there is no DSA: a folder per slide, a file each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from histoloop.annotations.dsa import Document
from histoloop.errors import NotFoundError


@dataclass(frozen=True)
class AnnotationSummary:
    """An annotation without its elements."""

    id: str
    name: str
    description: str
    attributes: dict[str, Any]
    elements: int


class LocalAnnotationStore:
    """DSA documents under ``root/<slide>/<id>.json``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        """The annotations of a slide, by name."""
        found = [
            _summary(path.stem, json.loads(path.read_bytes()))
            for path in self._root.glob(f"{_safe(slide)}/*.json")
        ]
        return sorted(found, key=lambda one: (one.name, one.id))

    def get(self, id: str) -> Document:
        """One document.

        Raises:
            NotFoundError: there is none of this id.
        """
        for path in self._root.glob(f"*/{_safe(id)}.json"):
            document: Document = json.loads(path.read_bytes())
            return document
        raise NotFoundError(f"no annotation {id!r}", hint="list the slide's annotations again")

    def replace_run(self, slide: str, run: str, documents: Iterable[Document]) -> Sequence[str]:
        """Put the documents of a run in the place of those it wrote before, of nobody else's.

        An id follows from the run and the place of the document: writing twice doubles nothing.
        """
        folder = self._root / _safe(slide)
        folder.mkdir(parents=True, exist_ok=True)
        ids = []
        for index, document in enumerate(documents):
            ids.append(hashlib.blake2b(f"{run}/{index}".encode(), digest_size=12).hexdigest())
            draft = folder / f"{ids[-1]}.draft"
            draft.write_text(json.dumps(document))
            draft.replace(folder / f"{ids[-1]}.json")
        for old in self.list(slide):
            if old.attributes.get("run") == run and old.id not in ids:
                (folder / f"{old.id}.json").unlink()
        return ids


def _summary(id: str, document: Document) -> AnnotationSummary:
    return AnnotationSummary(
        id,
        document["name"],
        document.get("description", ""),
        document.get("attributes", {}),
        len(document["elements"]),
    )


def _safe(name: str) -> str:
    """A name that is one path component and no pattern, whatever it was."""
    if name.isalnum():
        return name
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
