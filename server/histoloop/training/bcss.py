"""BCSS as it is published: `images`, `masks` of GT codes, `meta/gtruth_codes.tsv`.

Amgad et al. 2019, doi:10.1093/bioinformatics/btz083. Names are those of its download script:
``TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png``. Code 0 is outside the ROI.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from histoloop.errors import DatasetError, UsageError
from histoloop.geometry import Mpp, MppSource
from histoloop.slides.folder import SUFFIXES
from histoloop.training.pictures import Picture, mask_beside, patient_of, site_of
from histoloop.training.snapshot import SnapshotClass, Split
from histoloop.training.snapshot_split import Case, SplitBy, SplitPlan, split_cases

_WIDEST = 10_000_000
"""Base pixels of a side that no slide has."""

T = TypeVar("T")

GROUPS = (
    SnapshotClass(name="tumor", codes=(1, 19, 20), color="#e6194b"),
    SnapshotClass(name="stroma", codes=(2,), color="#00c48c"),
    SnapshotClass(name="inflammatory", codes=(3, 10, 11), color="#4363d8"),
    SnapshotClass(name="necrosis", codes=(4,), color="#f58231"),
    SnapshotClass(name="other", codes=(*range(5, 10), *range(12, 19), 21), color="#911eb4"),
)
"""As the results that were published on it have them."""

_IMAGES = ("images", "rgbs_colorNormalized", "rgbs")
_CODES = "gtruth_codes.tsv"
_NAME = re.compile(r"(?P<roi>.+?)_xmin\d+_ymin\d+.*?_MPP-(?P<mpp>\d+(\.\d+)?)")


@dataclass(frozen=True)
class Bcss:
    """A folder in that layout."""

    root: Path
    images: Path
    codes: Path

    def pictures(self, split: str) -> Iterator[Picture]:
        """Of a split: hospitals of the published test set test, of the others about 15 % validate.

        Raises:
            DatasetError: a table cannot be read, or nothing is left to train on.
        """
        images = [one for one in sorted(self.images.iterdir()) if one.suffix.lower() in SUFFIXES]
        patients = [patient_of(one.stem) for one in images]
        scales = _Scales.of(self.root)
        for image, patient, own in zip(images, patients, splits_of(patients), strict=True):
            if own == split:
                mask = mask_beside(image, self.root / "masks")
                yield Picture(image.stem, patient, 1.0, image, mask, scales.of_picture(image))

    def known_codes(self) -> frozenset[int]:
        """All that its table has.

        Raises:
            DatasetError: the table cannot be read.
        """
        rows = _rows(self.codes, "\t")
        try:
            return frozenset(int(row["GT_code"]) for row in rows)
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{self.codes}: cannot be read as a table of codes ({error})",
                hint="it has the columns label and GT_code, a tab between them",
            ) from error


def find_bcss(data: Path) -> Bcss | None:
    """The set, if that is what a folder holds: pictures, masks and the table of codes."""
    images = next((data / name for name in _IMAGES if (data / name).is_dir()), None)
    codes = next((one for one in (data / "meta" / _CODES, data / _CODES) if one.is_file()), None)
    if images is None or codes is None or not (data / "masks").is_dir():
        return None
    return Bcss(data, images, codes)


def groups(names: Iterable[str] | None) -> tuple[SnapshotClass, ...]:
    """Those of these names, in this order; all that is in none of them is of no class.

    Raises:
        UsageError: there is no group of a name.
    """
    by_name = {one.name: one for one in GROUPS}
    chosen = tuple(by_name if names is None else names)
    if odd := [name for name in chosen if name not in by_name]:
        raise UsageError(
            f"BCSS has no class {', '.join(odd)}", hint=f"choose from {', '.join(by_name)}"
        )
    return tuple(by_name[name] for name in chosen)


def splits_of(patients: list[str]) -> list[Split]:
    """The split of each; by whole hospitals, the same for the same patients."""
    if not patients:
        return []
    cases = [Case(patient, site_of(patient) or patient) for patient in patients]
    return split_cases(cases, SplitPlan(by=SplitBy.SITE))


@dataclass(frozen=True)
class _Scales:
    """What the tables say of each ROI: base pixels from edge to edge, and nominal µm/px."""

    bounds: Mapping[str, tuple[int, int]]
    base: Mapping[str, float]

    @classmethod
    def of(cls, root: Path) -> _Scales:
        bounds = _table(root, "roiBounds.csv", ("", "xmin", "ymin", "xmax", "ymax"), _extent)
        columns = ("name", "magnification")
        return cls(bounds, _table(root, "slide_magnifications.csv", columns, _base_mpp))

    def of_picture(self, image: Path) -> Mpp | None:
        """From the ROI's extent, never from the name alone if it can be helped.

        The script formats 0.00025 mm with four decimals and asks for 0.0003: what is called
        0.2500 has 0.30 µm/px.
        """
        if not (match := _NAME.fullmatch(image.stem)):
            return None
        base = self.base.get(patient_of(image.stem))
        if base and (extent := self.bounds.get(match["roi"])):
            with Image.open(image) as picture:
                return _assumed(extent[0] / picture.width * base, extent[1] / picture.height * base)
        asked = float(f"{float(match['mpp']) / 1000:.4f}") * 1000
        return _assumed(asked, asked)


def _assumed(x: float, y: float) -> Mpp | None:
    found = Mpp.plausible(x, y)
    return Mpp(found.x, found.y, MppSource.ASSUMED) if found else None


def _extent(row: Mapping[str, str]) -> tuple[str, tuple[int, int]]:
    width, height = (int(row[f"{axis}max"]) - int(row[f"{axis}min"]) for axis in "xy")
    if not (0 < width < _WIDEST and 0 < height < _WIDEST):
        raise ValueError(f"the region of {row['']} is empty, or larger than any slide")
    return row[""], (width, height)


def _base_mpp(row: Mapping[str, str]) -> tuple[str, float]:
    magnification = float(row["magnification"])
    if not 0 < magnification < math.inf:
        raise ValueError(f"magnification {magnification:g} of {row['name']}")
    return patient_of(row["name"]), 10 / magnification


def _table(
    root: Path,
    name: str,
    columns: tuple[str, ...],
    read: Callable[[Mapping[str, str]], tuple[str, T]],
) -> dict[str, T]:
    """An optional table, what ``read`` makes of its rows; empty when it is not there."""
    path = next((one for one in (root / "meta" / name, root / name) if one.is_file()), None)
    if path is None:
        return {}
    rows, hint = _rows(path, ","), "take the set's own table, or remove this one"
    if rows and (missing := [one for one in columns if not rows[0].get(one)]):
        lacks = ", ".join(one or "the names" for one in missing)
        raise DatasetError(f"{path}: lacks {lacks}", hint=hint)
    try:
        return dict(map(read, rows))
    except (TypeError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: a row makes no sense ({error})", hint=hint) from error


def _rows(path: Path, between: str) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter=between))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read ({error})", hint="download it again") from error
