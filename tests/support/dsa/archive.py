"""Opens a filled DSA for a block of code; its data lie in the cache and go when the block ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tests.support.dsa.cache import cache_folder
from tests.support.dsa.install import Flavour, install
from tests.support.dsa.processes import StartError
from tests.support.dsa.provision import Archive, provision
from tests.support.dsa.stack import Stack

PLUGIN = Path(__file__).parents[3] / "plugin"


def our_plugins() -> list[Path]:
    """The folder of HistoLoop's plugin for Girder, if it is there and wanted."""
    wanted = not os.environ.get("HISTOLOOP_DSA_WITHOUT_PLUGIN")
    return [PLUGIN] if wanted and (PLUGIN / "pyproject.toml").exists() else []


@contextmanager
def open_archive(
    flavour: Flavour = "girder3",
    plugins: Sequence[Path] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Archive]:
    """A new DSA of that flavour, with our plugin unless `plugins` (source folders) are given.

    `environment` reaches Girder's process. Raises UnavailableError where a DSA cannot run,
    StartError when a server does not come up.
    """
    installation = install(flavour)
    chosen = our_plugins() if plugins is None else plugins
    with data_folder() as folder, ExitStack() as opened:
        with _hint(chosen):
            stack = Stack(installation, folder, chosen, environment)
            opened.callback(stack.close)
            stack.start()
        yield provision(stack)


@contextmanager
def _hint(plugins: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except StartError as problem:
        if PLUGIN in plugins:
            problem.add_note("HISTOLOOP_DSA_WITHOUT_PLUGIN=1 leaves HistoLoop's plugin out.")
        raise


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for the data of one stack; those of processes that were killed are removed."""
    runs = cache_folder() / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "lock"):
        for left in runs.glob("run-*"):
            _remove_if_abandoned(left)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
        held = FileLock(folder / "held")
        held.acquire()
    try:
        yield folder
    finally:
        held.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        with FileLock(folder / "held", timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        pass
