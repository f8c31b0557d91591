"""One service looks after a ledger: two would hand out the same jobs, and start them over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from histoloop.errors import StateError


@contextmanager
def looked_after(ledger: Path) -> Iterator[None]:
    """Hold the ledger while the block runs; the hold ends with the process, however that ends.

    Raises:
        StateError: another service holds it.
    """
    ledger.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(ledger.with_suffix(".lock"), timeout=0):
            yield
    except Timeout:
        raise StateError(
            f"{ledger.parent}: another service works with this home",
            hint="stop that one first, or give this one another --home",
        ) from None
