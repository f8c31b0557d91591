"""Work that takes a core: so much at a time, some in a queue for it, and the rest come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from histoloop.errors import BusyError


class Admission:
    """Those at a piece of work; requests on threads of a service share them.

    Args:
        what: the work, for people, in the plural.
        at_once: how many are at it; places: how many threads they and who wait may hold.
        patience_s: how long anybody waits.
    """

    def __init__(self, what: str, *, at_once: int, places: int, patience_s: float) -> None:
        self._what, self._patience_s = what, patience_s
        self._working, self._places = BoundedSemaphore(at_once), BoundedSemaphore(places)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the block be one of those at work.

        Raises:
            BusyError: too many are before this one.
        """
        if not self._places.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._working.acquire(timeout=self._patience_s):
                raise self._busy()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._places.release()

    def _busy(self) -> BusyError:
        return BusyError(
            f"too many ask for {self._what} at this moment", hint="ask again in a moment"
        )
