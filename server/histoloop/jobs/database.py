"""The database that the ledger is in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sql

from histoloop.errors import OutputError, StateError
from histoloop.jobs import schema


def open_database(url: str, *, migrate: bool = False) -> sql.Engine:
    """A database whose tables are those of this version; an empty one gets them.

    Args:
        migrate: bring an older one up to date first, with a copy of it kept beside it.

    Raises:
        OutputError: its folder, or the copy, cannot be made.
        StateError: it cannot be opened or written to, or is of another version.
    """
    if url.startswith("sqlite:///"):
        _make_folder(Path(url.removeprefix("sqlite:///")).parent)
    engine = sql.create_engine(url, connect_args=_connect_args(url))
    if engine.dialect.name == "sqlite":
        sql.event.listen(engine, "connect", _write_ahead)
    try:
        if migrate:
            schema.bring_up_to_date(engine)
        schema.ensure(engine)
    except sql.exc.DatabaseError as error:
        raise StateError(
            f"{engine.url.database}: the ledger of jobs cannot be used ({error.orig})",
            hint="if it is damaged, put it back from a backup, or move it away: runs stay, "
            "jobs are forgotten",
        ) from error
    return engine


def _make_folder(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{home}: cannot be made ({error.strerror})",
            hint="name another folder with --home or HISTOLOOP_HOME",
        ) from error


def _connect_args(url: str) -> dict[str, Any]:
    return {"timeout": 30} if url.startswith("sqlite") else {}


def _write_ahead(connection: Any, _record: Any) -> None:
    """Readers do not wait for the writer."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
