"""A Python environment on top of an installed one, so that stacks differ in their plugins.

It sees all packages of the installation and adds our plugins, editable. It has its own static
folder as well: a plugin copies its script there when Girder loads it.
"""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock
from tests.support.dsa.cache import cache_folder
from tests.support.dsa.install import Installation
from tests.support.dsa.processes import StartError


def make_overlay(installation: Installation, folder: Path, plugins: Iterable[Path]) -> Path:
    """The interpreter of a new environment in `folder`, with `plugins` (source folders) in it."""
    python = folder / "bin" / "python"
    _run([installation.python, "-m", "venv", "--without-pip", folder])
    below = sysconfig.get_path("purelib", "venv", {"base": str(installation.venv)})
    above = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    (above / "installation.pth").write_text(f"import site; site.addsitedir({below!r})\n")
    _mirror(installation.static, folder / "share" / "girder" / "static")
    for plugin in plugins:
        _install(python, plugin)
    return python


def _mirror(source: Path, target: Path) -> None:
    """Links to everything in `source`; the folder of the plugins' scripts is a real one."""
    if not source.is_dir():
        return
    shared = {Path(), Path("built"), Path("built/plugins")}
    for relative in sorted(shared):
        (target / relative).mkdir(parents=True, exist_ok=True)
        for entry in (source / relative).iterdir():
            if relative / entry.name not in shared:
                (target / relative / entry.name).symlink_to(entry)


def _install(python: Path, plugin: Path) -> None:
    """What builds a plugin is part of the installation, so this needs no network."""
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--editable"]
    with FileLock(cache_folder() / "plugins.lock", timeout=120):  # builds write into the source
        _run([python, "-m", "pip", "install", *flags, plugin])


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
