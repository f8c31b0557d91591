"""Annotations where there is no DSA: a file each, with all that it was beside it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from histoloop.annotations.dsa import Document
from histoloop.annotations.editing import checked, is_layer, merged, refuse_layer
from histoloop.annotations.files import body
from histoloop.annotations.runs import Names, run_of, superseded
from histoloop.annotations.store import AnnotationSummary, AnnotationVersion, conflict
from histoloop.durable import replacing
from histoloop.errors import NotFoundError, OutputError, StateError

_PATIENCE_S = 60.0
_VERSIONS = ".versions"


@dataclass(frozen=True)
class _Stored:
    """A file: a run's is a bare document, a person's has a record around it, as in a DSA.

    Attributes:
        bare: nobody has written it here since a run, or a program, put it there.
    """

    record: Document
    bare: bool

    @property
    def annotation(self) -> Document:
        return body(self.record)

    @property
    def attributes(self) -> Mapping[str, Any]:
        found = self.annotation.get("attributes")
        return found if isinstance(found, dict) else {}

    @property
    def version(self) -> str:
        return str(self.record["_version"])

    @property
    def updated(self) -> datetime:
        return datetime.fromisoformat(self.record["updated"])


class LocalAnnotationStore:
    """An `AnnotationStore` of files ``root/<slide>/<id>.json``.

    Beside them, ``<id>.versions/<version>.json`` holds what an annotation was. A version is kept
    there before its successor takes its place, so whatever is killed, nothing is lost and each
    file is whole. One process at a time writes to a slide.
    """

    def __init__(self, root: Path, annotator: str = "") -> None:
        """``annotator``: who draws whatever is created, where it does not say so itself."""
        self._root, self._annotator = root, annotator

    def list(self, slide: str) -> Sequence[AnnotationSummary]:
        found = map(_summary_if_there, self._root.glob(f"{_safe(slide)}/*.json"))
        return sorted(filter(None, found), key=lambda one: (one.name, one.id))

    def get(self, id: str) -> Document:
        return _read(self._path(id)).annotation

    def record(self, id: str) -> Document:
        return _read(self._path(id)).record

    def summary(self, id: str) -> AnnotationSummary:
        return _summary(self._path(id))

    def create(self, slide: str, document: Document) -> AnnotationSummary:
        drawn = _signed(checked(document), self._annotator)
        folder = self._root / _safe(slide)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(12)}.json"
        with _writing(folder):
            _write(path, drawn, _now())
            return _summary(path)  # nobody else's version, which would come after it

    def replace(self, id: str, document: Document, version: str) -> AnnotationSummary:
        path = self._path(id)
        with _writing(path.parent):
            before = _changeable(path, id, version)
            whole = merged(document, before.annotation, lambda: before.annotation)
            _keep(path, before)
            whole = _signed(whole, before.attributes.get("annotator"))
            _write(path, whole, before.record["created"])
            return _summary(path)

    def delete(self, id: str, version: str) -> None:
        path = self._path(id)
        with _writing(path.parent):
            _keep(path, _changeable(path, id, version))
            path.unlink()

    def deleted(self, slide: str) -> Sequence[AnnotationSummary]:
        folders = self._root.glob(f"{_safe(slide)}/*{_VERSIONS}")
        gone = [one for one in folders if not one.with_suffix(".json").exists()]
        found = [_summary(kept[-1]) for kept in map(_kept, gone) if kept]
        return sorted(found, key=lambda one: (one.name, one.id))

    def versions(self, id: str) -> Sequence[AnnotationVersion]:
        path = self._place(id)
        current = _read(path) if path.exists() else None
        before = [_read(one) for one in _kept(_folder_of(path))]
        older = [one for one in before if current is None or one.version != current.version]
        found = [_version(one, current=False) for one in reversed(older)]
        return [_version(current, current=True), *found] if current else found

    def version(self, id: str, version: str) -> Document:
        return self._as_it_was(self._place(id), id, version).annotation

    def restore(self, id: str, version: str, expected: str | None) -> AnnotationSummary:
        path = self._place(id)
        with _writing(path.parent):
            wanted = self._as_it_was(path, id, version)
            if path.exists():
                before = _changeable(path, id, expected)
                if before.version == version:
                    return _summary(path)
                _keep(path, before)
            elif expected not in (None, _read(_kept(_folder_of(path))[-1]).version):
                raise conflict(id, None)
            _write(path, wanted.annotation, wanted.record["created"])
            return _summary(path)

    def replace_run(
        self, slide: str, run: str, documents: Iterable[Document], *, supersede: bool = False
    ) -> Sequence[str]:
        folder = self._root / _safe(slide)
        folder.mkdir(parents=True, exist_ok=True)
        names, ids = Names(run), []
        for document in documents:
            ids.append(_digest(f"{slide}/{run}/{names.of(document)}"))
            with _writing(folder):
                path = folder / f"{ids[-1]}.json"
                if not path.exists() or _read(path).bare:
                    _replace(path, document)
        with _writing(folder):
            for old in self.list(slide):
                ours = run_of(old.attributes) == run and old.id not in ids
                if ours or (supersede and superseded(old.attributes, run, names.models)):
                    _remove_bare(folder / f"{old.id}.json")
        return ids

    def delete_run(self, slide: str, run: str) -> None:
        folder = self._root / _safe(slide)
        if not folder.is_dir():
            return
        with _writing(folder):
            for old in self.list(slide):
                if run_of(old.attributes) == run:
                    _remove_bare(folder / f"{old.id}.json")

    def _path(self, id: str) -> Path:
        for path in self._root.glob(f"*/{_safe(id)}.json"):
            return path
        raise _unknown(id)

    def _place(self, id: str) -> Path:
        """Where an annotation is, or was before it was deleted."""
        for path in self._root.glob(f"*/{_safe(id)}{_VERSIONS}"):
            return path.with_suffix(".json")
        return self._path(id)

    def _as_it_was(self, path: Path, id: str, version: str) -> _Stored:
        if path.exists() and (current := _read(path)).version == version:
            return current
        for kept in _kept(_folder_of(path)):
            if kept.stem == version:
                return _read(kept)
        raise NotFoundError(f"annotation {id!r} has no version {version!r}", hint="list them again")


def _changeable(path: Path, id: str, version: str | None) -> _Stored:
    """The current version, if it may be changed and is the one that is meant."""
    try:
        before = _read(path)
    except FileNotFoundError:
        raise _unknown(id) from None
    refuse_layer(before.annotation["name"], before.attributes)
    if before.version != version:
        raise conflict(id, _summary(path))
    return before


def _signed(drawn: Document, annotator: object) -> Document:
    """With whoever drew it among its attributes, where it does not name another."""
    attributes = drawn.get("attributes") or {}
    if not annotator or "annotator" in attributes:
        return drawn
    return {**drawn, "attributes": {**attributes, "annotator": annotator}}


def _keep(path: Path, before: _Stored) -> None:
    """Put a version among those that were."""
    folder = _folder_of(path)
    folder.mkdir(exist_ok=True)
    _replace(folder / f"{before.version}.json", before.record)


def _write(path: Path, annotation: Document, created: str) -> None:
    """Write a new version: it has a number that none has had."""
    known = [_number(one.stem) for one in _folder_of(path).glob("*.json")]
    record = {
        "_id": path.stem,
        "_version": str(1 + max(known, default=0)),
        "itemId": path.parent.name,
        "created": created,
        "updated": _now(),
        "annotation": {**annotation, "elements": [_with_id(e) for e in annotation["elements"]]},
    }
    _replace(path, record)


def _with_id(element: Document) -> Document:
    return element if "id" in element else {**element, "id": secrets.token_hex(12)}


def _replace(path: Path, content: Document) -> None:
    with replacing(path) as file:
        file.write(orjson.dumps(content))


def _remove_bare(path: Path) -> None:
    """What a run wrote; what a person has changed since is theirs."""
    if _read(path).bare:
        path.unlink()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Be the only one who writes to a slide.

    Raises:
        StateError: somebody else does, and does not end.
        OutputError: the disk cannot be written to.
    """
    try:
        with FileLock(folder / ".lock", timeout=_PATIENCE_S, thread_local=False):
            yield
    except Timeout:
        raise StateError(
            "the annotations of this slide are being written by another process",
            hint="try again in a moment",
        ) from None
    except OSError as error:
        raise OutputError(
            f"the annotation cannot be written ({error.strerror or error})",
            hint="check the folder of annotations and the space left on its disk",
        ) from error


