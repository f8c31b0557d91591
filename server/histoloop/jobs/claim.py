"""One service looks after a home and a ledger: two would hand out the same jobs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sql
from filelock import FileLock, Timeout

from histoloop.config import Settings
from histoloop.errors import OutputError, StateError
from histoloop.jobs.database import connected, engine_of

_LOCK = 0x4C454448
"""Of services, among the locks that a PostgreSQL server holds for whoever names them."""

_LOOK_S = 2.0
"""Between two looks at the connection that holds the lock."""

_END_S = 15.0
"""For the last look to end, where the database does not answer."""

_log = logging.getLogger(__name__)


class TakenError(StateError):
    """Another service looks after it."""


@dataclass
class Claim:
    """What says whether a service still looks after its home and ledger."""

    _lost: StateError | None = None

    def check(self) -> None:
        """Make sure that it does.

        Raises:
            StateError: another service has taken over.
        """
        if self._lost:
            raise self._lost

    def lose(self, error: StateError) -> None:
        """Another service has taken over."""
        self._lost = error


@contextmanager
def looked_after(settings: Settings) -> Iterator[Claim]:
    """Hold home and ledger while the block runs; the hold ends with the process, whatever ends it.

    A database that was away is held again as soon as it is back, unless another service was faster:
    the claim then says so.

    Raises:
        StateError: another service holds one of them, or the database does not answer.
        OutputError: the home cannot be made.
    """
    claim = Claim()
    with ExitStack() as held:
        held.enter_context(_home(settings.home))
        if settings.ledger:
            held.enter_context(_database(settings.ledger_url, claim))
        yield claim


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
def _database(url: str, claim: Claim) -> Iterator[None]:
    engine = engine_of(url)
    ending = threading.Event()
    try:
        if engine.dialect.name != "postgresql":
            yield
            return
        hold = _Hold(engine, claim)
        hold.take()
        watch = threading.Thread(target=hold.keep, args=(ending,), daemon=True)
        watch.start()
        try:
            yield
        finally:
            ending.set()
            watch.join(_END_S)
            hold.give_back()
    finally:
        engine.dispose()


@dataclass
class _Hold:
    """A lock of a PostgreSQL server, which lasts as long as the connection that has taken it."""

    engine: sql.Engine
    claim: Claim
    _connection: ExitStack = field(default_factory=ExitStack)
    _ask: Callable[[str], object] = lambda _query: None

    def take(self) -> None:
        """Take it by a new connection.

        Raises:
            StateError: the database does not answer.
            TakenError: another service has it.
        """
        with ExitStack() as opened:
            connection = opened.enter_context(connected(self.engine))
            self._ask = lambda query: connection.scalar(sql.text(query))
            if not self._ask(f"SELECT pg_try_advisory_lock({_LOCK})"):
                place = f"{self.engine.url.host}/{self.engine.url.database}"
                raise TakenError(
                    f"{place}: another service works with this ledger",
                    hint="stop that one first, or name another database in HISTOLOOP_LEDGER",
                )
            self._connection = opened.pop_all()

    def keep(self, ending: threading.Event) -> None:
        """Take it again whenever its connection is lost, until it is another's."""
        while not ending.wait(_LOOK_S):
            try:
                self._ask("SELECT 1")
            except sql.exc.DBAPIError:
                _log.warning("the ledger's database is away")
                self.release()
                if not self._taken_again(ending):
                    return

    def give_back(self) -> None:
        """Let it go at once: a server hears of a closed connection a while later."""
        with suppress(sql.exc.SQLAlchemyError):  # it is another's, or the database is away
            self._ask("SELECT pg_advisory_unlock_all()")  # it may have been taken twice
        self.release()

    def release(self) -> None:
        """Leave the connection, if it is still there; with one that is broken the lock goes."""
        with suppress(sql.exc.DBAPIError):
            self._connection.close()

    def _taken_again(self, ending: threading.Event) -> bool:
        while not ending.is_set():
            try:
                self.take()
            except TakenError as error:
                _log.error("%s; this one ends", error)
                self.claim.lose(error)
                return False
            except (StateError, sql.exc.DBAPIError):
                ending.wait(_LOOK_S)
            else:
                _log.warning("the ledger's database is back")
                return True
        return False
