"""Arrays that wait on disk, so that memory does not grow with the mask."""

from __future__ import annotations

from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

IN_MEMORY = 16_000_000
"""Bytes that stay in memory."""


class Spool:
    """A file without a name: arrays are appended, and read back from where they lie.

    Args:
        folder: where it lies if it does not stay in memory; the system's by default.

    Raises:
        OSError: the disk is full.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY, dir=None if folder is None else str(folder))  # noqa: SIM115
        self._end = 0

    def append(self, values: NDArray[Any]) -> int:
        """Returns the byte where it lies."""
        place = self._end
        self._file.seek(place)
        self._end += self._file.write(np.ascontiguousarray(values).data)
        return place

    def read(self, place: int, count: int, dtype: type) -> NDArray[Any]:
        """``(count,)`` values from a byte on."""
        self._file.seek(place)
        return np.frombuffer(self._file.read(count * np.dtype(dtype).itemsize), dtype)
