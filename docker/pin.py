"""Writes down, pinned, what the images install: run it when pyproject.toml has changed.

    python3.12 docker/pin.py

It wants the Python of the images, on Linux x86-64, and a pip of 25.1 or later. All lists are
resolved in one go, so that a scheduler and its workers have the same versions of the same parts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = "# Written by docker/pin.py from pyproject.toml.\n"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

LISTS = {
    "histoloop/requirements-cpu.txt": [
        *PROJECT["dependencies"],
        *EXTRAS["postgres"],
        *EXTRAS["cpu"],
    ],
    "histoloop/requirements-gpu.txt": [
        *PROJECT["dependencies"],
        *EXTRAS["postgres"],
        *EXTRAS["gpu"],
    ],
    "slicer-cli/requirements.txt": ["girder-slicer-cli-web==1.5.14"],
}


def wanted(requirements: list[str]) -> list[str]:
    """Without references to our own extras: OpenVINO is put in where the CPU computes.

    Where it is installed it is what predicts, so a GPU would have nothing to do.
    """
    own = "histoloop[openvino]"
    if own not in requirements:
        return requirements
    on_gpu = any("and-cuda" in one for one in requirements)
    others = [one for one in requirements if one != own]
    return others if on_gpu else [*others, *EXTRAS["openvino"]]


def resolve(requirements: list[str], agreed: dict[str, str]) -> dict[str, str]:
    """Names and versions of all that the requirements need, those that are agreed as they are."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(lines(agreed))
        constraints.flush()
        flags = ["--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
        flags += ["--constraint", constraints.name]
        report = subprocess.run(  # noqa: S603  (our own interpreter, our own list)
            [sys.executable, "-m", "pip", "install", *flags, *requirements],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    found = (one["metadata"] for one in json.loads(report)["install"])
    return {one["name"].lower().replace("_", "-"): one["version"] for one in found}


def lines(pins: dict[str, str]) -> str:
    """As pip reads them."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def main() -> None:
    """Write every list."""
    pins: dict[str, str] = {}
    for path, requirements in LISTS.items():
        pins = resolve(wanted(requirements), pins if path.startswith("histoloop/") else {})
        (ROOT / "docker" / path).write_text(HEAD + lines(pins))


if __name__ == "__main__":
    main()
