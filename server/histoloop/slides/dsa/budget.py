"""How many requests may be under way: a budget that all processes of a machine share."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from histoloop.errors import DsaError

_PAUSE_S = 0.004


class Budget:
    """So many places, each a lock on a file: a process that dies leaves its place at once."""

    def __init__(self, folder: Path, places: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._locks = [folder / f"place-{number}.lock" for number in range(places)]

    @contextmanager
    def place(self, patience_s: float = 300.0) -> Iterator[None]:
        """Wait for a place and hold it.

        Raises:
            DsaError: none became free.
        """
        lock = self._take(patience_s)
        try:
            yield
        finally:
            lock.release()

    def _take(self, patience_s: float) -> FileLock:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            for path in random.sample(self._locks, len(self._locks)):
                lock = FileLock(path, thread_local=False)
                try:
                    lock.acquire(blocking=False)
                except Timeout:
                    continue
                return lock
            time.sleep(_PAUSE_S)
        raise DsaError(
            f"no request could be sent for {patience_s:g} s: all places of the budget are taken",
            hint="another process keeps the archive busy; raise HISTOLOOP_DSA_REQUESTS",
        )
