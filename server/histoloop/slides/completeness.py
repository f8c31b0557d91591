"""Noticing that the end of a file is missing, which readers would show as white glass."""

from __future__ import annotations

import struct
from pathlib import Path

from histoloop.errors import SlideError


def refuse_truncated(path: Path) -> None:
    """Make sure that all pixels that a TIFF (SVS, NDPI …) announces lie within the file.

    Raises:
        SlideError: some lie beyond its end; nothing would be seen there, and nobody warned.
    """
    needed, size = _announced(path), path.stat().st_size
    if needed > size:
        raise SlideError(
            f"{path.name}: the file is truncated, {size:,} bytes of at least {needed:,}",
            hint="copy it again from the scanner",
        )


def _announced(path: Path) -> int:
    """End of the last tile or strip; 0 for what is no TIFF."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            end: int = max(
                offset + count
                for page in tiff.pages
                for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
            )
            return end
    except (tifffile.TiffFileError, struct.error, ValueError, IndexError):
        return 0  # the reader will say what is wrong with it
