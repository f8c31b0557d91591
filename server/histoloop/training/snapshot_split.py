"""Who trains and who tests: whole patients, or whole hospitals, on one side."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from histoloop.errors import DatasetError, UsageError
from histoloop.training.pictures import SPLITS, patient_of, site_of
from histoloop.training.snapshot import Split

BCSS_TEST_SITES = ("OL", "LL", "E2", "EW", "GM", "S3")
"""Tissue-source sites of the test set that BCSS's authors have published results on."""


class SplitBy(StrEnum):
    """What is kept together."""

    PATIENT = "patient"
    SITE = "site"

    @classmethod
    def named(cls, text: str) -> SplitBy:
        """By its name.

        Raises:
            UsageError: there is no such split.
        """
        try:
            return cls(text)
        except ValueError:
            raise UsageError(
                f"split by {text!r} is not known", hint="split by patient or by site"
            ) from None


@dataclass(frozen=True)
class Case:
    """Whose slide it is.

    Attributes:
        site: tissue-source site, the hospital; empty when nobody says.
        split: where somebody wants it.
    """

    patient: str
    site: str = ""
    split: Split | None = None


@dataclass(frozen=True)
class SplitPlan:
    """How to split.

    Attributes:
        valid, test: share of the ROIs, as near as whole groups allow.
        test_sites: sites that test, when sites are kept together; ``test`` is not used then.
        seed: another one, other groups.
    """

    by: SplitBy = SplitBy.PATIENT
    valid: float = 0.15
    test: float = 0.2
    test_sites: tuple[str, ...] = BCSS_TEST_SITES
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.valid, self.test) < 0 or self.valid + self.test >= 1:
            raise UsageError(
                f"shares {self.valid:g} to validate and {self.test:g} to test leave none to train",
                hint="give shares of at least 0 that make up less than 1 together",
            )


def read_cases(path: Path) -> Mapping[str, Case]:
    """A table ``name,patient`` with ``site`` and ``split`` where wanted; by a slide's stem.

    Raises:
        DatasetError: it cannot be read or names no such split.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        cases = {row["name"]: _case(path, row) for row in rows}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"{path}: cannot be read as a table of patients ({error})",
            hint="it needs the columns name,patient and may have site,split",
        ) from error
    return cases


def case_of(slide: str, table: Mapping[str, Case]) -> Case:
    """The case of a slide, by its file name: from the table, else from its TCGA barcode.

    Without either, the slide is a patient of its own.
    """
    stem = Path(slide).stem
    patient = patient_of(stem)
    return table.get(slide) or table.get(stem) or Case(patient, site_of(patient))


def split_cases(cases: Sequence[Case], plan: SplitPlan) -> list[Split]:
    """The split of each case; there is one case per ROI.

    Raises:
        DatasetError: a site is unknown, nothing is left to train on, or a patient or site
            stands in two splits; the message names it.
    """
    groups = [_group(case, plan) for case in cases]
    chosen: dict[str, Split] = {}
    if plan.by is SplitBy.SITE:
        chosen |= {group: "test" for group in groups if group in plan.test_sites}
    chosen |= {group: case.split for group, case in zip(groups, cases, strict=True) if case.split}
    shares: dict[Split, float] = {"test": plan.test, "valid": plan.valid}
    for said in set(chosen.values()) & set(shares):
        del shares[said]  # somebody has said who that is
    sizes = Counter(group for group in groups if group not in chosen)
    chosen |= _drawn(sizes, shares, plan.seed)
    splits: list[Split] = [
        case.split or chosen.get(group, "train") for group, case in zip(groups, cases, strict=True)
    ]
    if "train" not in splits:
        raise DatasetError(
            f"split by {plan.by}: nothing is left to train on",
            hint="make the other shares smaller, or name other test sites",
        )
    refuse_shared("patient", [case.patient for case in cases], splits)
    if plan.by is SplitBy.SITE:
        refuse_shared("site", groups, splits)
    return splits


def refuse_shared(what: str, names: Sequence[str], splits: Sequence[Split]) -> None:
    """Make sure that nothing of a name stands in two splits.

    Raises:
        DatasetError: it does; the message names it and the splits.
    """
    seen: dict[str, Split] = {}
    for name, split in zip(names, splits, strict=True):
        if (other := seen.setdefault(name, split)) != split:
            raise DatasetError(
                f"{what} {name} is in {other} and in {split}: the score would be worthless",
                hint=f"keep all of a {what} in one split",
            )


def _drawn(sizes: Counter[str], shares: Mapping[Split, float], seed: int) -> dict[str, Split]:
    """Groups in an order that the seed and their names decide, until a share is filled."""
    chosen: dict[str, Split] = {}
    total = sizes.total()
    waiting = sorted(sizes, key=lambda group: _lot(seed, group))
    for split, share in shares.items():
        taken = 0
        for group in waiting:
            if group not in chosen and taken + sizes[group] / 2 <= share * total:
                chosen[group] = split
                taken += sizes[group]
    return chosen


def _lot(seed: int, group: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{group}".encode(), digest_size=8).digest()


def _group(case: Case, plan: SplitPlan) -> str:
    if plan.by is SplitBy.PATIENT:
        return case.patient
    if not case.site:
        raise DatasetError(
            f"patient {case.patient}: nobody says which site the slide comes from",
            hint="name it in a table (--patients, columns name,patient,site), or split by patient",
        )
    return case.site


def _case(path: Path, row: Mapping[str, str | None]) -> Case:
    patient, site, split = (
        (row.get(column) or "").strip() for column in ("patient", "site", "split")
    )
    known = next((one for one in SPLITS if one == split), None)
    if not patient or (split and not known):
        raise DatasetError(
            f"{path}: {row['name']}: patient {patient!r}, split {split!r} make no sense",
            hint=f"a patient must be named; splits are {', '.join(SPLITS)}, or left empty",
        )
    return Case(patient, site, known)
