"""Room on the disk for a run, before it begins: of the disk, and of what runs may take.

Each run that is at work was promised what it needs at most: several that begin at once do not
count on the same room.
"""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from histoloop.config import Settings
from histoloop.errors import OutputError
from histoloop.jobs.context import Listener, Progress
from histoloop.jobs.estimate import room_needed
from histoloop.jobs.job import Job, JobState
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.outputs import PROMISE, REPORT, unwritable
from histoloop.jobs.plan import Plan
from histoloop.jobs.retention import FRESH, GB, bytes_in, prune, used
from histoloop.jobs.turns import urgency

LEAST_ROOM = 2**30
"""Bytes on the home's disk that stay free: the ledger and what people draw lie there, too."""


WAITING = "room"
"""The stage of a run that waits for others to let room go."""

_LOOK_S, _LOOKS = 0.25, 8


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

    def with_more(self, bytes: int) -> Room:
        """With so many more, of both."""
        return Room(self.disk + bytes, None if self.granted is None else self.granted + bytes)

    @property
    def free(self) -> int:
        """The less of both."""
        return max(0, self.disk if self.granted is None else min(self.disk, self.granted))


@dataclass(frozen=True)
class _Work:
    """Runs that are at work, of those that were promised their room.

    Attributes:
        promised: bytes that they may still take; held: bytes that they have, and may let go.
    """

    promised: int = 0
    held: int = 0


def room(settings: Settings, ledger: Ledger) -> Room:
    """What a run that is asked for now would find."""
    return _left(settings, ledger, _at_work(settings, ledger))


def make_room(
    settings: Settings, ledger: Ledger, plan: Plan, out: Path, listener: Listener
) -> None:
    """Put old runs away where this one needs their room, and promise it that room.

    While only runs at work are in the way, it waits for them, and for older ones that wait so.

    Args:
        out: folder of the run; what it has finished before is not needed again.

    Raises:
        OutputError: there would not be enough.
        CancelledError: the listener's ``check`` said so.
    """
    while not _is_promised(settings, ledger, plan, out):
        listener.progress(Progress(WAITING))
        for _ in range(_LOOKS):
            listener.check()
            time.sleep(_LOOK_S)


def _is_promised(settings: Settings, ledger: Ledger, plan: Plan, out: Path) -> bool:
    """One at a time: what one was promised the next finds taken."""
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(settings.home / "room.lock", timeout=_LOOK_S))
        except Timeout:  # who holds it may be stopped: come again, and hear of a cancel meanwhile
            return False
        (out / PROMISE).unlink(missing_ok=True)  # who waits is in nobody's way
        has = bytes_in(out)
        needed = max(0, room_needed(plan) - has)
        work = _at_work(settings, ledger, out)
        found = _left(settings, ledger, work)
        if not found.holds(needed):
            if found.with_more(work.promised + work.held).holds(needed):
                return False
            raise _cramped(settings, plan, needed, found)
        if _is_behind(settings, ledger, out):
            return False
        if settings.runs_gb is not None:
            most = max(0, int(settings.runs_gb * GB) - needed - work.promised)
            prune(settings, ledger, FRESH, most, why="to make room for newer runs")
        _promise(out, needed + has)
    return True


def _is_behind(settings: Settings, ledger: Ledger, out: Path) -> bool:
    """Whether an older run, no less urgent, waits for room, which later ones would keep taking."""
    older = list[Job]()
    for job in ledger.unfinished():
        folder = settings.runs / job.folder
        if folder == out:
            return any(urgency(one) >= urgency(job) for one in older)
        waits = job.state is JobState.RUNNING and job.progress.stage == WAITING
        if waits and not (folder / PROMISE).exists():
            older.append(job)
    return False


def _promise(out: Path, bytes: int) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / PROMISE).write_text(str(bytes))
    except OSError as error:
        raise unwritable(out, error) from error


def _at_work(settings: Settings, ledger: Ledger, but: Path | None = None) -> _Work:
    promised = held = 0
    for job in ledger.unfinished():
        folder = settings.runs / job.folder
        if job.state is not JobState.RUNNING or folder == but:
            continue
        try:
            needs = int((folder / PROMISE).read_text())
        except (OSError, ValueError):  # it has not got so far, or is done with it
            continue
        has = bytes_in(folder)
        if not (folder / REPORT).exists():  # else it only lets go, or was killed meanwhile
            promised += max(0, needs - has)
        held += has
    return _Work(promised, held)


def _left(settings: Settings, ledger: Ledger, work: _Work) -> Room:
    disk, granted = shutil.disk_usage(settings.home).free, None
    if settings.runs_gb is not None:
        old = sum(one.bytes for one in prune(settings, ledger, FRESH, 0, dry=True))
        granted = int(settings.runs_gb * GB) - used(settings) + old
    return Room(disk, granted).with_more(-work.promised)


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
