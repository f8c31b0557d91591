"""Room on the disk for a run, before it begins: of the disk, and of what runs may take."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from histoloop.config import Settings
from histoloop.errors import OutputError
from histoloop.jobs.estimate import room_needed
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.plan import Plan
from histoloop.jobs.retention import FRESH, GB, prune, used

LEAST_ROOM = 2**30
"""Bytes on the home's disk that stay free: the ledger and what people draw lie there, too."""


@dataclass(frozen=True)
class Room:
    """Bytes that there are.

    Attributes:
        disk: free, on the home's; granted: of what runs may take, with what old ones would make
            room for; `None`: all of the disk.
    """

    disk: int
    granted: int | None

    def holds(self, needed: int) -> bool:
        """Whether a run of so many bytes fits."""
        return self.disk - needed > LEAST_ROOM and (self.granted is None or needed <= self.granted)

    @property
    def free(self) -> int:
        """The less of both."""
        return self.disk if self.granted is None else max(0, min(self.disk, self.granted))


def room(settings: Settings, ledger: Ledger) -> Room:
    """What a run that is asked for now would find."""
    return Room(shutil.disk_usage(settings.home).free, _granted(settings, ledger))


def make_room(settings: Settings, ledger: Ledger, plan: Plan, out: Path) -> None:
    """Put old runs away where this one needs their room and the settings limit it.

    Args:
        out: folder of the run; what it has finished before is not needed again.

    Raises:
        OutputError: there would not be enough.
    """
    needed = max(0, room_needed(plan) - used_in(out))
    found = room(settings, ledger)
    if not found.holds(needed):
        raise _cramped(settings, plan, needed, found)
    if settings.runs_gb is not None:
        most = max(0, int(settings.runs_gb * GB) - needed)
        prune(settings, ledger, FRESH, most, why="to make room for newer runs")


def used_in(out: Path) -> int:
    """Bytes of what lies in a run's folder."""
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def _granted(settings: Settings, ledger: Ledger) -> int | None:
    if settings.runs_gb is None:
        return None
    old = prune(settings, ledger, FRESH, 0, dry=True)
    return int(settings.runs_gb * GB) - used(settings) + sum(one.bytes for one in old)


def _cramped(settings: Settings, plan: Plan, needed: int, found: Room) -> OutputError:
    said = f"{plan.slide.name}: needs up to {needed / GB:.1f} GB while it runs, "
    if found.granted is None or found.disk - needed <= LEAST_ROOM:
        left = max(0, found.disk - LEAST_ROOM) / GB
        return OutputError(
            f"{said}and the home's disk has {left:.1f} GB to give",
            hint="make room there, by `histoloop runs prune` for one, then run it again",
        )
    left = max(0, found.granted) / GB
    return OutputError(
        f"{said}and of the {settings.runs_gb:g} GB that runs may take {left:.1f} GB can be had: "
        "the others run, are kept, or were looked at in the last day",
        hint="let some go (`histoloop runs list`), or raise HISTOLOOP_RUNS_GB; then run it again",
    )
