"""Who drew what, and how far each is to be trusted."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from histoloop.errors import AnnotationError

_HINT = "an annotators' table has the columns annotator,role and may have weight"


class Role(StrEnum):
    """What somebody is in the study, as BCSS has it; `UNKNOWN` where nobody says."""

    SENIOR = "senior"
    JUNIOR = "junior"
    STUDENT = "student"
    MODEL = "model"
    UNKNOWN = "unknown"

    @classmethod
    def said(cls, text: object) -> Role:
        """The role that a text names, also in the plural ("Senior pathologists", "students")."""
        words = {word.removesuffix("s") for word in re.findall(r"[a-z]+", str(text).lower())}
        return next((role for role in cls if role.value in words), cls.UNKNOWN)


WEIGHTS: Mapping[Role, float] = {
    Role.SENIOR: 3.0,
    Role.JUNIOR: 2.0,
    Role.STUDENT: 1.0,
    Role.MODEL: 1.0,
    Role.UNKNOWN: 1.0,
}
"""What a vote counts where no table says so: our choice, nobody has measured it."""


@dataclass(frozen=True)
class Annotator:
    """A person or a model.

    Attributes:
        weight: of a vote, in a weighted one; positive.
    """

    name: str
    role: Role = Role.UNKNOWN
    weight: float = 1.0


@dataclass(frozen=True)
class Roster:
    """Who is known; anybody else is of the role that the documents say, if any."""

    known: Mapping[str, Annotator] = field(default_factory=dict)

    def find(self, name: str, said: str = "") -> Annotator:
        """An annotator by name.

        Args:
            said: the role as a document's attributes have it; the table overrules it.
        """
        if name in self.known:
            return self.known[name]
        role = Role.said(said) if said else Role.UNKNOWN
        return Annotator(name, role, WEIGHTS[role])


def read_roster(path: Path) -> Roster:
    """A table ``annotator,role`` with ``weight`` where wanted.

    Raises:
        AnnotationError: it cannot be read, or a row makes no sense; the message names it.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            if not {"annotator", "role"} <= set(table.fieldnames or ()):
                raise AnnotationError(f"{path}: has no column annotator or role", hint=_HINT)
            rows = [_row(path, table.line_num, row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: cannot be read ({error})", hint=_HINT) from error
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise AnnotationError(
            f"{path}: annotator {', '.join(twice)} stands there twice", hint="keep one row of each"
        )
    return Roster({row.name: row for row in rows})


def _row(path: Path, line: int, row: Mapping[str, Any]) -> Annotator:
    name, said = ((row[column] or "").strip() for column in ("annotator", "role"))
    role = Role.said(said)
    if not name or (role is Role.UNKNOWN and said != Role.UNKNOWN):
        raise AnnotationError(
            f"{path}: line {line}: annotator {name!r} of role {said!r} makes no sense",
            hint=f"name the annotator; roles are {', '.join(Role)}",
        )
    return Annotator(name, role, _weight(path, line, row.get("weight"), role))


def _weight(path: Path, line: int, said: str | None, role: Role) -> float:
    if not (said or "").strip():
        return WEIGHTS[role]
    try:
        weight = float(str(said))
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise AnnotationError(
            f"{path}: line {line}: weight {said!r} makes no sense", hint="give a positive number"
        )
    return weight


def annotator_of(record: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    """Who drew a document: its attribute ``annotator``, else the server's id of its creator.

    A server forgets who drew a document that was copied into it: its author stays inside, by
    name or, where we have copied it, as the ``id`` that they had.
    """
    said = attributes.get("annotator")
    if isinstance(said, Mapping):
        said = said.get("id")
    return str(said or record.get("creatorId") or "unknown")


def reviewer_of(record: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    """Who has reviewed a document; empty when nobody has.

    Its attribute ``reviewed_by``, else whoever saved it last in the archive, if that is not who
    drew it.
    """
    if said := attributes.get("reviewed_by"):
        return str(said)
    creator, saved = record.get("creatorId"), record.get("updatedId")
    return str(saved) if saved and creator and saved != creator else ""
