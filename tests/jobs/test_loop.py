"""The whole loop, as `histoloop demo --once` goes it, in small."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from histoloop.cli.demonstration import once
from histoloop.jobs.loop import PAGE, LoopPlan
from histoloop.models.registry import BUNDLED, ModelRegistry
from histoloop.training.gate_decision import read_decision
from histoloop.training.locked_test import LockedTest
from histoloop.training.snapshot import read_snapshot

SMALL = LoopPlan(
    side=512,
    margin=64,
    corrected=2,
    tested=2,
    course={"epochs": 2, "steps": 15, "batch": 2, "learning_rate": 1e-3},
)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def said(home) -> str:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("typer.echo", lambda line, **_: lines.append(line))
        once(home, SMALL)
    return "\n".join(lines)


def test_it_says_the_dice_on_locked_truth_before_and_after_and_the_decision(said, home):
    before, after = re.search(r"locked truth ([\d.]+) before, ([\d.]+) after", said).groups()
    registry = ModelRegistry(home)
    candidate = registry.get("tumor@candidate") if "kept" in said else registry.get("tumor")
    decision = read_decision(home, "tumor", candidate.card.version)
    assert decision.words in said
    (tumor,) = decision.classes
    assert f"{tumor.mean.active:.3f}" == before
    assert f"{tumor.mean.challenger:.3f}" == after
    assert float(before) < 0.9, "the situation must leave something to learn"
    assert float(after) > float(before)
    assert decision.promoted


def test_it_learns_from_the_consensus_of_three_and_tests_on_others(said, home):
    folder = home / "once" / "round-1"
    snapshot = read_snapshot(folder / "retrain" / "snapshot")
    assert {one.consensus for one in snapshot.rois} == {"majority"}
    assert [len(one.raters) for one in snapshot.rois] == [3, 3]
    assert all(one.corrected > 0 for one in snapshot.rois)
    card = ModelRegistry(home).get("tumor").card
    assert card.training["snapshot"] == snapshot.digest
    assert card.training["patients"]["train"] == ["overstained-1000", "overstained-1001"]
    assert LockedTest.of(home, "tumor").read().patients == {"overstained-1", "overstained-2"}
    bundled = json.loads((BUNDLED / "tumor" / "card.json").read_text())
    assert card.parent == f"tumor@{bundled['version']}"


def test_the_page_shows_all_of_it_and_what_it_shows_is_there(said, home):
    folder = home / "once" / "round-1"
    page = (folder / PAGE).read_text()
    assert f"→ {folder / PAGE}" in said
    for title in ("The gate", "The locked test, before and after", "The annotators"):
        assert f"<h2>{title}</h2>" in page
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    pictures = [folder / one for one in links if not one.endswith(".html")]
    assert len(pictures) == 4
    for one in pictures:
        Image.open(one).verify()
    assert (folder / "agreement" / "index.html").is_file()
