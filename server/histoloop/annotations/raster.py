"""The class mask of a run as a layer of a DSA: what a viewer shows from far away.

HistomicsUI colours a *pixelmap*: an image of its own, an item beside the slide, whose pixels
are numbers (red + 256 green + 65536 blue) into a table of categories.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from histoloop.annotations.dsa import Document
from histoloop.annotations.runs import run_of
from histoloop.errors import DsaAwayError, DsaError, NotFoundError
from histoloop.geometry import Box, Mpp
from histoloop.masks.labels import LabelClass
from histoloop.slides.dsa.connection import DsaConnection
from histoloop.slides.dsa.site import is_id
from histoloop.slides.dsa.store import MARK
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid

FOLDER: Final = "HistoLoop"
"""Beside the slides, so that the masks do not stand among them."""

ITEM: Final = "raster"
"""Attribute of a raster's document: the item that holds its pixels."""

_OPACITY: Final = 0.5
_NOTHING: Final = "rgba(0, 0, 0, 0)"
_OF_ALL_CLASSES: Final = ("software", "run", "model", "digest", "mpp", "scale", "threshold")
_CHUNK: Final = 8 << 20
_BAND: Final = 1024
_PATIENCE_S: Final = 60.0
_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 1.0

_Result = TypeVar("_Result")


def raster_document(
    connection: DsaConnection, slide: str, mask: Path, layers: Sequence[Mapping[str, Any]]
) -> Document:
    """Upload a run's mask and describe it as an annotation document.

    An upload that was done before is found again, by the mask's digest.

    Args:
        slide: the item's id; mask: TIFF of class codes.
        layers: ``attributes`` of the run's other documents, one at least.

    Raises:
        AccessError: the user may not make a folder, or write in it.
        DsaError: the server cannot show it.
    """
    first = layers[0]
    classes = {
        layer["code"]: LabelClass(layer["class"], layer["code"], layer["color"]) for layer in layers
    }
    item = _upload(connection, slide, mask, first)
    return {
        "name": f"classes ({first['model']})",
        "description": "The predicted class of every pixel; not reviewed by a person.",
        "attributes": {key: first[key] for key in _OF_ALL_CLASSES} | {ITEM: item},
        "elements": [pixelmap(item, list(classes.values()), *first["scale"])],
    }


def pixelmap(item: str, classes: list[LabelClass], scale_x: float, scale_y: float) -> Document:
    """The element that shows an image of class codes, code 0 as nothing.

    Args:
        scale_x, scale_y: base pixels per pixel of the image.
    """
    place = {label.code: number for number, label in enumerate(classes, start=1)}
    fills = ["rgb({}, {}, {})".format(*label.rgb) for label in classes]
    named = [
        {"fillColor": fill, "strokeColor": fill, "label": label.name}
        for fill, label in zip(fills, classes, strict=True)
    ]
    return {
        "type": "pixelmap",
        "girderId": item,
        "opacity": _OPACITY,
        "boundaries": False,
        "values": [place.get(code, 0) for code in range(max(place, default=0) + 1)],
        "categories": [{"fillColor": _NOTHING, "strokeColor": _NOTHING, "label": "none"}, *named],
        "transform": {
            "xoffset": 0,
            "yoffset": 0,
            "matrix": [[scale_x, 0], [0, scale_y]],
        },
    }


def remove_raster(connection: DsaConnection, slide: str, attributes: Mapping[str, Any]) -> None:
    """Delete the item that a raster's document shows, if the run made it for this slide."""
    item = attributes.get(ITEM)
    if not isinstance(item, str) or not is_id(item):
        return
    try:
        mark = _mark(connection.get(f"item/{item}"))
        if mark.get("run") == run_of(attributes) and mark.get("slide") == slide:
            connection.send("DELETE", f"item/{item}")
    except NotFoundError:
        return  # somebody has deleted it


def remove_unseen(
    connection: DsaConnection, slide: str, user: str, runs: Collection[str], shown: Collection[str]
) -> None:
    """Delete the user's masks of runs that no document shows: what a broken push has left.

    Args:
        shown: ids of the items that documents of the slide show.
    """
    beside = connection.get(f"item/{slide}")["folderId"]
    for folder in connection.get("folder", parentType="folder", parentId=beside, name=FOLDER):
        for found in list(connection.pages("item", folderId=folder["_id"])):
            mark = _mark(found)
            ours = mark.get("slide") == slide and mark.get("run") in runs
            if ours and found["creatorId"] == user and found["_id"] not in shown:
                with suppress(NotFoundError):  # somebody was faster
                    connection.send("DELETE", f"item/{found['_id']}")


