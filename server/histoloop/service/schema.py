"""Parts of requests that several resources share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

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


class Tile(BaseModel):
    """Place of a tile: zoom 0 is the coarsest level."""

    id: str
    z: int = Field(ge=0, le=40)
    x: int = Field(ge=0)
    y: int = Field(ge=0)


class ById(BaseModel):
    """What a path names."""

    id: str


class OfSlide(BaseModel):
    """A filter of lists."""

    slide: str | None = Field(default=None, description="id of a slide; all by default")
    limit: int = Field(default=500, ge=1, le=5000, description="the newest so many")
