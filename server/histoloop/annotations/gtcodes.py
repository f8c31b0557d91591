"""The class map that the field uses: HistomicsTK's GTCodes table.

``group,overlay_order,GT_code,is_roi,is_background_class,color``; further columns are comments.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from histoloop.errors import AnnotationError, HistoloopError

OUTSIDE = 0
"""Mask code of pixels outside every ROI: no class, without weight in loss and metrics."""

LARGEST_CODE = 254
"""255 says "ignored" in truth, 0 "outside"."""

COLUMNS = ("group", "overlay_order", "GT_code", "is_roi", "is_background_class", "color")

_ALIASES = (
    ("mostly_tumor", "tumor"),
    ("mostly_stroma", "stroma"),
    ("mostly_lymphocytic_infiltrate", "lymphocytic_infiltrate"),
    ("mostly_blood", "blood"),
    ("mostly_fat", "fat"),
    ("mostly_plasma_cells", "plasma_cells"),
    ("mostly_mucoid_material", "mucoid_material"),
    ("skin_adnexia", "skin_adnexa"),
    ("mostly_dcis", "dcis"),
)
"""A class of BCSS as its DSA groups call it, and as its masks' ``gtruth_codes.tsv`` does."""

_HINT = f"a GTCodes table has the columns {','.join(COLUMNS)}"


@dataclass(frozen=True)
class GTCode:
    """A row.

    Attributes:
        group: the class's name in annotations; code: its value in masks, 1–254.
        overlay_order: ascending order of drawing; what comes later covers what came before.
        is_roi: its elements say where somebody has annotated, not what is there.
        is_background: what is inside an ROI and not annotated is of this class.
        color: ``#rrggbb``; classes may share one.
    """

    group: str
    code: int
    overlay_order: int
    is_roi: bool
    is_background: bool
    color: str


@dataclass(frozen=True)
class GTCodes:
    """A table, in its file's order; `read_gtcodes` checks it."""

    rows: tuple[GTCode, ...]

    def __iter__(self) -> Iterator[GTCode]:
        return iter(self.rows)

    @cached_property
    def _by_group(self) -> Mapping[str, GTCode]:
        return {row.group: row for row in self.rows}

    def find(self, group: str) -> GTCode | None:
        """The row of a group, also under the other name that BCSS has for it."""
        if row := self._by_group.get(group):
            return row
        names = (name for pair in _ALIASES if group in pair for name in pair)
        return next((self._by_group[name] for name in names if name in self._by_group), None)

    @property
    def classes(self) -> tuple[GTCode, ...]:
        """Rows that are classes of tissue, by code."""
        return tuple(sorted((row for row in self.rows if not row.is_roi), key=lambda row: row.code))

    @property
    def background(self) -> int:
        """Code of what is inside an ROI and not annotated; `OUTSIDE` when nobody says."""
        return next((row.code for row in self.rows if row.is_background), OUTSIDE)


def read_gtcodes(path: Path) -> GTCodes:
    """Read and check a table.

    Raises:
        AnnotationError: it cannot be read, or a row makes no sense; the message names it.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise AnnotationError(f"{path}: has no column {', '.join(missing)}", hint=_HINT)
            rows = tuple(_row(path, table.line_num, raw) for raw in table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: cannot be read ({error})", hint=_HINT) from error
    _check(path, rows)
    return GTCodes(rows)


def _row(path: Path, line: int, raw: Mapping[str, str | None]) -> GTCode:
    cells = {name: (raw[name] or "").strip() for name in COLUMNS}
    wrong = _complainer(path, line)
    if not cells["group"]:
        raise wrong("group is empty", "name the class")
    code = _whole(cells, "GT_code", wrong)
    if not 1 <= code <= LARGEST_CODE:
        raise wrong(
            f"GT_code {code} of {cells['group']} is out of range",
            f"codes run from 1 to {LARGEST_CODE}: 0 is outside every ROI, 255 is ignored",
        )
    row = GTCode(
        cells["group"],
        code,
        _whole(cells, "overlay_order", wrong),
        _flag(cells, "is_roi", wrong),
        _flag(cells, "is_background_class", wrong),
        _color(cells["color"], wrong),
    )
    if row.is_roi and row.is_background:
        raise wrong(f"{row.group} is an ROI and the background class", "it can be one of them")
    return row


def _check(path: Path, rows: tuple[GTCode, ...]) -> None:
    names, numbers = [row.group for row in rows], [str(row.code) for row in rows]
    for what, values in (("group", names), ("GT_code", numbers)):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise AnnotationError(
                f"{path}: {what} {', '.join(twice)} stands there twice", hint="keep one row of it"
            )
    background = [row.group for row in rows if row.is_background]
    if len(background) > 1:
        raise AnnotationError(
            f"{path}: {', '.join(background)} are all background classes", hint="at most one can be"
        )
    if not any(row.is_roi for row in rows):
        raise AnnotationError(f"{path}: no group is an ROI", hint="set is_roi to 1 for one")
    if all(row.is_roi for row in rows):
        raise AnnotationError(f"{path}: holds no class", hint="add a row with is_roi 0")


_Complaint = Callable[[str, str], HistoloopError]


def _complainer(path: Path, line: int) -> _Complaint:
    return lambda text, hint: AnnotationError(f"{path}: line {line}: {text}", hint=hint)


def _whole(cells: Mapping[str, str], name: str, wrong: _Complaint) -> int:
    try:
        return int(cells[name])
    except ValueError:
        raise wrong(f"{name} is {cells[name]!r}", "it must be a whole number") from None


def roi_groups(path: Path | None) -> frozenset[str]:
    """The groups that outline regions, not tissue, by a table; without one, "roi".

    Raises:
        AnnotationError: see `read_gtcodes`.
    """
    if path is None:
        return frozenset({"roi"})
    return frozenset(row.group for row in read_gtcodes(path) if row.is_roi)


def _flag(cells: Mapping[str, str], name: str, wrong: _Complaint) -> bool:
    if cells[name] not in ("0", "1"):
        raise wrong(f"{name} is {cells[name]!r}", "it must be 0 or 1")
    return cells[name] == "1"


def _color(text: str, wrong: _Complaint) -> str:
    """``rgb(r,g,b)`` or ``#rrggbb`` as ``#rrggbb``."""
    if re.fullmatch("#[0-9a-fA-F]{6}", text):
        return text.lower()
    parts = re.fullmatch(r"rgb\((\d{1,3}),\s*(\d{1,3}),\s*(\d{1,3})\)", text)
    values = [int(part) for part in parts.groups()] if parts else [256]
    if max(values) > 255:
        raise wrong(f"color is {text!r}", "write rgb(255,125,0)")
    return "#" + bytes(values).hex()
