"""What works here is tried, and what does not is said with the way out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.test_bad_input import run

from histoloop.config import settings
from histoloop.service.checkup import Finding, Verdict, examine


def finding(name: str, **flags: object) -> Finding:
    return next(one for one in examine(settings(**flags)) if one.name == name)


def test_all_works_on_a_machine_that_is_set_up(
    home: Path, tissue_slide: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.json"
    done = run("doctor", "--home", home, "--slides", tissue_slide.parent, "--out", out)
    found = {one["name"]: one for one in json.loads(out.read_text())}
    assert done.returncode == 0, done.stdout
    assert {one["verdict"] for one in found.values()} == {"works"}
    assert "slides in" in found["folder of slides"]["said"]
    assert "predicts a tile" in found["model"]["said"]
    assert all(name in done.stdout for name in found)


def test_what_fails_has_a_way_out_and_ends_with_1(tmp_path: Path) -> None:
    done = run(
        *("doctor", "--home", tmp_path, "--slides", tmp_path / "none"),
        *("--scheduler", "tcp://127.0.0.1:1"),
    )
    assert done.returncode == 1
    assert "✗ folder of slides" in done.stdout
    assert "✗ scheduler        no Dask scheduler answers" in done.stdout
    assert "→ start one with `dask scheduler`" in done.stdout


def test_a_damaged_ledger_is_found(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"what a torn disk has left" * 1000)
    found = finding("ledger", home=tmp_path)
    assert found.verdict is Verdict.FAILS
    assert "ledger.sqlite" in found.said
    assert "backup" in found.hint
    done = run("serve", "--home", tmp_path, "--slides", tmp_path, "--port", 0)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be used" in done.stderr


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=2**20))
    assert finding("home", home=tmp_path).verdict is Verdict.FAILS


def test_no_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTOLOOP_DSA", "http://127.0.0.1:1")
    monkeypatch.setenv("HISTOLOOP_DSA_KEY", "a-key-that-nobody-may-see")
    done = run("doctor", "--home", tmp_path, "--out", tmp_path / "found.json")
    assert done.returncode == 1
    assert "✗ archive" in done.stdout
    said = done.stdout + done.stderr + (tmp_path / "found.json").read_text()
    assert "a-key-that-nobody-may-see" not in said
