"""How long runs stay: which may be put away, which are, and what a kill leaves to be finished.

Putting away is three steps: the ledger is told, which is when the service says so; the folder gets
a name that nobody looks for; what is in it is deleted. Whatever is killed between two of them,
`finish` does the rest. Annotations lie elsewhere and are never touched, nor is what a retraining
has left; data sets, models and reviews hold copies and refer to no run.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from histoloop.config import Settings
from histoloop.errors import NotFoundError, UsageError
from histoloop.jobs.job import RETRAIN, Job, JobState
from histoloop.jobs.kept_runs import note_put_away
from histoloop.jobs.ledger import Ledger, new_id
from histoloop.jobs.outputs import REPORT, SHARDS
from histoloop.jobs.retrain import SNAPSHOT

_log = logging.getLogger(__name__)

GB = 10**9

FRESH = timedelta(days=1)
"""What was looked at so recently makes no room for others: somebody may be at it."""

_AWAY = ".away-"
"""How a folder's name begins that is being deleted."""

_FOLDER = re.compile(r"([0-9a-f]{12})(?:~(\d+))?")
"""Of a run; anything else in its place is not ours."""


@dataclass(frozen=True)
class Stored:
    """What lies on the disk of a run.

    Attributes:
        folders: their names, the newest attempt's first.
        bytes: of all of them; job: whose run it is, `None` if the ledger knows none.
        stays: why it is not put away, for people; empty where it may be.
        wanted: when somebody last looked at it, or made it.
    """

    run: str
    folders: Sequence[str]
    bytes: int
    job: Job | None
    stays: str
    wanted: datetime

    @property
    def unwanted(self) -> bool:
        """Nobody has a result here to look at: of no job, or of one that came to nothing."""
        return self.job is None or self.job.state is not JobState.DONE

    @property
    def lost(self) -> Sequence[str]:
        """Folders of attempts that another has won, or of a run that was put away already."""
        job = self.job
        if job is None or job.kind == RETRAIN or not job.state.ended:
            return ()
        if job.gone:
            return self.folders
        if job.folder not in self.folders:
            return ()
        return self.folders[self.folders.index(job.folder) + 1 :]


def survey(settings: Settings, ledger: Ledger) -> list[Stored]:
    """All runs on the disk, in the order in which they would be put away."""
    found = defaultdict[str, list[tuple[int, str]]](list)
    for name in _folders(settings.runs):
        if match := _FOLDER.fullmatch(name):
            found[match[1]].append((int(match[2] or 1), name))
    # After the folders: of whatever job has made one of them, the ledger knows.
    jobs = {job.run: job for job in ledger.list()}
    stored = [
        _stored(settings.runs, run, [name for _, name in sorted(names, reverse=True)], jobs)
        for run, names in found.items()
    ]
    return sorted(stored, key=lambda one: (not one.unwanted, one.wanted))


def refuse_without(settings: Settings) -> None:
    """Make sure that there are runs, and not only a slip in the name of a home.

    Raises:
        NotFoundError: there are none.
    """
    if not settings.runs.is_dir():
        raise NotFoundError(
            f"{settings.runs}: there are no runs",
            hint="name the service's home with --home or HISTOLOOP_HOME",
        )


def used(settings: Settings) -> int:
    """Bytes that runs take; what is being deleted, or cannot be, drives no other out."""
    return sum(_size(settings.runs / name) for name in _folders(settings.runs))


def prune(
    settings: Settings,
    ledger: Ledger,
    older_than: timedelta = FRESH,
    to_bytes: int | None = None,
    *,
    why: str = "",
    orphans: bool = False,
    dry: bool = False,
) -> list[Stored]:
    """Put away runs that nobody has looked at for some time, and return those.

    Args:
        to_bytes: only so many that the others take no more; first what came to nothing, then what
            was looked at longest ago.
        why: for people; by default its age. dry: only say which.
        orphans: those of no job, too, which another ledger may know: one that was moved away, or
            is not back yet from a backup. Nobody can make them again.

    Raises:
        UsageError: ages and sizes are not negative.
    """
    if older_than < timedelta(0) or (to_bytes is not None and to_bytes < 0):
        raise UsageError("a negative age or size", hint="0 stands for all that may be put away")
    if not dry:
        finish(settings, ledger)
    taken = used(settings) if to_bytes is not None else 0
    gone, now = list[Stored](), datetime.now(UTC)
    for one in survey(settings, ledger):
        if to_bytes is not None and taken <= to_bytes:
            break
        age = now - one.wanted
        if one.stays or age < older_than or (one.job is None and not orphans):
            continue
        if dry or _put_away(settings, ledger, one, why or f"not looked at for {_days(age)}"):
            gone.append(one)
            taken -= one.bytes
    return gone


