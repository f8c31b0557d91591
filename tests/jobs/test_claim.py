"""A hold on a ledger outlives the connection to a PostgreSQL server, or is said to be lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql

from histoloop.config import Settings, settings
from histoloop.errors import StateError
from histoloop.jobs import claim
from histoloop.jobs.claim import looked_after
from histoloop.jobs.database import connected, engine_of

HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
HOLDERS += "(SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
def said(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(claim, "_LOOK_S", 0.2)
    return settings(home=tmp_path / "home", slides=tmp_path, ledger=postgres_url)


@pytest.fixture
def ask(postgres_url: str) -> Iterator[Callable[[str], object]]:
    """Asks the database by a connection of its own."""
    engine = engine_of(postgres_url)
    with connected(engine) as connection:
        yield lambda query: connection.scalar(sql.text(query))
    engine.dispose()


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_connection_that_is_lost_is_made_again_and_others_stay_out(
    said: Settings, ask: Callable[[str], object], tmp_path: Path
) -> None:
    elsewhere = said.model_copy(update={"home": tmp_path / "other"})
    with looked_after(said) as hold:
        first = ask(HOLDERS)
        ask(f"SELECT pg_terminate_backend({first})")
        until(lambda: ask(HOLDERS) not in (None, first))
        hold.check()
        with pytest.raises(StateError, match="another service"), looked_after(elsewhere):
            pass
    with looked_after(elsewhere) as hold:
        hold.check()


def test_who_was_overtaken_is_told(
    said: Settings, ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "_LOOK_S", 3.0)  # slower than the other, on any machine
    with looked_after(said) as hold:
        hold.check()
        ask(f"SELECT pg_terminate_backend({ask(HOLDERS)})")
        until(lambda: ask(f"SELECT pg_try_advisory_lock({claim._LOCK})"))
        until(lambda: hold._lost)
        with pytest.raises(StateError, match="another service works with this ledger"):
            hold.check()
    assert ask(HOLDERS), "it did not take away what is another's"


def test_who_has_ended_has_let_go(said: Settings, ask: Callable[[str], object]) -> None:
    """At once: a server hears of a closed connection a while later."""
    for _ in range(20):
        with looked_after(said) as hold:
            hold.check()
        assert ask(HOLDERS) is None
