"""A part is installed once, whole or not at all, whoever asks and however often."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.dsa.cache import UnavailableError, cache_folder, installed
from tests.support.dsa.fixtures import NewArchive
from tests.support.dsa.install import _run

ROOT = Path(__file__).parents[2]
INSTALL_SLOWLY = """\
import time
from tests.support.dsa.cache import installed

def make(folder):
    time.sleep(0.5)
    with (folder.parent / "made").open("a") as log:
        log.write("once\\n")

installed("part", ("1",), make)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HISTOLOOP_DSA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_tool(folder: Path) -> None:
    (folder / "tool").write_text("a tool")


def test_a_part_is_made_once_per_set_of_inputs(cache: Path) -> None:
    made: list[Path] = []
    folders = [installed("part", (pins,), made.append) for pins in ("1", "1", "2", "1")]
    assert folders[0] == folders[1] == folders[3] != folders[2]
    assert made == [folders[0], folders[2]]
    assert folders[0].parent == cache


def test_a_torn_installation_is_done_again() -> None:
    def tear(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installed("part", ("1",), tear)
    folder = installed("part", ("1",), write_tool)
    assert not (folder / "half").exists()
    assert (folder / "tool").read_text() == "a tool"


def test_processes_wait_for_each_other(cache: Path) -> None:
    command = [sys.executable, "-c", INSTALL_SLOWLY]
    at_work = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait(120) for process in at_work] == [0, 0, 0]
    assert (cache / "made").read_text() == "once\n"


def test_a_failing_installer_shows_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no space left'); raise SystemExit(3)"]
    with pytest.raises(UnavailableError, match=r"(?s)ended with 3.*no space left"):
        _run(command, tmp_path)


def test_the_cache_is_where_the_user_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HISTOLOOP_DSA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "histoloop" / "dsa"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "histoloop" / "dsa"


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip), ("true", pytest.fail)])
def test_where_no_dsa_can_run_tests_skip_and_in_ci_they_fail(
    new_dsa: NewArchive, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: Callable[[str], None]
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("tests.support.dsa.install._failures", {})
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome.Exception, match="Linux on x86-64 only"):
        new_dsa()
