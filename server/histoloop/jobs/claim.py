"""One service looks after a home and a ledger: two would hand out the same jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sql
from filelock import FileLock, Timeout

from histoloop.config import Settings
from histoloop.errors import OutputError, StateError
from histoloop.jobs.database import connected, engine_of

_LOCK = 0x4C454448
"""Of services, among the locks that a PostgreSQL server holds for whoever names them."""


@contextmanager
def looked_after(settings: Settings) -> Iterator[None]:
    """Hold home and ledger while the block runs; the hold ends with the process, whatever ends it.

    Raises:
        StateError: another service holds one of them, or the database does not answer.
        OutputError: the home cannot be made.
    """
    with ExitStack() as held:
        held.enter_context(_home(settings.home))
        if settings.ledger:
            held.enter_context(_database(settings.ledger_url))
        yield


@contextmanager
def _home(home: Path) -> Iterator[None]:
    lock = FileLock(home / "service.lock")
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise StateError(
            f"{home}: another service works with this home",
            hint="stop that one first, or give this one another --home",
        ) from None
    except OSError as error:
        raise OutputError(
            f"{home}: cannot be written to ({error.strerror})",
            hint="name another folder with --home or HISTOLOOP_HOME",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _database(url: str) -> Iterator[None]:
    engine = engine_of(url)
    try:
        if engine.dialect.name != "postgresql":
            yield
            return
        with connected(engine) as connection:
            if not connection.scalar(sql.text(f"SELECT pg_try_advisory_lock({_LOCK})")):
                place = f"{engine.url.host}/{engine.url.database}"
                raise StateError(
                    f"{place}: another service works with this ledger",
                    hint="stop that one first, or name another database in HISTOLOOP_LEDGER",
                )
            yield
    finally:
        engine.dispose()
