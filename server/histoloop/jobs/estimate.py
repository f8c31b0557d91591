"""How long a segmentation will take here and how much room it needs, from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from histoloop.jobs.plan import Plan
from histoloop.jobs.report import Report
from histoloop.models.runtimes import choose

_NEWEST = 20
"""Runs that count: what a machine did long ago says little."""

_PYRAMID = 4 / 3
"""All levels of a pyramid hold so many times the pixels of its finest."""


class Measured(StrEnum):
    """What an estimate rests on."""

    RUNS = "runs"
    SAMPLES = "samples"


@dataclass(frozen=True)
class Estimate:
    """Seconds on the clock.

    Attributes:
        per_tile: of all that a run does, spread over its tiles.
        source: what was measured; runs: how many of them; tiles: how many in all.
    """

    seconds: float
    per_tile: float
    source: Measured
    runs: int
    tiles: int


def from_runs(plan: Plan, reports: Sequence[Report]) -> Estimate | None:
    """By earlier runs of the same weights, runtime and precision; `None` where there are none.

    Args:
        reports: newest first; those of other models, and of runs that were resumed, are left out.
    """
    asked = plan.parameters
    alike = [
        one
        for one in reports
        if one.model["digest"] == plan.model.card.digest
        and (one.runtime, one.precision, one.tta)
        == (choose(asked.runtime), asked.precision, asked.tta)
        and one.tiles["run"] > 0
        and one.tiles["resumed"] == 0
    ][:_NEWEST]
    if not alike:
        return None
    tiles = sum(one.tiles["run"] for one in alike)
    # All tiles count alike: what a small run spends on getting ready weighs little.
    each = sum(one.seconds["total"] for one in alike) / tiles
    return Estimate(each * len(plan.cells), each, Measured.RUNS, len(alike), tiles)


def from_samples(plan: Plan, seconds: Sequence[float], places: int) -> Estimate:
    """By tiles that were predicted just now, on one core each.

    Args:
        seconds: of each tile; places: predictions at a time.
    """
    each = sorted(seconds)[len(seconds) // 2] / max(1, places)
    return Estimate(each * len(plan.cells), each, Measured.SAMPLES, 0, len(seconds))


def room_needed(plan: Plan) -> int:
    """Bytes on disk at most, while it runs: shards, and the stored pyramid before compression."""
    tiling, classes = plan.grid.tiling, len(plan.labels)
    tile = tiling.reach**2 + _PYRAMID * tiling.step**2
    return int(len(plan.cells) * classes * tile)
