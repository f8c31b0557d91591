"""Which GT codes make which class."""

from __future__ import annotations

from collections.abc import Iterator

from histoloop.annotations.gtcodes import GTCode, GTCodes
from histoloop.errors import UsageError
from histoloop.training.snapshot import SnapshotClass

REST = "*"

_HINT = 'write "tumor=1,19,20;stroma=2;other=*": names, codes or groups, * for all the rest'


def classes_of(codes: GTCodes, text: str | None) -> tuple[SnapshotClass, ...]:
    """Each class of the table on its own, or those of ``name=code,…;…``.

    Raises:
        UsageError: that is no such text, a code is not in the table or in two classes.
    """
    if text is None:
        return tuple(
            SnapshotClass(name=row.group, codes=(row.code,), color=row.color)
            for row in codes.classes
        )
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    named = {name.strip(): members.strip() for name, _, members in parts}
    if len(named) < len(parts) or not named or not all((*named, *named.values())):
        raise UsageError(f"classes {text!r} cannot be understood", hint=_HINT)
    members = {name: list(_members(codes, name, said)) for name, said in named.items()}
    taken = [row.code for rows in members.values() for row in rows]
    twice = sorted({code for code in taken if taken.count(code) > 1})
    if twice:
        raise UsageError(f"GT codes {twice} are in two classes", hint=_HINT)
    left = [row for row in codes.classes if row.code not in taken]
    rest = [name for name, said in named.items() if said == REST]
    if len(rest) > 1 or (rest and not left):
        raise UsageError(f"classes {', '.join(rest)}: nothing is left for {REST}", hint=_HINT)
    members |= dict.fromkeys(rest, left)
    return tuple(
        SnapshotClass(name=name, codes=tuple(row.code for row in rows), color=rows[0].color)
        for name, rows in members.items()
    )


def _members(codes: GTCodes, name: str, said: str) -> Iterator[GTCode]:
    if said == REST:
        return
    by_code = {str(row.code): row for row in codes}
    for member in (one.strip() for one in said.split(",")):
        row = by_code.get(member) or codes.find(member)
        if row is None or row.is_roi:
            raise UsageError(f"class {name}: {member!r} is no class of the GTCodes", hint=_HINT)
        yield row
