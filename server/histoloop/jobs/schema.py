"""The version of the ledger: an older one is brought up to date, a newer one refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sql

from histoloop.errors import OutputError, StateError
from histoloop.jobs.tables import Base

NEWEST = "0004"
"""The version of this HistoLoop; the last of `migrations/versions`."""

_FIRST = "0001"
"""Of ledgers that do not say theirs."""

_MIGRATIONS = Path(__file__).parent / "migrations"

_VERSION = sql.Table(  # as Alembic has it
    "alembic_version", sql.MetaData(), sql.Column("version_num", sql.String(32), primary_key=True)
)


def ensure(engine: sql.Engine) -> None:
    """Make sure that the ledger is of this version; an empty database is made one.

    Raises:
        StateError: it is of an older version, or of a newer one.
    """
    found = _version(engine)
    if found is None:
        with _alone(engine) as connection:
            if _said(connection) is None:  # nobody was faster
                Base.metadata.create_all(connection)
                _VERSION.create(connection)
                connection.execute(sql.insert(_VERSION).values(version_num=NEWEST))
        return
    _refuse_newer(found)
    if found != NEWEST:
        raise StateError(
            f"the ledger of jobs is of an older HistoLoop (version {found}, this one has {NEWEST})",
            hint="start the service: it keeps a copy and brings the ledger up to date",
        )


def bring_up_to_date(engine: sql.Engine) -> Path | None:
    """Migrate an older ledger; the copy that was kept of it, where it is a file.

    Raises:
        StateError: it is of a newer version.
        OutputError: no copy can be made.
    """
    found = _version(engine)
    if found is None or found == NEWEST:
        return None
    _refuse_newer(found)
    from alembic import command
    from alembic.config import Config

    kept = _copy(engine, found)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with _alone(engine) as connection:
        config.attributes["connection"] = connection
        if not sql.inspect(connection).has_table(_VERSION.name):
            command.stamp(config, found)
        command.upgrade(config, NEWEST)
    return kept


def _version(engine: sql.Engine) -> str | None:
    with engine.connect() as connection:
        return _said(connection)


def _said(connection: sql.Connection) -> str | None:
    """The version of what is there; `None`: nothing is."""
    tables = sql.inspect(connection)
    if tables.has_table(_VERSION.name):
        return connection.scalar(sql.select(_VERSION.c.version_num))
    return _FIRST if tables.has_table("jobs") else None


def _refuse_newer(found: str) -> None:
    if found > NEWEST:
        raise StateError(
            f"the ledger of jobs is of a newer HistoLoop (version {found}, this one has {NEWEST})",
            hint="install that one, or put back the copy that it kept beside the ledger",
        )


@contextmanager
def _alone(engine: sql.Engine) -> Iterator[sql.Connection]:
    """A transaction that all of it is in, or nothing; whoever comes meanwhile waits."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # The driver would begin none before a table is changed.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        yield connection
        connection.commit()


_LOCK = 0x4C454447
"""Of migrations, among the locks that a PostgreSQL server holds for whoever names them."""


def _copy(engine: sql.Engine, version: str) -> Path | None:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    ledger = Path(engine.url.database)
    kept = ledger.with_name(f"{ledger.stem}-{version}{ledger.suffix}")
    number = 1
    while kept.exists():
        number += 1
        kept = ledger.with_name(f"{ledger.stem}-{version}-{number}{ledger.suffix}")
    try:
        with closing(sqlite3.connect(ledger)) as there, closing(sqlite3.connect(kept)) as copy:
            there.backup(copy)
    except (sqlite3.Error, OSError) as error:
        raise OutputError(
            f"{kept}: the ledger cannot be copied before it is brought up to date ({error})",
            hint="look at the disk of the home folder",
        ) from error
    return kept
