"""Fixtures of a real Digital Slide Archive; a plugin of `conftest`.

    def test_something(dsa, dsa_slides):
        dsa.url                            # …/api/v1 of Girder 3.2 with HistomicsUI, our plugin in
        dsa.stack.histomics_url            # for a browser
        dsa.client("annotator")            # or "admin", "reader", "stranger": GirderClient
        dsa.token("reader"), dsa.api_key("annotator", days=0.01)
        dsa.people["reader"].password      # random
        dsa.folders["private"]             # folder ids; also "public"
        dsa.upload(path, "private")        # item id, already a large image
        dsa_slides["TCGA-A2-A0D2-DX1"]     # item ids of the BCSS slides, in the private folder
        dsa.stack.stop_girder(); dsa.stack.start_girder()    # same port and data; _mongo too
        dsa.stack.kill(); dsa.stack.start()                  # a power cut
        dsa.stack.rss, dsa.stack.pids      # {"girder": …, "mongod": …}

`dsa5` is the same on Girder 5, without HistomicsUI. One stack serves the whole session: leave it
running and leave what others have uploaded. A test that needs a stack of its own, or settings for
the plugin in Girder's environment, takes `new_dsa`:

    def test_alone(new_dsa):
        archive = new_dsa(environment={"HISTOLOOP_…": "…"})       # flavour="girder5", plugins=()

HistomicsUI in Chromium is in `browser`, a proxy that counts and makes things fail in `proxy`.

Tests that use any of these get the marker `dsa`. Where a DSA cannot run they skip, in CI they
fail. `HISTOLOOP_DSA_WITHOUT_PLUGIN=1` leaves our plugin out. The first run installs for minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.support.dsa import secrets
from tests.support.dsa.archive import open_archive
from tests.support.dsa.cache import UnavailableError
from tests.support.dsa.install import Flavour
from tests.support.dsa.provision import Archive

FIXTURES = {"dsa", "dsa5", "dsa_slides", "new_dsa"}

NewArchive = Callable[..., Archive]


@contextmanager
def _or_skip() -> Iterator[None]:
    try:
        yield
    except UnavailableError as reason:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"no Digital Slide Archive: {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("dsa")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test fails if a secret was said while it ran, by whatever process writes where it does."""
    report = yield
    if said := secrets.in_output(report.sections):
        report.outcome, report.longrepr = "failed", f"a secret is in: {', '.join(said)}"
        report.sections = []
    return report


@pytest.fixture(scope="session")
def dsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Girder 3.2 with HistomicsUI and our plugin.

    At its end, no password, token or key may lie in any log, file or record that others see.
    """
    with _or_skip(), open_archive("girder3") as archive, secrets.overheard() as leaks:
        yield archive
        leaks += secrets.in_the_database(archive.stack)
        leaks += secrets.in_files(tmp_path_factory.getbasetemp(), archive.stack.folder)
        assert secrets.KNOWN, "nothing was looked for"
        assert not leaks


@pytest.fixture(scope="session")
def dsa5() -> Iterator[Archive]:
    """Girder 5 with large_image and our plugin."""
    with _or_skip(), open_archive("girder5") as archive:
        yield archive


@pytest.fixture(scope="session")
def dsa_slides(dsa: Archive, bcss: dict[str, Path]) -> dict[str, str]:
    """Item ids of the BCSS slides, by name."""
    return {name: dsa.upload(path) for name, path in bcss.items()}


@pytest.fixture
def new_dsa() -> Iterator[NewArchive]:
    """Opens a DSA for one test; see `open_archive` for what may be chosen."""
    with ExitStack() as opened:

        def open_one(
            flavour: Flavour = "girder3",
            plugins: Sequence[Path] | None = None,
            environment: Mapping[str, str] | None = None,
        ) -> Archive:
            with _or_skip():
                return opened.enter_context(open_archive(flavour, plugins, environment))

        yield open_one
