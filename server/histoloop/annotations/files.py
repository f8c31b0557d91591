"""Annotation documents in a file: a JSON list with a document on each line.

Any JSON reader takes such a file; ours takes it document by document, in the memory of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.errors import AnnotationError, NotFoundError, OutputError

_OPENING = b"[\n"


def write_documents(path: Path, documents: Iterable[Document]) -> int:
    """Write documents as they come; the file appears under its name when it is whole.

    Returns:
        How many there were.

    Raises:
        OutputError: it cannot be written; nothing is left of it.
    """
    draft = path.with_name(f"{path.name}.partial")
    count = 0
    try:
        with draft.open("wb") as file:
            file.write(_OPENING)
            for document in documents:
                file.write(b",\n" if count else b"")
                file.write(orjson.dumps(document))
                count += 1
            file.write(b"\n]\n")
        draft.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error})",
            hint="check the folder, its permissions and the space left on the disk",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return count


def read_documents(path: Path) -> Iterator[Document]:
    """The documents of a file, one by one: ours, or any that a DSA has answered with.

    A server's record around a document, in its ``annotation``, is passed on as it is.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it does not hold annotation documents.
    """
    for number, found in enumerate(_values(path), start=1):
        if not isinstance(found, dict) or not isinstance(body(found).get("elements"), list):
            raise AnnotationError(
                f"{path}: entry {number} is no annotation document",
                hint="a document has a name and a list of elements; GeoJSON must be converted",
            )
        yield found


def body(record: Document) -> Document:
    """The annotation itself, whether or not a server's record is around it."""
    inner = record.get("annotation", record)
    return inner if isinstance(inner, dict) else {}


def read_json(path: Path) -> Any:
    """A whole file of JSON.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it is no JSON.
    """
    return _decoded(path, _bytes(path))


def _values(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file", hint="check the path")
    with path.open("rb") as file:
        first = file.readline(len(_OPENING))
        second = file.readline()
        if first == _OPENING and second.rstrip(b",\n")[-1:] == b"}":
            yield from _by_line(path, chain([second], file))
            return
    whole = read_json(path)
    yield from whole if isinstance(whole, list) else [whole]


def _by_line(path: Path, lines: Iterable[bytes]) -> Iterator[Any]:
    for line in lines:
        text = line.rstrip(b",\n")
        if text == b"]":
            return
        yield _decoded(path, text)
    raise AnnotationError(f"{path}: ends too early", hint="copy or make the file again")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file", hint="check the path")
    return path.read_bytes()


def _decoded(path: Path, text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _decoded_with_nan(path, text)


def _decoded_with_nan(path: Path, text: bytes) -> Any:
    """NaN is no JSON, but programs write it: let it spoil its element, not the file."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(
            f"{path}: is no JSON ({error})", hint="it may be cut short; copy it again"
        ) from error
