"""Files that are whole at any moment, whatever is killed or loses its power."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS}
)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when all of it is on the disk.

    Until then, and if the block raises, what was there before stays; the draft beside it is
    `draft_of`, and the next one's.

    Raises:
        OSError: it cannot be written.
    """
    draft = draft_of(path)
    with draft.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def replace_text(path: Path, text: str) -> None:
    """The same for text, as UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode())


def is_disk_fault(error: OSError) -> bool:
    """Whether it says that a disk is full, broken, or not ours to write to."""
    return error.errno in _DISK


def draft_of(path: Path) -> Path:
    """Where a file lies that is not whole yet."""
    return path.with_name(f"{path.name}.partial")
