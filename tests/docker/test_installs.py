"""Every RUN line's install commands, run natively as far as they go without changing anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.docker.dockerfiles import ROOT, STAGES, Stage, lineage

HARMLESS = {"rm", "useradd", "install", "ln", "test", "find", "girder", "python"}
"""Programs of RUN lines that fetch nothing by themselves; `girder build` is what the tests of the
Digital Slide Archive are set up with."""

SOURCES = {
    # compiled: the stage has gcc
    *("pylibtiff",),
    # plain Python
    *("girder", "girder-client", "girder-homepage", "girder-jobs", "girder-worker"),
    *("girder-worker-utils", "pyvips"),
}
"""What PyPI has no wheel of."""

PIP = [sys.executable, "-m", "pip", "--quiet", "--no-input"]

pytestmark = pytest.mark.skipif(
    (sys.platform, os.uname().machine) != ("linux", "x86_64"), reason="images are for x86-64"
)


def installs() -> Iterator[tuple[Stage, str, list[str]]]:
    for (path, name), stage in STAGES.items():
        base = lineage(path, name)[-1].base
        for command in stage.commands():
            if command[0] not in HARMLESS:
                yield stage, base, command


def pip_installs() -> dict[str, tuple[Stage, str, list[str]]]:
    """Those that fetch: what comes out of the build itself needs nothing but the build."""
    return {
        f"{stage.image}-{stage.name}": (stage, base, words)
        for stage, base, words in installs()
        if words[:2] == ["pip", "install"] and "--no-deps" not in words
    }


PIP_INSTALLS = pip_installs()


def requirements(which: str) -> list[str]:
    """What is named, on the line itself or in a list that was copied before."""
    stage, _, words = PIP_INSTALLS[which]
    found = [word for word in words[2:] if "==" in word]
    for copied in stage.sources():
        if f"/build/{Path(copied).name}" in words:
            lines = (ROOT / copied).read_text().splitlines()
            found += [line for line in lines if line and line[0] != "#"]
    assert found
    return found


def metadata(wanted: list[str], flags: list[str], folder: Path) -> list[dict[str, Any]]:
    """What pip would install, as PyPI describes it; nothing is downloaded but descriptions."""
    folder.mkdir()
    flags = ["--dry-run", "--ignore-installed", "--no-deps", "--report", "report.json", *flags]
    run([*PIP, "install", *flags, *wanted], folder)
    report = json.loads((folder / "report.json").read_text())
    return [one["metadata"] for one in report["install"]]


def unmet(packages: list[dict[str, Any]], python: str) -> list[str]:
    """Requirements that none of the packages meets; extras count where something asks for them."""
    versions = {canonicalize_name(one["name"]): one["version"] for one in packages}
    requires = {canonicalize_name(one["name"]): one.get("requires_dist", []) for one in packages}
    waiting, seen, missing = [(name, "") for name in versions], set[tuple[str, str]](), list[str]()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        short = ".".join(python.split(".")[:2])
        place = {"extra": extra, "python_version": short, "python_full_version": python}
        for line in requires[name]:
            asked = Requirement(line)
            if asked.marker and not asked.marker.evaluate(place):
                continue
            other = canonicalize_name(asked.name)
            if other in versions and asked.specifier.contains(versions[other], prereleases=True):
                waiting += [(other, one) for one in asked.extras]
            else:
                missing.append(f"{name}: {line}, pinned {versions.get(other)}")
    return missing


def run(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_no_run_line_installs_in_a_way_that_is_not_checked() -> None:
    kinds = {tuple(words[:2]) for _, _, words in installs()}
    assert kinds == {
        ("apt-get", "update"),
        ("apt-get", "install"),
        ("npm", "ci"),
        ("npm", "run"),
        ("pip", "install"),
        ("pip", "wheel"),
    }


@pytest.mark.parametrize("which", PIP_INSTALLS)
def test_all_of_a_list_exists_as_wheels_and_fits_together(which: str, tmp_path: Path) -> None:
    """For the Python of the image, whichever runs this; what comes as source is known."""
    wanted = requirements(which)
    python = re.match(r"python:(\d+\.\d+\.\d+)", PIP_INSTALLS[which][1])[1]
    as_source = [one for one in wanted if one.split("==")[0] in SOURCES]
    for_image = ["--only-binary", ":all:", "--python-version", python, "--target", "."]
    wheels = [one for one in wanted if one not in as_source]
    packages = metadata(wheels, for_image, tmp_path / "wheels")
    if as_source:
        packages += metadata(as_source, [], tmp_path / "sources")
    assert len(packages) == len(wanted)
    if len(wanted) > 1:
        assert unmet(packages, python) == []


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no Debian")
@pytest.mark.parametrize(
    "base", sorted({base for _, base, one in installs() if one[0] == "apt-get"})
)
def test_debian_has_the_packages(base: str, tmp_path: Path) -> None:
    release = Path("/etc/os-release").read_text()
    if f"VERSION_CODENAME={base.split('-')[-1]}" not in release.splitlines():
        pytest.skip(f"this is another release than that of {base}")
    if os.geteuid() == 0 and not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        run(["apt-get", "update", "-qq"], tmp_path)
    for _, of, words in installs():
        if of == base and words[:2] == ["apt-get", "install"]:
            said = run(["apt-get", "install", "--simulate", *words[2:]], tmp_path)
            assert "libtiff6" in words or "gcc" in words
            assert not re.search(r"^Remv ", said, re.MULTILINE)


def test_a_list_that_does_not_fit_together_is_noticed() -> None:
    a = {"name": "a", "version": "1", "requires_dist": ["b[x]>=2", "c; python_version < '3.9'"]}
    b = {"name": "b", "version": "2", "requires_dist": ["d>1; extra == 'x'"]}
    d = {"name": "D", "version": "2"}
    assert unmet([a, b, d], "3.12.1") == []
    assert len(unmet([a, b, d], "3.8.1")) == len(unmet([a, b], "3.12.1")) == 1
    assert len(unmet([a, b | {"version": "1"}, d], "3.12.1")) == 1


def test_npm_takes_the_lock_file(tmp_path: Path) -> None:
    stage, words = next((stage, words) for stage, _, words in installs() if words[0] == "npm")
    first = next(one for one in stage.all("COPY") if "package-lock.json" in one)
    for source in first.split()[:-1]:
        shutil.copy(ROOT / source, tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no npm")
    assert words[:2] == ["npm", "ci"]
    said = run(["env", f"PATH={path}", npm, *words[1:], "--dry-run"], tmp_path)
    assert "added" in said
    assert not (tmp_path / "node_modules").exists()


@pytest.mark.parametrize(
    ("parts", "holds"),
    [
        (
            ["pyproject.toml", "README.md", "LICENSE", "server"],
            "histoloop/service/static/index.html",
        ),
        (["plugin"], "girder_histoloop/web_client/panel.js"),
    ],
)
def test_our_packages_are_built_from_what_is_copied(
    parts: list[str], holds: str, tmp_path: Path
) -> None:
    copied = {source for stage in STAGES.values() for source in stage.sources()}
    assert set(parts) <= copied
    for part in parts:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".mypy_cache")
            shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, tmp_path)
    source = tmp_path / "plugin" if parts == ["plugin"] else tmp_path
    wheels = tmp_path / "wheels"
    run([*PIP, "wheel", "--no-deps", "--wheel-dir", wheels, source], tmp_path)
    (wheel,) = wheels.glob("*.whl")
    assert holds in zipfile.ZipFile(wheel).namelist()
