"""The Dockerfiles: linted, and what they promise: pins, no root, health checks, no stray files."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.docker.dockerfiles import PATHS, ROOT, STAGES, lineage, results
from tests.support.dsa.install import HERE as DSA
from tests.support.dsa.install import NODE

HADOLINT = Path(sys.executable).with_name("hadolint")
LISTS = sorted((ROOT / "docker").glob("*/requirements*.txt"))
IMAGES = [(path, name) for path in PATHS for name in results(path)]
MAKERS = packages_distributions()
SLIM = {"c", "dl", "gcc_s", "m", "pthread", "resolv", "rt", "stdc++", "util", "z"}
"""System libraries that python:3.12-slim has and that wheels link to."""


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    found = [re.fullmatch(r"([\w.-]+)==([\w.+!]+)", line) for line in lines]
    assert all(found), path
    return {canonicalize_name(one[1]): one[2] for one in found}


def test_every_image_is_there() -> None:
    assert {name for _, name in IMAGES} == {
        "service",
        "worker-cpu",
        "worker-gpu",
        "dsa",
        "slicer-cli",
    }


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint comes for Linux on x86-64 only")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
def test_hadolint_has_nothing_to_say(path: Path) -> None:
    done = subprocess.run([HADOLINT, "--no-color", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(("path", "name"), STAGES, ids=str)
def test_bases_are_pinned_to_a_patch_release(path: Path, name: str) -> None:
    base = STAGES[path, name].base
    assert (path, base) in STAGES or re.match(r"\w+:\d+\.\d+\.\d+-", base)
    assert (path, base) in STAGES or re.fullmatch(r"(python:\S+-slim-\w+|node:\S+-\w+-slim)", base)


@pytest.mark.parametrize(("path", "name"), IMAGES, ids=lambda one: str(one).split("/")[-1])
def test_an_image_is_not_root_and_says_how_it_fares(path: Path, name: str) -> None:
    line = lineage(path, name)
    user = next(one for stage in line for one in reversed(stage.all("USER")))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    checks = [one for stage in line for one in stage.all("HEALTHCHECK")]
    assert ("NONE" in checks[0]) == (name == "slicer-cli")  # which ends with its job


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    for stage in STAGES.values():
        for source in stage.sources():
            assert (ROOT / source).exists(), source
            assert source == "." or source.split("/")[0] in sent, source


@pytest.mark.parametrize("path", LISTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_lists_are_pinned_throughout(path: Path) -> None:
    assert len(pins(path)) > 5


@pytest.mark.parametrize(("name", "leaves_out"), [("cpu", set()), ("gpu", {"openvino", "nncf"})])
def test_lists_are_what_the_project_asks_for(name: str, leaves_out: set[str]) -> None:
    """Else run docker/pin.py."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pinned = pins(ROOT / "docker" / "histoloop" / f"requirements-{name}.txt")
    place = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.12"}
    for line in project["dependencies"] + extras[name] + extras["openvino"]:
        asked = Requirement(line)
        if asked.name == "histoloop" or (asked.marker and not asked.marker.evaluate(place)):
            continue
        found = pinned.get(canonicalize_name(asked.name))
        assert (found is None) == (asked.name in leaves_out), line
        assert found is None or asked.specifier.contains(found), f"{line}: {found}"


def test_whatever_our_package_imports_is_in_the_images() -> None:
    ours = sys.stdlib_module_names | {"histoloop", ""}
    given = pins(ROOT / "docker/histoloop/requirements-cpu.txt").keys()
    for path in (ROOT / "server" / "histoloop").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in {name.split(".")[0] for name in names} - ours:
                makers = {canonicalize_name(one) for one in MAKERS.get(module, ())}
                assert makers & given, f"{path.name} imports {module}: {makers}"


def test_schedulers_and_workers_have_the_same_versions() -> None:
    cpu, gpu = (pins(ROOT / f"docker/histoloop/requirements-{one}.txt") for one in ("cpu", "gpu"))
    common = cpu.keys() & gpu.keys()
    assert len(common) > 80
    assert {one: cpu[one] for one in common} == {one: gpu[one] for one in common}


def test_the_dsa_image_is_what_our_tests_run_against() -> None:
    image = pins(ROOT / "docker/dsa/requirements.txt")
    for line in (DSA / "requirements-girder3.txt").read_text().splitlines():
        if "==" in line:
            tested = Requirement(line)
            assert tested.specifier.contains(image[canonicalize_name(tested.name)]), line
    node = next(stage.base for (_, name), stage in STAGES.items() if name == "node14")
    assert NODE.split("@")[1] == node.removeprefix("node:").split("-")[0]


def test_the_viewer_is_built_with_a_node_that_it_supports() -> None:
    engines = json.loads((ROOT / "client/package.json").read_text())["engines"]
    node = next(stage.base for (_, name), stage in STAGES.items() if name == "viewer")
    assert Version(node.removeprefix("node:").split("-")[0]) in SpecifierSet(engines["node"])


@pytest.mark.skipif(sys.platform != "linux", reason="ldd is for Linux")
def test_wheels_need_no_library_that_slim_images_lack() -> None:
    """Looked at in our own environment, which is made of the same packages."""
    libraries: list[str] = []
    for name in pins(ROOT / "docker/histoloop/requirements-cpu.txt"):
        with suppress(PackageNotFoundError):  # what another version of a package needs
            libraries += [str(one.locate()) for one in files(name) or () if ".so" in one.name]
    assert len(libraries) > 100
    said = subprocess.run(["ldd", *libraries], capture_output=True, text=True).stdout
    needed = set(re.findall(r"=> /(?:usr/)?lib\S*/lib([\w+]+)\.so", said))
    assert {"c", "stdc++"} <= needed <= SLIM, needed - SLIM


@pytest.mark.parametrize("image", ["service", "worker-cpu", "worker-gpu", "dsa"])
def test_images_have_the_library_that_pylibtiff_looks_for(image: str) -> None:
    """It comes as source, and loads libtiff only when it runs, so that ldd does not show it."""
    (path,) = (path for path, name in IMAGES if name == image)
    packages = [one for stage in lineage(path, image) for one in stage.packages()]
    assert packages == ["libtiff6"]
    stages = [stage for (of, _), stage in STAGES.items() if of == path]
    makers = [stage for stage in stages if any("requirements" in one for one in stage.sources())]
    assert makers
    for maker in makers:
        assert "gcc" in [one for stage in lineage(path, maker.name) for one in stage.packages()]
