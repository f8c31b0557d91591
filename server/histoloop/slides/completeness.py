"""Noticing that a TIFF announces more than it holds, before a reader believes it.

Readers would show a missing end as white glass, take seconds and gigabytes for tiles that a damaged
header has made large or many, and never come to the end of pages that go round in a circle.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from histoloop.errors import SlideError

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

_LONGEST = 4096
"""Pixels of a tile's side, more than which no small picture is padded to."""

_LARGEST = 8192**2
"""Pixels of a tile: it is decoded as a whole, and several at a time."""


def refuse_incomplete(path: Path) -> None:
    """Make sure that all pixels that a TIFF (SVS, NDPI …) announces are in the file.

    Raises:
        SlideError: some lie beyond its end, or have no place at all: nothing would be seen there,
            and nobody warned; or its pages or tiles are none that anybody writes.
    """
    import tifffile

    needed, size = 0, path.stat().st_size
    known = set[int]()
    try:
        with tifffile.TiffFile(path) as tiff:
            for page in tiff.pages:
                if page.offset in known:
                    raise _damaged(path, "its pages go round in a circle")
                known.add(page.offset)
                places = zip(page.dataoffsets, page.databytecounts, strict=False)
                needed = max([needed, *(offset + count for offset, count in places)])
                _refuse_odd_tiles(path, page)
    except SlideError:
        raise
    except Exception:  # noqa: S110 - of the first page that cannot be read the reader will tell
        pass
    if needed > size:
        raise SlideError(
            f"{path.name}: the file is truncated, {size:,} bytes of at least {needed:,}",
            hint="copy it again from the scanner",
        )


def _refuse_odd_tiles(path: Path, page: TiffPage | TiffFrame) -> None:
    """Make sure that a page's tiles are as many as its size asks for, and no larger."""
    if not page.is_tiled:
        return
    sides = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength)
    if not all(isinstance(one, int) and one > 0 for one in sides):
        raise _damaged(path, "its pixels or its tiles have no size")
    across, down = -(-page.imagewidth // page.tilewidth), -(-page.imagelength // page.tilelength)
    if across * down > len(page.dataoffsets):
        raise _damaged(
            path,
            f"{page.imagewidth:,} × {page.imagelength:,} pixels would be {across * down:,} tiles, "
            f"and it has {len(page.dataoffsets):,}",
        )
    wide = page.tilewidth > max(_LONGEST, 2 * page.imagewidth)
    high = page.tilelength > max(_LONGEST, 2 * page.imagelength)
    if wide or high or page.tilewidth * page.tilelength > _LARGEST:
        raise SlideError(
            f"{path.name}: its tiles are of {page.tilewidth:,} × {page.tilelength:,} pixels, too "
            "large to be read",
            hint="if it is not damaged, write it anew with tiles of 256 or 512 pixels",
        )


def _damaged(path: Path, how: str) -> SlideError:
    return SlideError(
        f"{path.name}: the file is damaged, {how}", hint="copy it again from the scanner"
    )
