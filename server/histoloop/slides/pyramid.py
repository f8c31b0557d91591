"""Writing a tiled pyramidal TIFF from a stream of rows, in memory that a strip bounds.

The file is a chain of IFDs, each half the size of the one before: what openslide calls
*generic tiled TIFF* and what large-image's tiff source reads. The base level is written while
rows arrive; the tiles of reduced levels wait, encoded, in anonymous temporary files.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import cv2
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from histoloop.errors import OutputError
from histoloop.geometry import Mpp, Size

Rows = NDArray[np.uint8]
"""``(rows, width, 3)`` RGB or ``(rows, width)`` grey, uint8, the slide's full width."""

_Halve = Callable[[Rows], Rows]

_TILE = 256
_IN_MEMORY = 8 << 20
"""Bytes of encoded tiles that a reduced level keeps before it moves to disk."""

_CLASSIC_LIMIT = (1 << 32) - (1 << 26)
"""Bytes that 32-bit offsets can address, less room for tags."""

_SUBSAMPLING = (2, 2)
_THREADS = min(4, os.cpu_count() or 1)


def write_pyramid(
    path: Path,
    size: Size,
    mpp: Mpp,
    bands: Iterable[Rows],
    *,
    lossless: bool = False,
    nearest: bool = False,
    description: str = "",
) -> None:
    """Write ``bands``, from top to bottom, as a pyramid that appears under ``path`` when whole.

    Args:
        size: base pixels that the bands make up together; mpp: of the base level.
        bands: full-width bands of any height, all RGB or all grey.
        lossless: deflate RGB instead of JPEG (grey always is deflated).
        nearest: reduced levels take the top left of 2 × 2 pixels, so that label codes
            survive, instead of their mean.
        description: kept as the base level's ImageDescription; ASCII.

    Raises:
        OutputError: the file cannot be written; nothing is left of it.
        ValueError: the bands do not make up ``size``.
    """
    partial = path.with_name(path.name + ".partial")
    strips = _strips(bands, size)
    first = next(strips)
    form = _Format.of(first, lossless)
    halve = _halve_nearest if nearest else _halve_mean
    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            levels = _Levels(size, _Cutter(form.encode, pool), halve, path.parent)
            _write(partial, levels.streams(chain([first], strips)), form, mpp, description)
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error})",
            hint="check the folder, its permissions and the space left on the disk",
        ) from error
    finally:
        with suppress(OSError):  # a folder that could not be written to in the first place
            partial.unlink(missing_ok=True)


def _jpeg(tile: Rows) -> bytes:
    encoded = imagecodecs.jpeg8_encode(
        tile, level=85, colorspace="RGB", outcolorspace="YCBCR", subsampling=_SUBSAMPLING
    )
    return bytes(encoded)


def _deflate(tile: Rows) -> bytes:
    return _deflated(tile) if tile.any() else _black(tile.shape)


@cache
def _black(shape: tuple[int, ...]) -> bytes:
    """Most tiles of a class mask: glass."""
    return _deflated(np.zeros(shape, np.uint8))


def _deflated(tile: Rows) -> bytes:
    return bytes(imagecodecs.deflate_encode(tile.tobytes(), level=6))


@dataclass(frozen=True)
class _Format:
    """How a tile becomes bytes, and the TIFF tags that say so.

    Attributes:
        channels: ``(3,)`` for RGB, ``()`` for grey.
    """

    channels: tuple[int, ...]
    encode: Callable[[Rows], bytes]
    tags: dict[str, Any]

    @classmethod
    def of(cls, rows: Rows, lossless: bool) -> _Format:
        if rows.ndim == 2:
            return cls((), _deflate, {"photometric": "minisblack", "compression": "zlib"})
        if lossless:
            return cls((3,), _deflate, {"photometric": "rgb", "compression": "zlib"})
        # With subsampling, tifffile writes the photometric interpretation YCbCr.
        jpeg = {"photometric": "rgb", "compression": "jpeg", "subsampling": _SUBSAMPLING}
        return cls((3,), _jpeg, jpeg)