def finish(settings: Settings, ledger: Ledger) -> None:
    """Delete what a kill has left of runs that were put away, and attempts that others have won."""
    for name in _folders(settings.runs, away=True):
        if name.startswith(_AWAY):
            _delete(settings.runs / name)
    for one in survey(settings, ledger):
        _remove(settings.runs, one.lost)


def _put_away(settings: Settings, ledger: Ledger, one: Stored, why: str) -> bool:
    if one.job and not note_put_away(ledger, one.job, one.bytes, why):
        return False
    _remove(settings.runs, one.folders)
    name = one.job.request.slide_name if one.job else "no job"
    _log.info("run %s of %s was put away: %s (%.1f GB)", one.run, name, why, one.bytes / GB)
    return True


def _remove(runs: Path, names: Sequence[str]) -> None:
    for name in names:
        away = runs / f"{_AWAY}{name}-{new_id()}"
        try:
            (runs / name).rename(away)
        except FileNotFoundError:  # somebody else puts it away, or an attempt has moved it
            continue
        except OSError as error:  # one that is in the way is no reason to stop at the others
            _log.warning("%s cannot be put away (%s)", runs / name, error.strerror)
            continue
        _delete(away)


def _delete(away: Path) -> None:
    shutil.rmtree(away, ignore_errors=True)
    if away.exists():
        _log.warning("%s cannot be deleted: files in it are not the service's own", away)


def _stored(runs: Path, run: str, names: Sequence[str], jobs: dict[str, Job]) -> Stored:
    job = jobs.get(run)
    changed = datetime.fromtimestamp(max(_changed(runs / name) for name in names), UTC)
    taken = sum(_size(runs / name) for name in names)
    wanted = job.last_wanted if job else changed
    return Stored(run, names, taken, job, _stays(runs, names, job, jobs), wanted)


def _stays(runs: Path, names: Sequence[str], job: Job | None, jobs: dict[str, Job]) -> str:
    if any((runs / name / SNAPSHOT).exists() for name in names):
        return "a model was trained on what is in it"
    if job is None:
        # Without a ledger nobody knows what any of them is.
        return "" if jobs else "the ledger knows of no job at all"
    if job.kind == RETRAIN:
        return "is of a retraining"
    if not job.state.ended:
        return f"its job is {job.state}"
    return "is kept" if job.kept else ""


def _folders(runs: Path, *, away: bool = False) -> list[str]:
    with suppress(FileNotFoundError), os.scandir(runs) as entries:
        return [
            one.name
            for one in entries
            if one.is_dir(follow_symlinks=False) and (away or not one.name.startswith(_AWAY))
        ]
    return []


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # an attempt has moved it
        return datetime.now(UTC).timestamp()


def _size(folder: Path) -> int:
    """Bytes in a folder; a complete run, of thousands of files, is counted once."""
    if (folder / SHARDS).exists():  # which go last, when the report is there
        return bytes_in(folder)
    try:
        return _complete(folder, (folder / REPORT).stat().st_mtime_ns)
    except OSError:
        return bytes_in(folder)


@lru_cache(maxsize=10_000)
def _complete(folder: Path, _reported: int) -> int:
    return bytes_in(folder)


def bytes_in(folder: Path) -> int:
    """Of all files in a folder, as far as they are still there."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(Path(place) / name).st_size
    return total


def _days(age: timedelta) -> str:
    if age < timedelta(days=2):
        return f"{age.total_seconds() / 3600:.0f} hours"
    return f"{age.days} days"
