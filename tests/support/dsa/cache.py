"""Where installed parts lie, and how a part is made once: whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE = 900.0
"""Seconds to wait for another process that installs the same part."""


class UnavailableError(RuntimeError):
    """This machine cannot run a DSA; the message says why."""


def cache_folder() -> Path:
    """`HISTOLOOP_DSA_CACHE`, else `histoloop/dsa` in the user's cache."""
    if chosen := os.environ.get("HISTOLOOP_DSA_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "histoloop" / "dsa"


def digest(*inputs: str) -> str:
    """Names a part by what it is made of."""
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:12]


def installed(name: str, inputs: tuple[str, ...], make: Callable[[Path], None]) -> Path:
    """The folder of a part, made by `make` unless a marker says that it is complete.

    Other inputs give another folder, so that checkouts with other pins share the cache. What a
    torn installation has left behind is removed first; processes wait for each other.
    """
    folder = cache_folder() / f"{name}-{digest(*inputs)}"
    marker = folder / "complete"
    if marker.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=PATIENCE):
            if not marker.exists():
                _make(name, folder, make)
                marker.touch()
    except Timeout:
        raise UnavailableError(
            f"another process installs {name} for over {PATIENCE:.0f} s"
        ) from None
    return folder


def _make(name: str, folder: Path, make: Callable[[Path], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    started = time.monotonic()
    print(f"dsa: installing {name} …", flush=True)
    make(folder)
    print(f"dsa: installed {name} in {time.monotonic() - started:.0f} s", flush=True)