@dataclass(frozen=True)
class _Cutter:
    """Cuts strips into tiles and encodes them in parallel (the encoders release the GIL)."""

    encode: Callable[[Rows], bytes]
    pool: Executor

    def tiles(self, strip: Rows) -> Iterator[bytes]:
        """Encoded tiles of a strip of at most `_TILE` rows, from left to right."""
        bottom, right = -strip.shape[0] % _TILE, -strip.shape[1] % _TILE
        # JPEG would let a sharp border into the last pixels ring; repeat them instead.
        whole = cv2.copyMakeBorder(strip, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        columns = range(0, whole.shape[1], _TILE)
        cuts = (np.ascontiguousarray(whole[:, x : x + _TILE], np.uint8) for x in columns)
        return self.pool.map(self.encode, cuts)


class _Levels:
    """All levels of a pyramid: the base is passed through, the reduced ones are spooled."""

    def __init__(self, base: Size, cutter: _Cutter, halve: _Halve, folder: Path) -> None:
        self._sizes, self._cutter = _halvings(base), cutter
        self._reduced = [_Reduced(size, cutter, halve, folder) for size in self._sizes[1:]]

    def streams(self, strips: Iterable[Rows]) -> list[tuple[Size, Iterator[bytes]]]:
        """Each level's size and encoded tiles, base first; to be read in this order."""
        tiles = [self._base(strips), *(level.tiles() for level in self._reduced)]
        return list(zip(self._sizes, tiles, strict=True))

    def _base(self, strips: Iterable[Rows]) -> Iterator[bytes]:
        for strip in strips:
            tiles = self._cutter.tiles(strip)
            self._reduce(strip)  # while the pool encodes
            yield from tiles

    def _reduce(self, strip: Rows) -> None:
        finer: Rows | None = strip
        for level in self._reduced:
            finer = level.feed(finer) if finer is not None else None


class _Reduced:
    """One reduced level: joins halved strips to rows of tiles and keeps those encoded."""

    def __init__(self, size: Size, cutter: _Cutter, halve: _Halve, folder: Path) -> None:
        self._size, self._cutter, self._halve = size, cutter, halve
        self._spool = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY, dir=str(folder))
        self._lengths: list[int] = []
        self._waiting: list[Rows] = []
        self._arrived = 0

    def feed(self, finer: Rows) -> Rows | None:
        """Take a strip of the next finer level; the strip of this level once it is complete."""
        self._waiting.append(self._halve(finer))
        self._arrived += len(self._waiting[-1])
        if self._arrived % _TILE and self._arrived < self._size.height:
            return None
        strip = np.concatenate(self._waiting)
        self._waiting.clear()
        for tile in self._cutter.tiles(strip):
            self._lengths.append(self._spool.write(tile))
        return strip

    def tiles(self) -> Iterator[bytes]:
        """The encoded tiles, once, when all strips have been fed."""
        with self._spool as spool:
            spool.seek(0)
            for length in self._lengths:
                yield spool.read(length)


def _write(
    path: Path,
    streams: list[tuple[Size, Iterator[bytes]]],
    form: _Format,
    mpp: Mpp,
    description: str,
) -> None:
    with tifffile.TiffWriter(path, bigtiff=_needs_big(streams[0][0], form)) as tiff:
        for zoom, (size, tiles) in enumerate(streams):
            tiff.write(
                tiles,
                shape=(size.height, size.width, *form.channels),
                dtype=np.uint8,
                tile=(_TILE, _TILE),
                subfiletype=1 if zoom else 0,
                resolution=(10_000 / (mpp.x * 2**zoom), 10_000 / (mpp.y * 2**zoom)),
                resolutionunit="CENTIMETER",
                description=None if zoom else description,
                metadata=None,
                software=False,
                **form.tags,
            )
            deque(tiles, maxlen=0)  # tifffile stops at the last tile; surplus rows are an error


def _needs_big(base: Size, form: _Format) -> bool:
    """Decided before the first tile is encoded: as if nothing could be compressed."""
    tiles = -(-base.width // _TILE) * -(-base.height // _TILE)
    return tiles * _TILE**2 * (form.channels or (1,))[0] * 4 / 3 > _CLASSIC_LIMIT


def _halvings(base: Size) -> list[Size]:
    """Base size and its halves, rounded up, down to a single tile."""
    sizes = [base]
    while max(sizes[-1]) > _TILE:
        sizes.append(Size(-(-sizes[-1].width // 2), -(-sizes[-1].height // 2)))
    return sizes


def _halve_nearest(strip: Rows) -> Rows:
    return strip[::2, ::2]


def _halve_mean(strip: Rows) -> Rows:
    """Mean of 2 × 2 pixels; an odd last row or column is paired with itself."""
    rows, columns = strip.shape[:2]
    even = cv2.copyMakeBorder(strip, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    half = (-(-columns // 2), -(-rows // 2))
    return np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)


def _strips(bands: Iterable[Rows], size: Size) -> Iterator[Rows]:
    """The same rows regrouped: `_TILE` at a time, the last strip may be lower."""
    waiting: list[Rows] = []
    held = total = 0
    for band in _checked(bands, size):
        total += len(band)
        rest = band
        while held + len(rest) >= _TILE:
            taken, rest = np.split(rest, [_TILE - held])
            yield np.concatenate([*waiting, taken])
            waiting, held = [], 0
        waiting.append(rest.copy())  # neither keeps the band alive nor minds its reuse
        held += len(rest)
    if total != size.height:
        raise ValueError(f"bands of {total} rows do not make up {size.height}")
    if held:
        yield np.concatenate(waiting)


def _checked(bands: Iterable[Rows], size: Size) -> Iterator[Rows]:
    channels: tuple[int, ...] | None = None
    for band in bands:
        channels = band.shape[2:] if channels is None else channels
        fits = band.shape[1:] == (size.width, *channels) and channels in ((), (3,))
        if band.dtype != np.uint8 or not fits:
            raise ValueError(f"a band of {band.shape} {band.dtype} does not fit {size}")
        yield band
