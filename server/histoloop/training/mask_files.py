"""What stands in a mask file: whole numbers from 0 to 255, whatever it is stored as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.errors import DatasetError
from histoloop.geometry import Box, Size

if TYPE_CHECKING:
    from tifffile import TiffPage

Codes = NDArray[np.uint8]

LARGEST_HELD = 64_000_000
"""Pixels; larger pictures and masks are read by region if they are tiled."""

_CACHE = 1 << 25
"""Bytes of decoded tiles that a large mask keeps."""

_NEAR = 32
_EDGES = 0.05
"""JPEG blurs what it stores: of a mask of 0 and 255, this share may lie between the two."""

_LOSSY = ("JPEG", "MPO")
_JPEG = (6, 7, 33003, 33005, 34712, 34892)
"""Compressions of TIFF that blur: JPEG and JPEG 2000."""

_HINT = "masks are grey pictures whose values are class codes, or 0 and 255 for one class"


class MaskSource(Protocol):
    """Codes of a mask by region, in pixels of the mask."""

    @property
    def size(self) -> Size: ...

    def read(self, box: Box) -> Codes:
        """``(rows, cols)`` of a box that lies inside.

        Raises:
            DatasetError: the file cannot be decoded there.
        """
        ...


@dataclass(frozen=True, eq=False)
class HeldMask:
    """A mask in memory; ``lossy`` if it was a JPEG of 0 and 255 that is put right."""

    codes: Codes
    lossy: bool

    @property
    def size(self) -> Size:
        return Size(self.codes.shape[1], self.codes.shape[0])

    def read(self, box: Box) -> Codes:
        return self.codes[box.y : box.bottom, box.x : box.right]


class TiledMask:
    """A large mask, a tiled grey TIFF; what was decoded last is kept.

    Raises:
        DatasetError: it is coloured, or compressed with loss.
    """

    lossy = False

    def __init__(self, path: Path, page: TiffPage) -> None:
        if page.dtype != np.uint8 or page.samplesperpixel != 1 or page.compression in _JPEG:
            raise DatasetError(
                f"{path}: is too large for a mask that is not grey, of 8 bits and lossless",
                hint=_HINT,
            )
        self._path, self._page, self._lock = path, page, Lock()
        kept = max(4, _CACHE // (page.tilewidth * page.tilelength))
        self._tile: Callable[[int], Codes] = lru_cache(maxsize=kept)(self._decoded)

    @property
    def size(self) -> Size:
        return Size(self._page.imagewidth, self._page.imagelength)

    def read(self, box: Box) -> Codes:
        width, height = self._page.tilewidth, self._page.tilelength
        across = -(-self.size.width // width)
        found = np.empty((box.height, box.width), np.uint8)
        for row in range(box.y // height, -(-box.bottom // height)):
            for column in range(box.x // width, -(-box.right // width)):
                tile = self._tile(row * across + column)
                place = Box(column * width, row * height, width, height)
                part = place.intersect(box)
                found[part.within(box)] = tile[part.within(place)]
        return found

    def _decoded(self, index: int) -> Codes:
        page, file = self._page, self._page.parent.filehandle
        with self._lock:
            file.seek(page.dataoffsets[index])
            packed = file.read(page.databytecounts[index])
        try:
            tile = page.decode(packed, index, _fullsize=True)[0]
        except Exception as error:  # each codec raises its own
            raise _unreadable(self._path, error) from error
        if tile is None:  # sparse: nothing was written there
            return np.zeros((page.tilelength, page.tilewidth), np.uint8)
        return np.asarray(tile, np.uint8).reshape(page.tilelength, page.tilewidth)


@dataclass(frozen=True, eq=False)
class MaskContent:
    """What occurs in a mask: pixels of each code, ``(256,)``."""

    size: Size
    pixels: NDArray[np.int64]
    lossy: bool

    @property
    def codes(self) -> frozenset[int]:
        return frozenset(np.flatnonzero(self.pixels).tolist())


def open_mask(path: Path) -> MaskSource:
    """A mask, in memory unless it is large and tiled.

    A palette that has colours is one of codes: its indices count. A JPEG whose values lie near
    0 and 255 is what it was before it was compressed.

    Raises:
        DatasetError: it is missing, cannot be read or holds something else than codes.
    """
    if not path.is_file():
        raise _missing(path)
    try:
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(path) as picture:
            large = picture.width * picture.height > LARGEST_HELD and picture.format == "TIFF"
            if large and (tiled := _tiled(path)):
                return tiled
            codes = _grey(path, picture)
            lossy = picture.format in _LOSSY or picture.info.get("compression") == "jpeg"
    except (OSError, ValueError, SyntaxError) as error:
        raise _unreadable(path, error) from error
    return HeldMask(_put_right(path, codes), True) if lossy else HeldMask(codes, False)


def content_of(path: Path) -> MaskContent:
    """What occurs in a mask; read once as long as the file stays as it is.

    Raises:
        DatasetError: as `open_mask`.
    """
    if not path.is_file():
        raise _missing(path)
    return _content(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _content(path: Path, _modified: int) -> MaskContent:
    mask = open_mask(path)
    parts = (np.bincount(mask.read(box).ravel(), minlength=256) for box in bands(mask.size))
    lossy = isinstance(mask, HeldMask) and mask.lossy
    return MaskContent(mask.size, np.sum(list(parts), axis=0), lossy)


def bands(size: Size, rows: int = 256) -> Iterator[Box]:
    """A frame from top to bottom, in boxes of its width."""
    for top in range(0, size.height, rows):
        yield Box(0, top, size.width, min(rows, size.height - top))


def _tiled(path: Path) -> TiledMask | None:
    import tifffile

    try:
        page = tifffile.TiffFile(path).pages.first
    except (tifffile.TiffFileError, IndexError):
        return None
    return TiledMask(path, page) if page.is_tiled else None


def _grey(path: Path, picture: Image.Image) -> Codes:
    if picture.mode == "P":
        return _unpainted(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        return _narrowed(path, np.asarray(picture))
    if picture.mode in ("1", "L", "LA"):
        return np.asarray(picture.convert("L"))
    pixels = np.asarray(picture.convert("RGB"))
    least, most = pixels.min(axis=2), pixels.max(axis=2)
    if int((most - least).max()) > (_NEAR if picture.format in _LOSSY else 0):
        coloured = int(np.count_nonzero(most - least))
        raise DatasetError(
            f"{path}: is a coloured picture, no mask ({coloured:,} px are not grey)",
            hint=_HINT,
        )
    return np.asarray(pixels[..., 1])


def _unpainted(picture: Image.Image) -> Codes:
    """Grey values of a grey palette, indices of a coloured one."""
    palette = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    indices = np.asarray(picture)
    used = palette[[one for one in np.unique(indices).tolist() if one < len(palette)]]
    grey = (used == used[:, :1]).all()
    return np.asarray(picture.convert("L")) if grey else indices


def _narrowed(path: Path, values: NDArray[np.generic]) -> Codes:
    wide = np.asarray(values, np.float64)
    if wide.min() < 0 or wide.max() > 255 or (wide != np.floor(wide)).any():
        raise DatasetError(
            f"{path}: holds values from {wide.min():g} to {wide.max():g}",
            hint="codes are whole numbers from 0 to 255: save the mask with 8 bits",
        )
    return wide.astype(np.uint8)


def _put_right(path: Path, codes: Codes) -> Codes:
    between = np.count_nonzero((codes > _NEAR) & (codes < 255 - _NEAR)) / codes.size
    if between > _EDGES or 0 < codes.max() < 255 - _NEAR:
        raise DatasetError(
            f"{path}: is a JPEG and not of 0 and 255 alone ({between:.0%} of its pixels lie "
            f"between, the largest value is {codes.max()})",
            hint="JPEG blurs class codes: save the mask as PNG",
        )
    return np.where(codes >= 128, 255, 0).astype(np.uint8)


def _missing(path: Path) -> DatasetError:
    return DatasetError(f"{path}: no such mask", hint="every picture needs one of its name")


def _unreadable(path: Path, error: Exception) -> DatasetError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DatasetError(f"{path}: cannot be read as a mask ({reason[:160]})", hint="save it again")
