"""`/api/slides`: the library and its deep-zoom tiles."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, Field

from histoloop.errors import AccessError, HistoloopError, NotFoundError
from histoloop.geometry import Box
from histoloop.service.identity import visit
from histoloop.service.library import Visit
from histoloop.service.pictures import jpeg
from histoloop.service.schema import PICTURE, ById, Tile, answers, resource
from histoloop.slides.dsa.store import Shelf
from histoloop.slides.folder import FolderEntry
from histoloop.slides.reading import thumbnail
from histoloop.slides.slide import Slide, SlideEntry

slides = resource("slides", tag="slides")


class ThumbnailSize(BaseModel):
    """How large a thumbnail is to be."""

    width: int = Field(default=256, ge=16, le=2048, description="longest side, px")


class AssociatedPath(BaseModel):
    """A picture that comes along with a slide."""

    id: str
    name: str


class Wanted(BaseModel):
    """Which slides to list."""

    folder: str | None = Field(default=None, max_length=64, description="of an archive: its id")
    search: str | None = Field(default=None, max_length=200, description="how their name begins")


class Place(BaseModel):
    """A collection or folder of an archive."""

    within: str | None = Field(default=None, max_length=64, description="its id; the root without")
    kind: Literal["collection", "folder", "user"] = "folder"


@slides.get("/slides", responses=answers("slides"))
def list_slides(query: Wanted) -> dict[str, Any]:
    """Slides, those of a folder of this machine with what is known of each, or why it is not.

    Those of an archive are in a ``folder`` or found by ``search``; they are not opened for it.
    """
    here = visit()
    found = here.visitor.entries(query.folder, query.search)
    return {"slides": [_entry(here, one) for one in found]}


@slides.get("/folders", responses=answers("folders"))
def list_folders(query: Place) -> dict[str, Any]:
    """The collections of an archive, or the folders in a collection or folder."""
    within = Shelf(query.within, "", query.kind) if query.within else None
    return {"folders": [vars(one) for one in visit().visitor.shelves(within)]}


@slides.get("/slides/<id>", responses=answers("a slide"))
def show_slide(path: ById) -> dict[str, Any]:
    """A slide with its levels."""
    here = visit()
    slide = here.slide(path.id, now=True)
    return _summary(slide) | {
        "tile_width": slide.tile.width,
        "tile_height": slide.tile.height,
        "max_zoom": len(slide.levels) - 1,
        "levels": [
            {"width": level.size.width, "height": level.size.height, "downsample": level.downsample}
            for level in slide.levels
        ],
        "associated": slide.associated(),
        "fingerprint": slide.fingerprint,
        "format": slide.format,
        "folders": [vars(one) for one in here.visitor.way_to(path.id)],
        "editable": _is_editable(here, path.id),
    }


@slides.get("/slides/<id>/tiles/<int:z>/<int:x>/<int:y>", responses=PICTURE)
def slide_tile(path: Tile) -> Response:
    """A JPEG tile; tiles at the right and lower edge are cropped."""
    slide = visit().slide(path.id)
    zoom, box = tile_box(slide, path)
    return jpeg(slide.read_level(zoom, box))


@slides.get("/slides/<id>/thumbnail", responses=PICTURE)
def slide_thumbnail(path: ById, query: ThumbnailSize) -> Response:
    """The whole slide, small."""
    return jpeg(thumbnail(visit().slide(path.id), query.width))


@slides.get("/slides/<id>/associated/<name>", responses=PICTURE)
def associated_image(path: AssociatedPath) -> Response:
    """Label, macro and the like."""
    return jpeg(visit().slide(path.id).associated_image(path.name))


def tile_box(slide: Slide, tile: Tile) -> tuple[int, Box]:
    """Level and level pixels of a tile.

    Raises:
        NotFoundError: the slide has no such tile.
    """
    width, height = slide.tile
    if tile.z < len(slide.levels):
        level = slide.levels[tile.z]
        box = Box(tile.x * width, tile.y * height, width, height).intersect(Box.of(level.size))
        if not box.empty:
            return tile.z, box
    raise NotFoundError(f"{slide.name}: has no tile {tile.z}/{tile.x}/{tile.y}")


def _entry(here: Visit, entry: SlideEntry) -> dict[str, Any]:
    unknown: dict[str, Any] = {
        "id": entry.id,
        "name": entry.name,
        "width": None,
        "height": None,
        "mpp": None,
        "thumbnail": _thumbnail_url(entry.id),
        "problem": None,
    }
    if not isinstance(entry, FolderEntry):
        return unknown  # it would take some requests for each
    try:
        return _summary(here.slide(entry.id))
    except HistoloopError as error:
        return unknown | {"problem": {"detail": error.message, "hint": error.hint}}


def _is_editable(here: Visit, slide: str) -> bool:
    """Whether the visitor may have it segmented."""
    try:
        here.visitor.refuse_readonly(slide)
    except AccessError:
        return False
    return True


def _summary(slide: Slide) -> dict[str, Any]:
    mpp = slide.mpp
    return {
        "id": slide.id,
        "name": slide.name,
        "width": slide.size.width,
        "height": slide.size.height,
        "mpp": {"x": mpp.x, "y": mpp.y, "source": mpp.source} if mpp else None,
        "thumbnail": _thumbnail_url(slide.id),
        "problem": None,
    }


def _thumbnail_url(id: str) -> str:
    return f"/api/slides/{id}/thumbnail"
