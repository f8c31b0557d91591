"""Telling slides apart by what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

_SAMPLES = 16
_SAMPLE_BYTES = 65_536


class Guard:
    """Notices, for the price of a look into the directory, that a file has become another one."""

    def __init__(self, path: Path) -> None:
        self._path, self._before = path, _look(path)

    def changed(self) -> bool:
        """Whether the file is gone or was written since."""
        return _look(self._path) != self._before


def _look(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def fingerprint(path: Path) -> str:
    """The `digest` of a file of this machine."""
    with path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return digest(path.stat().st_size, read)


def digest(size: int, read: Callable[[int, int], bytes]) -> str:
    """Hex digest of a file's length and of 1 MiB of it, evenly spread, head and tail included.

    A whole-slide image has gigabytes; reading them all would cost more than segmenting a
    region. A file of up to 1 MiB is digested entirely.

    Args:
        size: bytes; read: gives so many bytes (fewer at the end) from an offset.
    """
    found = hashlib.blake2b(size.to_bytes(8, "big"), digest_size=16)
    last = max(0, size - _SAMPLE_BYTES)
    for sample in range(_SAMPLES):
        found.update(read(last * sample // (_SAMPLES - 1), _SAMPLE_BYTES))
    return found.hexdigest()