def _folder_of(path: Path) -> Path:
    return path.with_suffix(_VERSIONS)


def _kept(folder: Path) -> list[Path]:
    """The files of what was, oldest first.

    What people wrote is numbered. What a program put there has no number but its moment, and may
    have been delivered anew after people had changed, and deleted, what it delivered before.
    """
    latest, keys = datetime.min.replace(tzinfo=UTC), []
    for path in sorted(folder.glob("*.json"), key=lambda one: _number(one.stem)):
        number, moment = _number(path.stem), _summary(path).updated
        if number:
            moment = latest = max(latest, moment)  # a clock may have been set back
        keys.append((moment, number, path))
    return [path for *_, path in sorted(keys)]


def _number(version: str) -> int:
    return int(version.partition("-")[0])


def _read(path: Path) -> _Stored:
    content: Document = orjson.loads(path.read_bytes())
    if "annotation" in content and "_version" in content:
        return _Stored(content, bare=False)
    changed = path.stat().st_mtime_ns
    moment = datetime.fromtimestamp(changed / 1e9, UTC).isoformat()
    record = {
        "_id": path.stem,
        "_version": f"0-{changed}",
        "itemId": path.parent.name,
        "created": moment,
        "updated": moment,
        "annotation": content,
    }
    return _Stored(record, bare=True)


def _summary(path: Path) -> AnnotationSummary:
    there = path.stat()
    return _summary_of(path, (there.st_ino, there.st_mtime_ns, there.st_size))


def _summary_if_there(path: Path) -> AnnotationSummary | None:
    """`None` where it has been deleted a moment ago."""
    try:
        return _summary(path)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4096)
def _summary_of(path: Path, _file: tuple[int, int, int]) -> AnnotationSummary:
    """Remembered as long as the file is the same: large ones take a while to read."""
    stored = _read(path)
    own = not is_layer(stored.attributes)
    return AnnotationSummary(
        id=stored.record["_id"],
        name=stored.annotation["name"],
        description=stored.annotation.get("description", ""),
        attributes=stored.attributes,
        elements=len(stored.annotation["elements"]),
        creator="",
        updated=stored.updated,
        slide=stored.record["itemId"],
        version=stored.version,
        editable=own,
        mine=own,
    )


def _version(stored: _Stored, *, current: bool) -> AnnotationVersion:
    return AnnotationVersion(
        version=stored.version,
        by="",
        updated=stored.updated,
        elements=len(stored.annotation["elements"]),
        current=current,
    )


def _unknown(id: str) -> NotFoundError:
    return NotFoundError(f"no annotation {id!r}", hint="list the slide's annotations again")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _safe(name: str) -> str:
    """A name that is one path component and no pattern, whatever it was."""
    return name if name.isalnum() else _digest(name)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
