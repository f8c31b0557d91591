"""A home whose gate has compared two versions of a model: `discs@1`, active, and `discs@2`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.discs import NAME, PLAN, train_base, write_data

from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.gate import Gate
from histoloop.models.admission import add
from histoloop.models.registry import ModelRegistry
from histoloop.training.gate_decision import Decision
from histoloop.training.locked_test import LockedTest


def write_gated(folder: Path) -> Decision:
    """Into ``folder/home``; the second version has learnt labels that lie elsewhere, and is kept
    out."""
    home, splits = folder / "home", {"train": [0, 1], "valid": [2], "test": [3, 4]}
    good = write_data(folder / "good", splits)
    bad = write_data(folder / "bad", splits, shuffle=True)
    train_base(home, good)
    train_base(
        home,
        bad,
        out=folder / "candidate",
        version=2,
        plan=replace(PLAN, epochs=2, steps=10),
    )
    registry = ModelRegistry(home)
    candidate = add(registry, folder / "candidate", "anna", "a try")
    LockedTest.of(home, NAME).grow(good, "anna")
    return Gate(home, ThreadExecutor(1), 0.02).pass_through(candidate, lambda _model, _slide: None)
