"""A slide that opens, and shows itself from afar, and cannot be read at one place."""

from __future__ import annotations

import os
from pathlib import Path

import tifffile


def spoil_tile(path: Path, number: int) -> None:
    """Overwrite one tile of the finest level, so that no decoder makes anything of it."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        offset, length = page.dataoffsets[number], page.databytecounts[number]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(os.urandom(length))
