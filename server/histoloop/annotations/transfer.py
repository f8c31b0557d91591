"""Annotations between a DSA and files, and between the two formats of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import body, read_documents, read_json, write_documents
from histoloop.annotations.geojson.conversion import (
    Complaints,
    from_geojson,
    is_geojson,
    to_geojson,
)
from histoloop.annotations.push import push_run
from histoloop.annotations.runs import run_of
from histoloop.errors import AnnotationError, NotFoundError, OutputError

_OVERLAYS = ("image", "pixelmap")
_MASK = "mask.tiff"
_DOCUMENTS = "annotation.json"


@dataclass
class Transfer:
    """What was moved.

    Attributes:
        documents: how many; notes: what was left out and why, for the user.
    """

    documents: int = 0
    notes: list[str] = field(default_factory=list)


def pull(store: DsaAnnotationStore, item: str, out: Path) -> Transfer:
    """Write the annotations of an item as the server has them, one at a time.

    Args:
        out: a ``.json`` file takes the list of them; a folder takes a file for each.

    Raises:
        NotFoundError: the item does not exist, or not for this user.
        OutputError: a file cannot be written.
    """
    ids = [one.id for one in store.list(item)]
    if out.suffix:
        return Transfer(write_documents(out, map(store.record, ids)))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: {error.strerror}", hint="choose another folder") from error
    for id in ids:
        write_documents(out / f"{id}.json", [store.record(id)])
    return Transfer(len(ids))


def push(
    store: DsaAnnotationStore, path: Path, item: str, layer: str, *, supersede: bool = False
) -> Transfer:
    """Put the documents of a file on an item; pushed again, they replace themselves.

    Documents of a run are pushed as that run's. Others become a layer of their own: in their
    attributes stand its name, as their ``run``, and who drew them, as their ``annotator``.

    Args:
        path: a file, or a folder with the results of a segmentation, whose mask comes along.
        layer: what documents that come from no run are pushed as.

    Raises:
        AnnotationError: it holds no documents.
        HistoloopError: whatever `AnnotationStore.replace_run` raises.
    """
    results = path / _DOCUMENTS if path.is_dir() else path
    mask = path / _MASK if path.is_dir() and (path / _MASK).is_file() else None
    transfer = Transfer()
    for run in _runs(results, layer):
        chosen = _Chosen(store, results, run, layer, transfer.notes)
        pushed = push_run(store, item, run, chosen, mask, supersede=supersede)
        transfer.documents += len(pushed.documents)
        transfer.notes += pushed.notes
    return transfer


def convert(source: Path, target: Path) -> Transfer:
    """Documents to GeoJSON, or GeoJSON to documents, whichever the file holds.

    Raises:
        AnnotationError: it holds neither.
        OutputError: the target cannot be written.
    """
    value = read_json(source)
    if is_geojson(value):
        try:
            documents, complaints = from_geojson(value, source.stem)
        except AnnotationError as error:
            raise AnnotationError(f"{source}: {error.message}", hint=error.hint) from error
        return _converted(write_documents(target, documents), complaints)
    collection, complaints = to_geojson(list(read_documents(source)))
    try:
        target.write_bytes(orjson.dumps(collection))
    except OSError as error:
        raise OutputError(f"{target}: {error.strerror}", hint="choose another file") from error
    return _converted(len(collection["dsa"]["documents"]), complaints)


def _converted(documents: int, complaints: Complaints) -> Transfer:
    return Transfer(documents, complaints.lines)


def _runs(path: Path, layer: str) -> list[str]:
    """The runs in a file, in order; what comes from none is of the layer."""
    runs = (run_of(_attributes(record)) or layer for record in read_documents(path))
    return list(dict.fromkeys(runs))


@dataclass(frozen=True)
class _Chosen:
    """The documents of one run in a file, ready to be pushed."""

    store: DsaAnnotationStore
    path: Path
    run: str
    layer: str
    notes: list[str]

    def __iter__(self) -> Iterator[Document]:
        for record in read_documents(self.path):
            attributes = _attributes(record)
            if (run_of(attributes) or self.layer) == self.run:
                document = self._ready(record, attributes)
                if self._shows_what_is_there(document):
                    yield document

    def _ready(self, record: Document, attributes: Mapping[str, Any]) -> Document:
        document = body(record)
        return document | {
            "name": document.get("name") or self.layer,
            "attributes": {**_origin(record), **attributes, "run": self.run},
            "elements": [_without_id(one) for one in document["elements"]],
        }

    def _shows_what_is_there(self, document: Document) -> bool:
        """Whether the images that a document lays over the slide exist in this DSA."""
        for element in document["elements"]:
            if element.get("type") in _OVERLAYS:
                try:
                    self.store.connection.get(f"item/{element['girderId']}")
                except NotFoundError:
                    self.notes.append(
                        f"left out: {document['name']!r}: the image of its {element['type']} "
                        "is not in this archive"
                    )
                    return False
        return True


def _without_id(element: Any) -> Document:
    """An element without its id, which stays the original's."""
    if not isinstance(element, dict):
        raise AnnotationError("an element is no object", hint="mend the file, or remove it")
    return {key: value for key, value in element.items() if key != "id"}


def _attributes(record: Document) -> Mapping[str, Any]:
    found = body(record).get("attributes")
    return found if isinstance(found, dict) else {}


def _origin(record: Document) -> dict[str, Any]:
    """Who drew a document, and which it was: the server will say that it was us."""
    known = {"id": "creatorId", "created": "created", "document": "_id"}
    said = {name: record[key] for name, key in known.items() if key in record}
    return {"annotator": said} if "creatorId" in record else {}
