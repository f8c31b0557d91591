"""Folders that are made on demand: each is there when it is whole, and named by its moment."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

_DRAFT = re.compile(r"\.(.+-)?\d{8}-\d{6}")
"""A folder that is not whole yet; anything else that is hidden is not ours."""


def named_now(stem: str = "") -> str:
    """A name for what is made at this moment."""
    moment = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return f"{stem}-{moment}" if stem else moment


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A draft to write into, which becomes ``folder``, of a `named_now`, when the block has ended.

    Nothing is left of one that has raised; `forget_drafts` deletes what a kill has left.
    """
    draft = folder.with_name(f".{folder.name}")
    try:
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def forget_drafts(*places: Path) -> None:
    """Delete what a kill has left in folders where `appearing` is used, while nobody uses it."""
    for place in places:
        with suppress(FileNotFoundError):
            for one in list(place.iterdir()):
                if _DRAFT.fullmatch(one.name):
                    shutil.rmtree(one, ignore_errors=True)
