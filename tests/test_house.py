"""The rules of the house: what may import what, what loads when, how long things may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import histoloop

PACKAGE = Path(histoloop.__file__).parent
ROOMS = (
    ("errors", "config", "durable", "geometry", "logs"),
    ("slides",),
    ("tiling",),
    ("masks",),
    ("annotations",),
    ("models",),
    ("training",),
    ("jobs",),
    ("service", "cli"),
)
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported_rooms(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("histoloop."):
            yield node.module.split(".")[1]
        if isinstance(node, ast.ImportFrom) and node.module == "histoloop":
            yield from (alias.name for alias in node.names if alias.name in FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for other in imported_rooms(path):
        if room in FLOOR and other in FLOOR and room != other:
            assert FLOOR[other] <= FLOOR[room], f"{room} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.end_lineno - node.body[0].lineno + 1
            assert body <= 60, f"{node.name} has {body} lines"


def test_nothing_but_config_reads_the_environment() -> None:
    quiet = {"models/weights.py", "training/backend.py"}  # they set TensorFlow's log level
    for path in MODULES:
        name = path.relative_to(PACKAGE).as_posix()
        if name not in quiet | {"config.py"}:
            assert "os.environ" not in path.read_text(), name
            assert "getenv" not in path.read_text(), name


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import histoloop, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "histoloop" in loaded
    assert not {"tensorflow", "keras", "openvino", "flask"} & set(loaded)


def test_help_is_quick_to_load() -> None:
    code = "import histoloop.cli.main, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "openvino", "flask", "dask", "zarr", "cv2"} & set(loaded)