def _mark(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an item says of the run that it was made for."""
    mark = item.get("meta", {}).get(MARK)
    return mark if isinstance(mark, dict) else {}


def _upload(
    connection: DsaConnection, slide: str, mask: Path, attributes: Mapping[str, Any]
) -> str:
    """The item of a mask, uploaded unless it is there already.

    It is marked before its file is sent: whatever cuts us short, it can be found again.
    """
    beside = connection.get(f"item/{slide}")
    mark = {"run": attributes["run"], "slide": slide, "digest": _digest(mask)}
    name = f"{Path(beside['name']).stem} {attributes['run']}.tiff"
    folder = _patiently(lambda: _make_folder(connection, beside["folderId"]))
    item = _patiently(lambda: _make_item(connection, folder, name, mark))
    if not _has_file(connection, item):
        with TemporaryDirectory() as temporary:
            picture = Path(temporary) / "classes.tiff"
            write_indices(mask, picture, Mpp.square(attributes["mpp"]))
            _patiently(lambda: _send_file(connection, item, name, picture))
    _await_tiles(connection, item)
    return item


def _patiently(step: Callable[[], _Result]) -> _Result:
    """Do what finds what it has done before, again when the answer is lost."""
    for attempt in range(_TRIES - 1):
        try:
            return step()
        except DsaAwayError:
            time.sleep(_FIRST_PAUSE_S * 2**attempt)
    return step()


def write_indices(mask: Path, picture: Path, mpp: Mpp) -> None:
    """A mask of class codes as RGB (code, 0, 0), lossless, codes surviving in every level."""
    slide = open_slide(mask, mpp=mpp)
    base = slide.levels[-1]

    def bands() -> Iterator[NDArray[np.uint8]]:
        for top in range(0, base.size.height, _BAND):
            band = Box(0, top, base.size.width, _BAND).intersect(Box.of(base.size))
            yield slide.read_level(base.zoom, band) * np.array([1, 0, 0], np.uint8)

    write_pyramid(picture, base.size, mpp, bands(), lossless=True, nearest=True)


def _make_folder(connection: DsaConnection, parent: str) -> str:
    """The folder for masks, with the access of the one that it lies in."""
    where = {"parentType": "folder", "parentId": parent, "name": FOLDER, "reuseExisting": True}
    folder = connection.send("POST", "folder", where).json()
    if MARK not in (folder.get("meta") or {}):
        connection.send("PUT", f"folder/{folder['_id']}/metadata", json={MARK: {"masks": True}})
    return str(folder["_id"])


def _make_item(connection: DsaConnection, folder: str, name: str, mark: Mapping[str, Any]) -> str:
    """The item that bears this mark, made unless it is there."""
    for found in connection.pages("item", folderId=folder):  # not by name: names lie
        if _mark(found) == mark:
            return str(found["_id"])
    where: dict[str, object] = {"folderId": folder, "name": name}
    meta = {"metadata": orjson.dumps({MARK: mark}).decode()}
    return str(connection.send("POST", "item", where, data=meta).json()["_id"])


def _has_file(connection: DsaConnection, item: str) -> bool:
    """Whether an item's file is there, which it is when it is whole."""
    return bool(connection.get(f"item/{item}/files", limit=1))


def _send_file(connection: DsaConnection, item: str, name: str, path: Path) -> None:
    """Upload a file into an item, in pieces, unless it is there."""
    if _has_file(connection, item):
        return
    size = path.stat().st_size
    where = {"parentType": "item", "parentId": item, "name": name, "size": size}
    upload = connection.send("POST", "file", where | {"mimeType": "image/tiff"}).json()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            at = {"uploadId": upload["_id"], "offset": file.tell() - len(piece)}
            connection.send("POST", "file/chunk", at, data=piece)


def _make_image(connection: DsaConnection, item: str) -> None:
    """Tell the server that an item is an image, unless it knows."""
    if not connection.get(f"item/{item}").get("largeImage"):
        connection.send("POST", f"item/{item}/tiles", {"notify": False})


def _await_tiles(connection: DsaConnection, item: str) -> None:
    """Wait until the server shows an item as an image; it may have to be told that it is one."""
    _patiently(lambda: _make_image(connection, item))
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        image = connection.get(f"item/{item}").get("largeImage") or {}
        if image.get("fileId") and not image.get("expected"):
            return
        time.sleep(0.2)
    raise DsaError(
        "the server does not take the mask of a run for an image",
        hint="does its large_image have the tiff source?",
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
