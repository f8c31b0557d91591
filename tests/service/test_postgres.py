"""A service whose ledger is in PostgreSQL, and what it says of the password: nothing."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sql
from tests.service.conftest import asked, finished
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.errors import StateError, UsageError
from histoloop.jobs.ledger import Ledger
from histoloop.service.app import create_app
from histoloop.service.checkup import examine
from histoloop.service.server import running


def test_jobs_run_and_a_second_service_is_refused(
    tissue_slide: Path, tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slides, home = tmp_path / "slides", tmp_path / "home"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    said = settings(slides=slides, home=home, port=0, workers=1, ledger=postgres_url)
    with running(said) as service:
        client = create_app(service.library).test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        job = finished(client, asked(client, slide, model="tiny@1", roi=[0, 0, 900, 700])["id"])
        assert (job["state"], job["failure"]) == ("done", None)
        assert client.get("/api/health/ready").status_code == 200
        elsewhere = said.model_copy(update={"home": tmp_path / "other"})
        with pytest.raises(StateError, match="another service works with this ledger"):
            running(elsewhere).__enter__()
    assert not (home / "ledger.sqlite").exists()
    with running(said) as service:
        assert service.library.ledger.get(job["id"]).state == "done"
    password = sql.make_url(postgres_url).password
    assert password
    assert password not in caplog.text + repr(said)


def test_the_doctor_looks_at_it_and_tells_no_password(postgres_url: str, tmp_path: Path) -> None:
    Ledger(postgres_url).close()
    url = sql.make_url(postgres_url)
    wrong = url.set(password="gehe1m").render_as_string(hide_password=False)
    for address, verdict in ((postgres_url, "works"), (wrong, "fails")):
        said = settings(home=tmp_path, ledger=address)
        found = next(one for one in examine(said) if one.name == "ledger")
        assert found.verdict == verdict, found
        assert "gehe1m" not in repr(found)
        assert str(url.password) not in repr(found)


@pytest.mark.parametrize(
    "address",
    [
        "postgres+nonsense://ada:gehe1m@host/name",
        "gehe1m",
        "mysql://ada:gehe1m@host/name",
        "postgresql+psycopg://ada:gehe1m@host:port/name",
    ],
)
def test_an_address_that_makes_no_sense_is_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="HISTOLOOP_LEDGER is no address") as raised:
        Ledger(address)
    assert "gehe1m" not in str(raised.value)
