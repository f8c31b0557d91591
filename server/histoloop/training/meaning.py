"""What the codes in a data set's masks stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED
from histoloop.training.bcss import Bcss, find_bcss, groups
from histoloop.training.mask_files import MaskContent
from histoloop.training.snapshot import (
    Snapshot,
    SnapshotClass,
    read_snapshot,
    truth_of_codes,
)

ALL = frozenset(range(256))


@dataclass(frozen=True, eq=False)
class Meaning:
    """Codes to classes.

    Attributes:
        table: ``(256,)`` class index, from 1, of each code; 0 for none, `IGNORED`.
        known: codes that a mask may hold.
    """

    table: NDArray[np.uint8]
    known: frozenset[int]

    def pixels(self, content: MaskContent) -> NDArray[np.int64]:
        """Of a mask, ``(256,)`` by class index."""
        found = np.bincount(self.table, weights=content.pixels, minlength=256)
        return found.astype(np.int64)

    def words(self) -> str:
        """The known codes, for people."""
        return ", ".join(map(str, sorted(self.known)))


def classes_of_data(data: Path, names: Iterable[str] | None) -> tuple[SnapshotClass, ...] | None:
    """The classes of a data set that says itself what its codes mean; `None` for another.

    Raises:
        UsageError: it has none of these names.
        DatasetError: a manifest is damaged.
    """
    if (snapshot := read_snapshot(data)) is not None:
        return snapshot.classes
    return groups(names) if find_bcss(data) else None


def meaning_of(
    data: Path, names: Sequence[str] | None, contents: Sequence[tuple[Path, MaskContent]]
) -> Meaning:
    """What masks of a data set mean.

    Args:
        names: of the classes; `None` where nobody says (then any code may be one).
        contents: of all masks: whether 255 is a class is a matter of all of them.

    Raises:
        DatasetError: some masks say 255 for the class and others 1.
    """
    if (snapshot := read_snapshot(data)) is not None:
        return of_snapshot(snapshot)
    if (bcss := find_bcss(data)) is not None:
        return of_bcss(bcss, names)
    return of_folder(len(names) if names else None, contents)


def of_snapshot(snapshot: Snapshot) -> Meaning:
    """As its manifest says."""
    codes = {int(row["code"]) for row in snapshot.gtcodes if "code" in row}
    codes |= {code for one in snapshot.classes for code in one.codes}
    return Meaning(truth_of_codes(snapshot.classes), frozenset(codes | {OUTSIDE, IGNORED}))


def of_bcss(bcss: Bcss, names: Iterable[str] | None) -> Meaning:
    """Its groups; outside the ROI nothing is known."""
    table = np.zeros(256, np.uint8)
    for index, one in enumerate(groups(names), start=1):
        table[list(one.codes)] = index
    table[[OUTSIDE, IGNORED]] = IGNORED
    return Meaning(table, bcss.known_codes() | {OUTSIDE, IGNORED})


def of_folder(classes: int | None, contents: Sequence[tuple[Path, MaskContent]]) -> Meaning:
    """Codes are class indices and 255 is not known; or 0 and 255 are all, and 255 is the class."""
    table = np.arange(256, dtype=np.uint8)
    known = ALL if classes is None else frozenset({*range(classes + 1), IGNORED})
    coded = [(path, one) for path, one in contents if one.codes - {0, IGNORED}]
    binary = [path for path, one in contents if IGNORED in one.codes <= {0, IGNORED}]
    if classes is not None and classes > 1:
        return Meaning(table, known)
    if coded and binary and not any(IGNORED in one.codes for _, one in coded):
        raise DatasetError(
            f"{binary[0]} and {len(binary) - 1} more masks hold 0 and 255, "
            f"{coded[0][0]} and {len(coded) - 1} more hold {_some(coded[0][1])}: "
            "nobody can say whether 255 is a class",
            hint="give all masks the same codes",
        )
    if not coded:
        table[255] = 1
        return Meaning(table, frozenset({0, 255}) if classes else ALL)
    return Meaning(table, known)


def _some(content: MaskContent) -> str:
    return ", ".join(map(str, sorted(content.codes)[:4]))
