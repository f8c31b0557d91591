"""A DSA whose plugin talks to a scripted service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from girder_client import GirderClient
from tests.plugin.service_double import ServiceDouble, serving
from tests.support.dsa.provision import Archive, Role

from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid

SECRET = "a secret for tests only"[:16].replace(" ", "-") + "-0123456789"


_clients: dict[tuple[str, Role], GirderClient] = {}


def client_of(archive: Archive, role: Role) -> GirderClient:
    """A client that has signed in once: the server takes its time over passwords."""
    key = archive.url, role
    if key not in _clients:
        _clients[key] = archive.client(role)
    return _clients[key]


def set_setting(archive: Archive, key: str, value: object) -> None:
    """A system setting, as an admin."""
    form = {"key": key, "value": json.dumps(value)}
    client_of(archive, "admin").put("system/setting", data=form)


def eventually(holds: Callable[[], object], within: float = 60.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def small_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plugin") / "small.tiff"
    pixels = np.random.default_rng(1).integers(90, 220, (400, 500, 3), np.uint8)
    write_pyramid(path, Size(500, 400), Mpp.square(0.5), [pixels])
    return path


@pytest.fixture(scope="session")
def slide(dsa: Archive, small_slide: Path) -> str:
    """The item of a slide in the private folder."""
    return dsa.upload(small_slide)


@pytest.fixture
def service(dsa: Archive) -> Iterator[ServiceDouble]:
    """The scripted service that the DSA's plugin talks to during a test."""
    with serving() as double:
        set_setting(dsa, "histoloop.service_url", double.url)
        client_of(dsa, "admin").put("histoloop/secret", json={"secret": SECRET})
        yield double
        for job in list(double.jobs):
            double.move(job, "cancelled")  # or the plugin would look for it in other tests
        eventually(lambda: not unfinished(dsa))
    client_of(dsa, "admin").put("histoloop/secret", json={"secret": ""})


def unfinished(archive: Archive) -> list[dict[str, object]]:
    """Girder's jobs of ours that have not ended."""
    query = {"types": json.dumps(["histoloop"]), "statuses": "[0, 1, 2]"}
    found: list[dict[str, object]] = client_of(archive, "admin").get("job/all", parameters=query)
    return found
