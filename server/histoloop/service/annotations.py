"""`/api/slides/{id}/annotations`, `/api/annotations`: what is drawn on a slide, and drawing.

Nobody writes over what they have not seen: who changes something names the version that they
know, and is told when it is no longer the current one. Whatever was, can be had again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from histoloop.annotations.dsa import Document
from histoloop.annotations.editing import MOST_ELEMENTS
from histoloop.annotations.store import AnnotationSummary, ConflictError
from histoloop.errors import HistoloopError, PreconditionError
from histoloop.service.identity import visit
from histoloop.service.library import Visit
from histoloop.service.schema import ById, answers, resource

_log = logging.getLogger(__name__)

drawings = resource("annotations", tag="annotations")

LARGEST_DOCUMENT = 64 * 2**20
"""Bytes."""

TAKES_DOCUMENTS = frozenset({"annotations.create_annotation", "annotations.replace_annotation"})
"""Endpoints whose requests may be that large."""

_ANY = "*"


class Listed(BaseModel):
    """Which annotations of a slide to list."""

    deleted: bool = Field(default=False, description="those that can be brought back, instead")


class Drawn(BaseModel):
    """A DSA annotation document; coordinates are base pixels."""

    model_config = ConfigDict(extra="forbid")

    name: str
    description: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)
    display: dict[str, Any] = Field(default_factory=dict)
    elements: list[dict[str, Any]] = Field(max_length=MOST_ELEMENTS)
    version: str = Field(default="", description="as it was read; no notice is taken of it")
    editable: bool = Field(default=True, description="as it was read; no notice is taken of it")

    @property
    def document(self) -> Document:
        """What was sent of it: what was not, stays as it is."""
        return {key: getattr(self, key) for key in self.model_fields_set - {"version", "editable"}}


class Meant(BaseModel):
    """Which version a request is about."""

    if_match: str | None = Field(
        default=None, alias="If-Match", description='an ETag; * means "whatever was deleted"'
    )

    @property
    def version(self) -> str:
        """The version that a request would change.

        Raises:
            PreconditionError: it names none, or any.
        """
        said = self.version_or_any
        if said is None:
            raise PreconditionError(
                "If-Match: * says nothing of what you have seen", hint="send the ETag that you got"
            )
        return said

    @property
    def version_or_any(self) -> str | None:
        """The same; `None` for any."""
        said = (self.if_match or "").strip()
        if not said:
            raise PreconditionError(
                "this request does not say which version it changes",
                hint='send If-Match: "VERSION" with the version that you have seen',
            )
        return None if said == _ANY else said.removeprefix("W/").strip('"')


class OneVersion(BaseModel):
    """A version of an annotation."""

    id: str
    version: str


@drawings.get("/slides/<id>/annotations", responses=answers("annotations"))
def slide_annotations(path: ById, query: Listed) -> dict[str, Any]:
    """The annotations of a slide, without their elements."""
    here = visit()
    here.visitor.revision(path.id)  # an unknown slide is a 404, not an empty list
    store = here.annotations
    found = store.deleted(path.id) if query.deleted else store.list(path.id)
    return {"annotations": [entry(here, one) for one in found]}


@drawings.post("/slides/<id>/annotations", responses=answers("stored", status=201))
def create_annotation(path: ById, body: Drawn) -> Response:
    """Store a new annotation; it is whoever asks who drew it."""
    here = visit()
    here.visitor.revision(path.id, now=True)
    return _written(here, here.annotations.create(path.id, body.document), 201)


@drawings.get("/annotations/<id>", responses=answers("a document"))
def show_annotation(path: ById) -> Response:
    """A whole annotation as a DSA document."""
    here = visit()
    one = here.annotations.summary(path.id)
    document = here.annotations.get(path.id)
    return _json(document | {"version": one.version, "editable": one.editable}, one.version)


@drawings.put("/annotations/<id>", responses=answers("stored"))
def replace_annotation(path: ById, header: Meant, body: Drawn) -> Response:
    """Write over the version that is named; what the document leaves out stays as it is."""
    here = visit()
    with _telling_the_current(here):
        one = here.annotations.replace(path.id, body.document, header.version)
    return _written(here, one)


@drawings.delete("/annotations/<id>", responses=answers("deleted", "", 204))
def delete_annotation(path: ById, header: Meant) -> tuple[str, int]:
    """Delete an annotation; its versions stay, and any of them can be brought back."""
    here = visit()
    with _telling_the_current(here):
        here.annotations.delete(path.id, header.version)
    return "", 204


@drawings.get("/annotations/<id>/versions", responses=answers("versions", kind="array"))
def list_versions(path: ById) -> list[dict[str, Any]]:
    """All that an annotation was, newest first; also of one that was deleted."""
    here = visit()
    return [
        {
            "version": one.version,
            "by": here.visitor.name_of(one.by),
            "updated": one.updated.isoformat(),
            "elements_count": one.elements,
            "current": one.current,
        }
        for one in here.annotations.versions(path.id)
    ]


@drawings.get("/annotations/<id>/versions/<version>", responses=answers("a document"))
def show_version(path: OneVersion) -> Response:
    """A whole annotation as it was."""
    document = visit().annotations.version(path.id, path.version)
    return _json(document | {"version": path.version, "editable": False}, path.version)


@drawings.post("/annotations/<id>/versions/<version>/restore", responses=answers("restored"))
def restore_version(path: OneVersion, header: Meant) -> Response:
    """Let an annotation be what it was; what it was meanwhile stays among its versions."""
    here = visit()
    with _telling_the_current(here):
        one = here.annotations.restore(path.id, path.version, header.version_or_any)
    return _written(here, one)


def entry(here: Visit, one: AnnotationSummary) -> dict[str, Any]:
    """An annotation as lists have it."""
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "attributes": one.attributes,
        "elements_count": one.elements,
        "creator": one.creator,
        "by": here.visitor.name_of(one.creator) or str(one.attributes.get("annotator", "")),
        "updated": one.updated.isoformat(),
        "version": one.version,
        "editable": one.editable,
        "mine": one.mine,
    }


@contextmanager
def _telling_the_current(here: Visit) -> Iterator[None]:
    """Let a conflict say what has become of the annotation."""
    try:
        yield
    except ConflictError as error:
        error.extra = {"current": entry(here, error.current) if error.current else None}
        raise


def _written(here: Visit, one: AnnotationSummary, status: int = 200) -> Response:
    """Answer to a write, of which those are told who wait for enough to learn from.

    Whatever becomes of that, the annotation is stored, and the answer says so.
    """
    try:
        user = here.visitor.user()
        here.library.ledger.add_annotation_news(one.slide, one.id, user.login if user else "")
    except (SQLAlchemyError, HistoloopError):  # it is stored: an error would have it drawn again
        _log.exception("annotation %s is stored, and nobody was told", one.id)
    return _json(entry(here, one), one.version, status)


def _json(content: Mapping[str, Any], version: str, status: int = 200) -> Response:
    response = Response(orjson.dumps(content), status, mimetype="application/json")
    response.set_etag(version)
    return response


def allow_documents() -> None:
    """Before a request: let it be as large as a document, where it brings one."""
    if request.endpoint in TAKES_DOCUMENTS:
        request.max_content_length = LARGEST_DOCUMENT
