"""The service on a real DSA, with a tiny model, for the tests of this folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.dsa.provision import Archive, Role
from tests.support.tiny_model import save_tiny_model, tiny_network

from histoloop.config import Settings, settings
from histoloop.models.card import ClassCard
from histoloop.service.app import create_app
from histoloop.service.server import Service, running

MODEL = "trio@1"
ROI = [1000, 1000, 1200, 900]
"""A piece of tissue in both BCSS slides: seconds of work."""

Visitor = Callable[[Role | None], FlaskClient]


def dsa_settings(home: Path, url: str, **changes: Any) -> Settings:
    """Of a service on a DSA at any free port."""
    plain = {"dsa": url, "home": home, "port": 0, "workers": 1, "dsa_patience_s": 0}
    return settings(**(plain | changes))


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a tiny model of three classes, to be copied."""
    home = tmp_path_factory.mktemp("model-home")
    names = ("tumor", "stroma", "necrosis")
    classes = tuple(
        ClassCard(name=name, code=code, color=f"#{60 * code:02x}4080")
        for code, name in enumerate(names, start=1)
    )
    network = tiny_network(classes=3, seed=4)
    save_tiny_model(home / "models" / "trio-1", network, name="trio", classes=classes)
    return home


@pytest.fixture
def new_home(model_home: Path, tmp_path: Path) -> Path:
    """A home of one test, with the model in it."""
    return Path(shutil.copytree(model_home, tmp_path / "home"))


@pytest.fixture(scope="module")
def served(
    dsa: Archive, model_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service on the session's DSA."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(model_home, home)
    with running(dsa_settings(home, dsa.stack.root_url, dsa_secret="between us")) as service:
        yield service


@pytest.fixture(scope="module")
def visitor(dsa: Archive, served: Service) -> Visitor:
    """Makes a client of the service that sends the token of a role, or none."""
    app = create_app(served.library)
    token = lru_cache(dsa.token)

    def visit(role: Role | None) -> FlaskClient:
        return signed_in(app.test_client(), token(role)) if role else app.test_client()

    return visit


def signed_in(client: FlaskClient, token: str) -> FlaskClient:
    """The client, sending this token from now on."""
    client.environ_base["HTTP_GIRDER_TOKEN"] = token
    return client


def asked(client: FlaskClient, slide: str, **changes: Any) -> dict[str, Any]:
    """A job of a small region, just queued."""
    body = {"slide": slide, "model": MODEL, "roi": ROI, "threshold": 0.3} | changes
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 202, answer.json
    return dict(answer.json)


def finished(client: FlaskClient, job: str, seconds: float = 240) -> dict[str, Any]:
    """A job once it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = client.get(f"/api/jobs/{job}").json
        if found["state"] not in ("queued", "running"):
            return dict(found)
        time.sleep(0.2)
    pytest.fail("the job does not end")


@contextmanager
def client_of(said: Settings, token: str) -> Iterator[FlaskClient]:
    """A client that has signed in to a service of its own."""
    with running(said) as service:
        yield signed_in(create_app(service.library).test_client(), token)
