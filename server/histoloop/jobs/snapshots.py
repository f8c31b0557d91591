"""The training snapshots of a home: those put into ``HOME/datasets``, and those of retrainings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from histoloop.config import Settings
from histoloop.errors import DatasetError, NotFoundError, OutputError
from histoloop.jobs.retrain import SNAPSHOT
from histoloop.jobs.retrain_record import read_record
from histoloop.training.snapshot import MANIFEST, Snapshot, read_snapshot

_KNOWN = 64


@dataclass(frozen=True)
class Kept:
    """A snapshot and where it lies.

    Attributes:
        name: for people: of its folder, or of the retraining that has made it.
    """

    folder: Path
    name: str
    made: datetime
    snapshot: Snapshot


@dataclass(frozen=True)
class Shelf:
    """All of a home, newest first.

    Attributes:
        broken: why folders that look like snapshots are none.
    """

    kept: Sequence[Kept]
    broken: Sequence[DatasetError]

    def get(self, digest: str) -> Kept:
        """The snapshot of a digest.

        Raises:
            NotFoundError: there is none.
        """
        for one in self.kept:
            if one.snapshot.digest == digest:
                return one
        raise NotFoundError(f"no data set {digest!r}", hint="list the data sets again")


def shelf(settings: Settings) -> Shelf:
    """Look what is there; of copies of one snapshot, the oldest counts."""
    kept: dict[str, Kept] = {}
    broken: list[DatasetError] = []
    for manifest in sorted(_manifests(settings), key=lambda path: path.stat().st_mtime_ns):
        try:
            snapshot = _read(manifest.parent, manifest.stat().st_mtime_ns)
        except DatasetError as error:
            broken.append(error)
            continue
        made = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
        one = Kept(manifest.parent, _name(manifest.parent, settings), made, snapshot)
        kept.setdefault(snapshot.digest, one)
    return Shelf(list(kept.values())[::-1], broken)


def _manifests(settings: Settings) -> Iterator[Path]:
    folders = (*settings.datasets.glob("*"), *settings.runs.glob(f"*/{SNAPSHOT}"))
    # A draft has a name that begins with a dot.
    manifests = (one / MANIFEST for one in folders if not one.name.startswith("."))
    return (one for one in manifests if one.is_file())


def _name(folder: Path, settings: Settings) -> str:
    if folder.parent == settings.datasets:
        return folder.name
    try:
        record = read_record(folder.parent)
    except OutputError:
        record = None
    return f"retraining of {record.base}" if record else f"run {folder.parent.name}"


@lru_cache(maxsize=_KNOWN)
def _read(folder: Path, _changed: int) -> Snapshot:
    found = read_snapshot(folder)
    assert found is not None  # noqa: S101  (its manifest was there)
    return found
