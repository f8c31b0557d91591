"""A slide of an archive: its tiles come over REST, those that are needed and no others."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from histoloop.errors import DsaAwayError, DsaFaultError, NotFoundError, SlideError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.dsa.cache import TileCache
from histoloop.slides.dsa.connection import DsaConnection, connect
from histoloop.slides.dsa.site import DsaSite
from histoloop.slides.fingerprint import digest
from histoloop.slides.large_image_slide import mpp_of
from histoloop.slides.pixels import as_rgb
from histoloop.slides.slide import Level, Pixels, changed, dyadic_levels
from histoloop.slides.tiles import TilePlace, assemble

_ENCODING: dict[str, object] = {"encoding": "PNG"}
"""Lossless: the prediction is the one that the file would give, bit for bit. JPEG of any quality
moves labels (0.2 % of them at 95, 0.1 % at 100) and saves a third of the bytes, no time
(`benchmarks/dsa_reading.py`): the server applies colour profiles and encodes anew anyway."""


@dataclass
class Traffic:
    """Tiles that a slide was asked for: fetched from the server, or found in the cache."""

    fetched: int = 0
    cached: int = 0


class DsaSlide:
    """A `Slide` over an item of an archive.

    Attributes:
        id: of the item; name: of the item, for people only: names lie, and change.
    """

    def __init__(self, connection: DsaConnection, id: str, mpp: Mpp | None = None) -> None:
        self.id, self._connection = id, connection
        item = connection.get(f"item/{id}")
        self.name = str(item["name"])
        self._file_id = _image_file(item)
        metadata = connection.get(f"item/{id}/tiles")
        self.size = Size(metadata["sizeX"], metadata["sizeY"])
        self.tile = Size(metadata["tileWidth"], metadata["tileHeight"])
        self.levels: tuple[Level, ...] = dyadic_levels(self.size, metadata["levels"])
        self.mpp = mpp or mpp_of(metadata)
        self.format = "Digital Slide Archive"
        self.traffic = Traffic()
        self._revision = revision(connection, id)
        self._pool = ThreadPoolExecutor(connection.site.requests, thread_name_prefix="dsa-tiles")

    @cached_property
    def fingerprint(self) -> str:
        """Of the slide's file, by ranges of it: the one that the file has on any disk."""
        size = int(self._connection.get(f"file/{self._file_id}")["size"])

        def read(offset: int, length: int) -> bytes:
            end = min(size, offset + length)
            if end <= offset:
                return b""
            return self._connection.read_range(self._file_id, offset, end)

        return digest(size, read)

    def refuse_changed(self) -> None:
        if revision(self._connection, self.id) != self._revision:
            raise changed(self.name)

    def read_level(self, zoom: int, box: Box) -> Pixels:
        return assemble(zoom, box, self.tile, self._fetch)

    def associated(self) -> tuple[str, ...]:
        return tuple(self._connection.get(f"item/{self.id}/tiles/images"))

    def associated_image(self, name: str) -> Pixels:
        if name not in self.associated():
            raise NotFoundError(
                f"{self.name}: has no associated image {name!r}",
                hint=f"it has {', '.join(self.associated()) or 'none'}",
            )
        return _decode(self._connection.read(f"item/{self.id}/tiles/images/{name}", encoding="PNG"))

    def _fetch(self, places: list[TilePlace]) -> Iterable[Pixels]:
        if len(places) == 1:
            return [self._tile(places[0])]
        return self._pool.map(self._tile, places)

    def _tile(self, place: TilePlace) -> Pixels:
        key = f"{self.id}/{self._revision}/{place.zoom}/{place.x}/{place.y}"
        cache = _tile_cache(self._connection.site)
        kept = cache.get(key)
        if kept is not None:
            self.traffic.cached += 1
            return _decode(kept)
        content = self._content(place)
        pixels = _decoded(content, self.name, place)
        cache.put(key, content)
        self.traffic.fetched += 1
        return pixels

    def _content(self, place: TilePlace) -> bytes:
        """A tile, encoded.

        Raises:
            SlideError: the archive fails on this tile, time and again, and not on the slide.
        """
        where = f"{place.zoom}/{place.x}/{place.y}"
        try:
            return self._connection.read(f"item/{self.id}/tiles/zxy/{where}", **_ENCODING)
        except DsaFaultError as fault:
            try:
                self._connection.get(f"item/{self.id}/tiles")
            except DsaAwayError:
                raise fault from None
            raise SlideError(
                f"{self.name}: the archive cannot read tile {where} of it",
                hint="its file may be truncated or damaged: look at this place in the archive, "
                "copy the slide again from the scanner and upload it anew",
            ) from fault


@dataclass(frozen=True)
class DsaItem:
    """The address of a slide that is an item of an archive.

    Attributes:
        mpp: said by the user, overrules the archive.
    """

    site: DsaSite
    id: str
    name: str
    mpp: Mpp | None = None

    def open(self) -> DsaSlide:
        return DsaSlide(connect(self.site), self.id, self.mpp)


def revision(connection: DsaConnection, id: str) -> str:
    """What tells an item's content from another one under the same id, for one request.

    Raises:
        AccessError: the user may not see it.
        NotFoundError: it is gone.
    """
    said = [
        [str(file.get(key, "")) for key in ("_id", "size", "sha512", "updated")]
        for file in connection.get(f"item/{id}/files", limit=0)
    ]
    return hashlib.blake2b(repr(sorted(said)).encode(), digest_size=12).hexdigest()


def _image_file(item: dict[str, Any]) -> str:
    image = item.get("largeImage") or {}
    if not image.get("fileId") or image.get("expected"):
        raise SlideError(
            f"{item['name']}: is no slide of the archive (yet)",
            hint="make it a large image on its page there, and wait until that is done",
        )
    return str(image["fileId"])


def _decoded(content: bytes, name: str, place: TilePlace) -> Pixels:
    try:
        return _decode(content)
    except OSError as error:
        where = f"{place.zoom}/{place.x}/{place.y}"
        raise SlideError(
            f"{name}: tile {where} came damaged from the archive", hint="try again"
        ) from error


def _decode(content: bytes) -> Pixels:
    return as_rgb(np.asarray(Image.open(io.BytesIO(content))))


@lru_cache(maxsize=8)
def _cache_at(folder: Path) -> TileCache:
    return TileCache(folder)


def _tile_cache(site: DsaSite) -> TileCache:
    return _cache_at(site.folder / "tiles")
