"""Ledgers of other versions: older ones are brought up to date, newer ones are let alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sql
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from histoloop.errors import StateError
from histoloop.jobs import schema
from histoloop.jobs.job import JobState, Priority, SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.tables import Base, JobRow

FIRST = """
CREATE TABLE jobs (
	id VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	slide VARCHAR NOT NULL,
	request JSON NOT NULL,
	state VARCHAR NOT NULL,
	run VARCHAR NOT NULL,
	created DATETIME NOT NULL,
	started DATETIME,
	finished DATETIME,
	heartbeat DATETIME,
	progress JSON NOT NULL,
	failure JSON,
	focus JSON,
	cancel_requested BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_jobs_run ON jobs (run);
CREATE INDEX ix_jobs_slide ON jobs (slide);
CREATE TABLE news (
	number INTEGER NOT NULL,
	job VARCHAR NOT NULL,
	boxes JSON NOT NULL,
	PRIMARY KEY (number),
	FOREIGN KEY(job) REFERENCES jobs (id)
);
CREATE INDEX ix_news_job ON news (job);
"""
"""As the first HistoLoop wrote it down."""

LATER = """
CREATE TABLE annotation_news (
	number INTEGER NOT NULL,
	item VARCHAR NOT NULL,
	annotation VARCHAR NOT NULL,
	user VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (number)
);
CREATE INDEX ix_annotation_news_item ON annotation_news (item);
INSERT INTO annotation_news VALUES (1, 'item', 'first', 'ada', '2026-11-25 10:00:00.000000');
"""


def old_ledger(path: Path, script: str) -> str:
    """A ledger with one running job in it; its address."""
    request = {"slide": "s1", "slide_name": "a.svs", "model": "tumor@1", "roi": [1, 2, 3, 4]}
    request |= {"threshold": 0.5, "user": "ada"}
    progress = {"stage": "predict", "done": 3, "total": 9, "tiles_per_s": 1.0, "eta_s": 6.0}
    row = (
        "j1",
        "segment",
        "s1",
        json.dumps(request),
        "running",
        "r1",
        "2026-11-24 09:00:00.000000",
    )
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
        database.execute(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL, NULL, 0)",
            (*row, row[-1], row[-1], json.dumps(progress)),
        )
        database.execute("INSERT INTO news VALUES (1, 'j1', '[[0, 0, 5, 5]]')")
        database.commit()
    return f"sqlite:///{path}"


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


@pytest.mark.parametrize("script", [FIRST, FIRST + LATER], ids=["first", "with annotation news"])
def test_an_older_ledger_is_brought_up_to_date_and_a_copy_is_kept(
    tmp_path: Path, script: str
) -> None:
    url = old_ledger(path := tmp_path / "ledger.sqlite", script)
    before = dump(path)
    with pytest.raises(StateError, match=r"older HistoLoop .*start the service"):
        Ledger(url)
    assert dump(path) == before, "only a service changes it"
    ledger = Ledger(url, migrate=True)
    job = ledger.get("j1")
    assert (job.state, job.priority, job.progress.done) == (JobState.RUNNING, Priority.NORMAL, 3)
    assert isinstance(job.request, SegmentRequest)
    assert ledger.news("j1", 0)[0][0].width == 5
    assert len(ledger.annotation_news("item")) == (script != FIRST)
    assert ledger.last_begun(["ada", "bob"]).keys() == {"ada"}
    assert dump(tmp_path / "ledger-0001.sqlite") == before
    Ledger(url, migrate=True)
    assert len(list(tmp_path.glob("ledger-*"))) == 1, "there is nothing more to bring up to date"


def test_one_in_postgresql_is_brought_up_to_date_too(postgres_url: str) -> None:
    engine = sql.create_engine(postgres_url)
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {"id": "j1", "kind": "segment", "slide": "s1", "run": "r1", "state": "done"}
        row |= {"created": datetime(2026, 1, 1), "progress": {"stage": "done"}}
        asked = {"slide": "s1", "slide_name": "a", "model": "m@1", "roi": None, "threshold": 0.5}
        row |= {"request": asked | {"user": "ada"}, "cancel_requested": False}
        first = [column for column in JobRow.__table__.columns if column.name in row]
        connection.execute(sql.insert(sql.table("jobs", *map(_plain, first))).values(row))
    with pytest.raises(StateError, match="older HistoLoop"):
        Ledger(postgres_url)
    ledger = Ledger(postgres_url, migrate=True)
    assert ledger.get("j1").priority is Priority.NORMAL
    with engine.connect() as connection:
        assert connection.scalar(sql.select(JobRow.user)) == "ada"
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    ledger.close()
    engine.dispose()


def _plain(column: sql.Column[object]) -> sql.ColumnClause[object]:
    return sql.column(column.name, column.type)


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    Ledger(url)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9000'")
        database.commit()
    before = dump(tmp_path / "ledger.sqlite")
    for migrate in (False, True):
        with pytest.raises(StateError, match=r"newer HistoLoop \(version 9000, .*install that one"):
            Ledger(url, migrate=migrate)
    assert dump(tmp_path / "ledger.sqlite") == before
    assert not list(tmp_path.glob("ledger-*"))


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    url = old_ledger(path := tmp_path / "ledger.sqlite", FIRST)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE jobs SET request = '[]'")  # nothing of ours
        database.commit()
    before = dump(path)
    with pytest.raises(AttributeError):
        Ledger(url, migrate=True)
    assert dump(path) == before


def test_what_is_migrated_is_what_is_made_anew(tmp_path: Path) -> None:
    Ledger(old_ledger(tmp_path / "old.sqlite", FIRST), migrate=True)
    Ledger(f"sqlite:///{tmp_path / 'new.sqlite'}")
    for name in ("old", "new"):
        engine = sql.create_engine(f"sqlite:///{tmp_path / name}.sqlite")
        with engine.connect() as connection:
            found = MigrationContext.configure(connection)
            assert compare_metadata(found, Base.metadata) == []


def test_the_newest_version_is_the_last_of_the_migrations() -> None:
    scripts = ScriptDirectory(str(schema._MIGRATIONS))
    assert scripts.get_heads() == [schema.NEWEST]
