"""A private PostgreSQL server of the machine's own package; a plugin of `conftest`."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql
from tests.support.dsa.processes import Port

_BINARIES = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[sql.URL]:
    """The address of a server of this session; where none is installed, the test is skipped."""
    found = sorted(_BINARIES.glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL; `make postgres` installs it on Debian, as root")
    programs, password = found[-1].parent, secrets.token_hex(12)
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to be run by root
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    secret = home / "password"
    secret.write_text(password)
    if user:
        for path in (home, secret):
            shutil.chown(path, user)
    port = Port()
    init = [programs / "initdb", "--pgdata", home / "data", "--username", "histoloop"]
    init += ["--auth", "scram-sha-256", "--pwfile", secret, "--no-sync"]
    subprocess.run(list(map(str, init)), check=True, capture_output=True, user=user, cwd=home)
    serve = [programs / "postgres", "-D", home / "data", "-p", port.number, "-k", home, "-F"]
    with (home / "log").open("wb") as log:
        command = [*map(str, serve), "-c", "listen_addresses=127.0.0.1"]
        server = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=home)
    url = sql.URL.create(
        "postgresql+psycopg", "histoloop", password, "127.0.0.1", port.number, "postgres"
    )
    try:
        _wait(url, home / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # SIGTERM would wait for whoever is still connected
        server.wait(120)
        port.release()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: sql.URL) -> str:
    """The address of an empty database, with its password in it."""
    name = f"d{secrets.token_hex(6)}"
    engine = sql.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgres.set(database=name).render_as_string(hide_password=False)


def _wait(url: sql.URL, log: Path) -> None:
    engine = sql.create_engine(url)
    end = time.monotonic() + 180
    while True:
        try:
            engine.connect().close()
            engine.dispose()
            return
        except sql.exc.OperationalError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
