"""Annotations in bulk: a stream of documents in, a line of figures out for each.

Every document is stored by the host's own model, as by `POST annotation`: the same rules decide
who may, the same events are fired, elements, versions and access come out the same. What is left
out costs most: reading with a slow parser, judging each number in Python, and sending all that was
stored back again.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from bson.errors import BSONError
from girder import events
from girder.api.rest import iterBody
from girder.constants import AccessType
from girder.exceptions import RestException, ValidationException
from girder.models.folder import Folder
from girder_large_image_annotation import constants
from girder_large_image_annotation.models.annotation import Annotation

from girder_histoloop.screening import certainly_valid

Document = dict[str, Any]

MOST_BYTES = 256 << 20
"""A single document may not be larger: all of it is in memory at once."""
_CHUNK = 1 << 20

_BREAKS_THE_HOST = (BSONError, LookupError, AttributeError, TypeError, ValueError, OverflowError)
"""What the host raises over documents that it did not expect, where it answers with a 500."""

_current = threading.local()


def bind() -> None:
    """Spare the host from judging what has been judged."""
    events.bind("model.annotation.validate", "histoloop", _on_validate)


def _on_validate(event: events.Event) -> None:
    screened = getattr(_current, "screened", None)
    if screened is not None and event.info.get("annotation") is screened:
        event.preventDefault()


def require_annotation_access(item: Document, user: Document) -> None:
    """The rule of `POST annotation`, to which read access to the item belongs as well.

    Raises:
        AccessException: the user may not read the folder.
        RestException: the user may not annotate.
    """
    folder = Folder().load(item["folderId"], user=user, level=AccessType.READ)
    may = Folder().hasAccess(folder, user, AccessType.WRITE) or Folder().hasAccessFlags(
        folder, user, constants.ANNOTATION_ACCESS_FLAG
    )
    if not may:
        raise RestException(
            "Write access and annotation creation access were denied for the item.", code=403
        )


def store_all(item: Document, user: Document) -> Document:
    """Store the request's body, one JSON document per line, in that order.

    Raises:
        RestException: a document is refused. Those before it are stored, and in ``extra``.
    """
    stored: list[Document] = []
    body = _body()
    try:
        for line in _read_ahead(lines(body)):
            stored.append(_store(item, user, line.result()))
    except RestException as error:
        _drain(body)
        where = f"Document {len(stored) + 1}: {error.message}"
        raise RestException(where, error.code, extra={"stored": stored}) from None
    return {"annotations": stored, "elements": sum(one["elements"] for one in stored)}


def _body() -> Iterator[bytes]:
    """The request's body, piece by piece.

    Raises:
        RestException: it breaks off, or is longer than the server lets a request be.
    """
    try:
        yield from iterBody(_CHUNK, strictLength=True)
    except OSError as error:
        said = f"The request cannot be read to its end ({error}); send fewer documents at once."
        raise RestException(said, 413 if "Too Large" in str(error) else 400) from None


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream that are not blank; what is kept is at most one of them.

    Raises:
        RestException: a line is too long.
    """
    kept: list[bytes] = []
    size = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            line = b"".join([*kept, part])
            kept, size = [], 0
            if line.strip():
                yield line
        kept.append(rest)
        size += len(rest)
        if size > MOST_BYTES:
            raise RestException(f"It has more than {MOST_BYTES >> 20} MiB; split it.", 413)
    line = b"".join(kept)
    if line.strip():
        yield line


def _drain(body: Iterable[bytes]) -> None:
    """Read on to the end, so that the client, who is still sending, gets to hear the answer."""
    for number, _chunk in enumerate(body):
        if number * _CHUNK > MOST_BYTES:
            return


@dataclass(frozen=True)
class _Read:
    """A document, and whether it is known to be valid."""

    annotation: Document
    screened: bool


def _read_ahead(lines: Iterable[bytes]) -> Iterator[Future[_Read]]:
    """Read the next line while the database takes the one before."""
    with ThreadPoolExecutor(1) as reader:
        before = None
        for line in lines:
            coming = reader.submit(_read, line)
            if before is not None:
                yield before
            before = coming
        if before is not None:
            yield before


def _read(line: bytes) -> _Read:
    annotation = _parse(line)
    if certainly_valid(annotation):
        return _Read(annotation, screened=True)
    # Read again as the host reads it: the parsers differ in what is odd.
    return _Read(_parse_as_the_host(line), screened=False)


def _store(item: Document, user: Document, read: _Read) -> Document:
    _current.screened = read.annotation if read.screened else None
    try:
        saved = Annotation().createAnnotation(item, user, read.annotation)
    except ValidationException as error:
        raise RestException(
            f"Validation Error: JSON doesn't follow schema ({error.args!r})."
        ) from None
    except _BREAKS_THE_HOST as error:
        raise RestException(f"It cannot be stored: {type(error).__name__}: {error}") from None
    finally:
        _current.screened = None
    return {
        "_id": saved["_id"],
        "_version": saved["_version"],
        "elements": saved.get("_elementCount", 0),
    }


def _parse(line: bytes) -> Any:
    """The document, or `None` when this parser cannot read it.

    A long line becomes hundreds of thousands of lists, which Python's collector would go through
    again and again while they are made; it found nothing, and took more than all the rest. The
    parser holds the interpreter's lock, so nobody else goes without the collector.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    finally:
        if collecting:
            gc.enable()


def _parse_as_the_host(line: bytes) -> Any:
    try:
        annotation = json.loads(line.decode("utf8"), parse_constant=_refuse_constant)
    except ValueError:
        raise RestException("Invalid JSON passed in request body.") from None
    if not isinstance(annotation, dict):
        raise RestException("An annotation must be a JSON object.")
    return annotation


def _refuse_constant(name: str) -> None:
    raise RestException(f'Error: "{name}" is not valid JSON.')
