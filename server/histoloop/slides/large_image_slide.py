"""Slides that large-image reads: SVS, NDPI, DICOM, pyramidal TIFF and what else it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from histoloop.errors import NotFoundError, SlideError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.fingerprint import Guard, fingerprint
from histoloop.slides.pixels import as_rgb
from histoloop.slides.slide import Level, Pixels, changed, dyadic_levels, unreadable
from histoloop.slides.tiles import TilePlace, assemble

_OBJECT = re.compile(r" ?<[^<>]* at 0x[0-9a-f]+>")
"""An object of Python as its libraries name it: nothing for people."""

_CACHED_TILES = 512
"""Decoded tiles in memory, of all slides: some 100 MB, a row of shards of a large slide."""


class LargeImageSlide:
    """A `Slide` over a large-image tile source; tiles are decoded once and cached there."""

    def __init__(self, id: str, path: Path, source: Any, mpp: Mpp | None = None) -> None:
        self.id, self.path, self._source = id, path, source
        self._guard = Guard(path)
        self.name = path.name
        metadata = source.getMetadata()
        self.size = Size(metadata["sizeX"], metadata["sizeY"])
        self.tile = Size(metadata["tileWidth"], metadata["tileHeight"])
        self.levels: tuple[Level, ...] = dyadic_levels(self.size, metadata["levels"])
        self.mpp = mpp or mpp_of(metadata)
        self.format = type(source).name

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.path)

    def refuse_changed(self) -> None:
        if self._guard.changed():
            raise changed(self.name)

    def read_level(self, zoom: int, box: Box) -> Pixels:
        return assemble(zoom, box, self.tile, lambda places: map(self._tile, places))

    def _tile(self, place: TilePlace) -> Pixels:
        zoom, x, y = place
        try:
            tile = self._source.getTile(x, y, zoom, numpyAllowed="always", sparseFallback=True)
        except Exception as error:  # each source raises its own library's errors
            raise SlideError(
                f"{self.name}: tile {zoom}/{x}/{y} cannot be decoded ({_first_line(error)})",
                hint="the file may be truncated or damaged; copy it again from the scanner",
            ) from error
        return as_rgb(tile)

    def associated(self) -> tuple[str, ...]:
        try:
            return tuple(self._source.getAssociatedImagesList())
        except Exception:  # a slide can be seen without them
            return ()

    def associated_image(self, name: str) -> Pixels:
        try:
            found = self._source.getAssociatedImage(name, format="numpy")
        except Exception as error:
            raise SlideError(
                f"{self.name}: associated image {name!r} cannot be decoded ({_first_line(error)})",
                hint="the file may be damaged; copy it again from the scanner",
            ) from error
        if not found:
            raise NotFoundError(
                f"{self.name}: has no associated image {name!r}",
                hint=f"it has {', '.join(self.associated()) or 'none'}",
            )
        return as_rgb(found[0])


def open_large_image(id: str, path: Path, mpp: Mpp | None) -> LargeImageSlide:
    """Open a file with the fastest source that reads it.

    Raises:
        SlideError: no source reads it.
    """
    import large_image
    import large_image_source_tiff as tiff

    _bound_cache()
    try:
        if tiff.canRead(path):  # decodes a tile 3 times faster than openslide does
            return LargeImageSlide(id, path, tiff.open(path), mpp)
        if not large_image.canRead(path):
            raise unreadable(path.name, "no reader knows this format")
        return LargeImageSlide(id, path, large_image.open(path), mpp)
    except SlideError:
        raise
    except Exception as error:  # each source raises its own library's errors
        raise unreadable(path.name, _first_line(error)) from error


@cache
def _bound_cache() -> None:
    """large-image would keep a 32nd of the machine's memory in decoded tiles."""
    from large_image import config

    portion = config.total_memory() // (_CACHED_TILES * 256**2 * 4 * 2)  # as it counts a tile
    config.setConfig("cache_backend", "python")  # the one that is bounded here
    config.setConfig("cache_python_memory_portion", max(3, portion))


def mpp_of(metadata: Mapping[str, Any]) -> Mpp | None:
    """The scale in large-image's metadata, which has millimetres per pixel."""
    mm_x, mm_y = metadata.get("mm_x"), metadata.get("mm_y")
    return Mpp.plausible(mm_x * 1000, mm_y * 1000) if mm_x and mm_y else None


def _first_line(error: Exception) -> str:
    said = _OBJECT.sub("", str(error)).strip()
    return (said.splitlines() or [type(error).__name__])[0][:160]
