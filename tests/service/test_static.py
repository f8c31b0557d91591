"""What a browser has to load before it shows anything."""

from __future__ import annotations

import gzip
import os

import pytest

from histoloop.service.app import STATIC

BUDGET = 1_000_000
"""Bytes, compressed: a second on a slow line."""


def test_the_viewer_is_light() -> None:
    if not (STATIC / "index.html").is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("the viewer is not built")
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < BUDGET
