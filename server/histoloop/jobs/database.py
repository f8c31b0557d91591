"""The database that the ledger is in: a file of SQLite, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from histoloop.errors import OutputError, StateError, UsageError
from histoloop.jobs import schema


def open_database(url: str, *, migrate: bool = False) -> sql.Engine:
    """A database whose tables are those of this version; an empty one gets them.

    Args:
        migrate: bring an older one up to date first, with a copy of it kept beside it.

    Raises:
        UsageError: the address makes no sense, or what speaks to such a database is missing.
        OutputError: its folder, or the copy, cannot be made.
        StateError: it cannot be opened or written to, or is of another version.
    """
    engine = engine_of(url)
    if engine.dialect.name == "sqlite" and engine.url.database:
        _make_folder(Path(engine.url.database).parent)
    with _one_error(engine):
        if migrate:
            schema.bring_up_to_date(engine)
        schema.ensure(engine)
    return engine


def engine_of(url: str) -> sql.Engine:
    """What connects to a database; nothing has been asked of it yet.

    Raises:
        UsageError: as for `open_database`.
    """
    try:
        address = sql.make_url(url)
        kind = address.get_backend_name()
    except (sql.exc.ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):  # the address is not repeated: a password is in it
        raise UsageError(
            "HISTOLOOP_LEDGER is no address of a PostgreSQL database",
            hint="postgresql+psycopg://user:password@host/name, with %40 for an @ in the password",
        )
    if kind == "sqlite":
        engine = sql.create_engine(address, connect_args={"timeout": 30})
        sql.event.listen(engine, "connect", _write_ahead)
        return engine
    try:
        return sql.create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,  # a server that was started again is found again
            connect_args={"connect_timeout": 10, "tcp_user_timeout": 15_000, "keepalives_idle": 15},
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "HISTOLOOP_LEDGER names PostgreSQL, and psycopg is not installed",
            hint='pip install "histoloop[postgres]"',
        ) from error


@contextmanager
def connected(engine: sql.Engine) -> Iterator[sql.Connection]:
    """A connection that commits by itself.

    Raises:
        StateError: there is none to be had.
    """
    with _one_error(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        yield connection


@contextmanager
def _one_error(engine: sql.Engine) -> Iterator[None]:
    try:
        yield
    except sql.exc.DatabaseError as error:
        if engine.dialect.name == "sqlite":
            hint = "if it is damaged, put it back from a backup, or move it away: runs stay, "
            hint += "jobs are forgotten"
        else:
            hint = "see that the server runs and lets this user in"
        place = "/".join(filter(None, (engine.url.host, engine.url.database)))
        raise StateError(
            f"{place}: the ledger of jobs cannot be used ({error.orig})", hint=hint
        ) from error


def _make_folder(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{home}: cannot be made ({error.strerror})",
            hint="name another folder with --home or HISTOLOOP_HOME",
        ) from error


def _write_ahead(connection: Any, _record: Any) -> None:
    """Readers do not wait for the writer."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
