"""Parts of requests that several resources share."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from histoloop.geometry import Box

_BOX = re.compile(r"-?\d+(,-?\d+){3}")


def _numbers(value: object) -> object:
    """``x,y,w,h`` as a query has it."""
    if isinstance(value, str) and _BOX.fullmatch(value):
        return [int(part) for part in value.split(",")]
    return value


def _positive(box: Box) -> Box:
    if box.empty:
        raise ValueError("width and height must be positive")
    return box


BaseBox = Annotated[
    Box,
    BeforeValidator(_numbers),
    AfterValidator(_positive),
    Field(description="x, y, width, height in base pixels"),
]


class Problem(BaseModel):
    """What went wrong, and the way out (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str


def answers(
    what: str,
    media: str = "application/json",
    status: int = 200,
    kind: Literal["object", "array"] = "object",
) -> dict[Any, Any]:
    """The success of a route, as its schema has it; ``media`` is empty where it has no body."""
    found: dict[str, Any] = {"description": what}
    if media:
        found["content"] = {media: {"schema": {"type": kind}} if "json" in media else {}}
    return {status: found}


_PROBLEM = {
    "description": "what is wrong, and the way out",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
_PROBLEMS: dict[Any, Any] = {"4XX": _PROBLEM, 422: _PROBLEM, 502: _PROBLEM}
"""Every route may answer so: the request is at fault, or the archive is."""

GONE: dict[Any, Any] = {410: _PROBLEM | {"description": "the files of the run were put away"}}
"""What a route about a run answers, too."""

_AGAIN = {"description": "seconds until it is worth asking again", "schema": {"type": "integer"}}
BUSY: dict[Any, Any] = {
    503: _PROBLEM
    | {"description": "too many ask at this moment", "headers": {"Retry-After": _AGAIN}}
}
"""What a route answers, too, that takes a core for long."""

PICTURE = answers("a picture", "image/jpeg")
PNG = answers("a picture", "image/png")


class Query(BaseModel):
    """What a request asks for behind the ``?``; frozen, so that an answer can be kept by it."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Without arguments the same each time: flask-openapi3 asks for it with every request."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _plain(cls)


@cache
def _plain(model: type[Query]) -> dict[str, Any]:
    return super(Query, model).model_json_schema()


class Tile(BaseModel):
    """Place of a tile: zoom 0 is the coarsest level."""

    id: str
    z: int = Field(ge=0, le=40)
    x: int = Field(ge=0)
    y: int = Field(ge=0)


def resource(name: str, *, tag: str) -> APIBlueprint:
    """Where the routes of a resource are gathered."""
    return APIBlueprint(
        name, __name__, url_prefix="/api", abp_tags=[Tag(name=tag)], abp_responses=_PROBLEMS
    )


class ById(BaseModel):
    """What a path names."""

    id: str


class OfSlide(Query):
    """A filter of lists."""

    slide: str | None = Field(default=None, description="id of a slide; all by default")
    limit: int = Field(default=500, ge=1, le=5000, description="the newest so many")
