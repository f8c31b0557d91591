"""The INI files of segmentation experiments: sections of keys with Python literals for values.

Not `configparser`: it takes an indented key for more of the value above, and a value that ends
on a later line for a mistake. Nothing in a file is ever executed.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from histoloop.errors import UsageError

_SECTION = re.compile(r"\[\s*([\w. -]+?)\s*\]\s*(?:[;#].*)?")
_ENTRY = re.compile(r"([A-Za-z_][\w.-]*)\s*=\s*(.*)")
_COMMENTED = re.compile(r"\s;")
_LONGEST = 10_000
"""Characters of a value that are looked at; beyond, it is text."""


@dataclass(frozen=True)
class Entry:
    """``key = value`` of a section.

    Attributes:
        text: the value as it stands there, without its comment.
        line: counted from 1; 0 for what the experiment takes when the file says nothing.
        repeated: lines of the same key that this one overrules.
    """

    section: str
    key: str
    text: str
    line: int
    repeated: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """``section.key``."""
        return f"{self.section}.{self.key}"

    @property
    def value(self) -> Any:
        """The literal that the text is, or the text itself."""
        found = _literal(self.text)
        return self.text if found is _NONE else found


def read_entries(path: Path) -> dict[str, Entry]:
    """The entries of a file by their ``section.key``, lower case; of repeated ones the last.

    A byte order mark, Windows' line ends, indented lines and other encodings in comments are
    taken as they come. A value goes on until its brackets are closed.

    Raises:
        UsageError: there is no such file, or a line that is neither section, key nor comment.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror})", hint="--config names a file"
        ) from error
    found: dict[str, Entry] = {}
    section, name = "", ""
    for number, line in enumerate((one.strip() for one in lines), start=1):
        if not line or line[0] in ";#":
            continue
        if match := _SECTION.fullmatch(line):
            section, name = match[1].lower(), ""
        elif section and (match := _ENTRY.fullmatch(line)):
            before = found.get(name := f"{section}.{match[1].lower()}")
            repeated = (*before.repeated, before.line) if before else ()
            found[name] = Entry(section, match[1].lower(), _uncommented(match[2]), number, repeated)
        elif name and _is_open(found[name].text):
            last = found[name]
            text = _uncommented(f"{last.text} {line}")
            found[name] = Entry(section, last.key, text, last.line, last.repeated)
        else:
            raise UsageError(
                f"{path}, line {number}: {line[:60]!r} is neither a section nor a key",
                hint="it needs [section], key = value, or ; before a comment",
            )
    return found


_NONE = object()
"""What `_literal` finds where there is none; `None` is a literal."""


def _literal(text: str) -> Any:
    if len(text) > _LONGEST:
        return _NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python will not know for ever
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _NONE


def _uncommented(text: str) -> str:
    """Without what follows the first ``;`` that a literal can end before."""
    ends = [match.start() for match in _COMMENTED.finditer(text)]
    if not ends or _literal(text) is not _NONE:
        return text
    for end in ends:
        if _literal(text[:end].strip()) is not _NONE:
            return text[:end].strip()
    return text if text[:1] in "'\"([{" else text[: ends[0]].strip()


def _is_open(text: str) -> bool:
    """More brackets are opened than closed."""
    return sum(text.count(one) for one in "([{") > sum(text.count(one) for one in ")]}")
