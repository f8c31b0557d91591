"""Texts as somebody's editor, spreadsheet, download or ill will leaves them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

ODD_WORDS = (
    *("", " ", "-1", "0", "0.5", "1e308", "1e400", "-1e400", "nan", "inf", "None", "True", "[]"),
    *(
        "1" + "0" * 400,
        "9" * 5000,
        "0x" + "f" * 5000,
        "x" * 5000,
        "(" * 900,
        "[" * 9000,
        "[" * 90 + "]" * 90,
    ),
    *(
        "'",
        '"""',
        "a;b",
        "{[]: 1}",
        "b'x'",
        "1j",
        "☃",
        "a\0b",
        "%s%n{0}",
        "=1+1",
        "\ufeff",
        "\x1b[31m",
    ),
    *("../../../../etc/passwd", "C:\\con", "http://127.0.0.1:9/x", "~/x", "$HOME", "-rf"),
    *("__import__('os').system('touch ran')", "{{7*7}}", "<script>alert(1)</script>"),
    *("!!python/object/apply:os.system ['touch ran']", "cos\nsystem\n(S'touch ran'\ntR."),
)
"""What stands where a name, a number or a path should."""

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 1e308, 10**30, float("nan"), float("inf"), [], {}, [[]], [None]),
    *({"": None}, {"a": {"a": {"a": []}}}, *ODD_WORDS[:2], *ODD_WORDS[13:16], *ODD_WORDS[24:]),
)
"""The same for JSON, where a value has a kind."""


def mutated(whole: str, lot: random.Random) -> bytes:
    """Of any text: bytes, lines and words that are others, missing, twice or too many."""
    kinds = [_bytes, _bytes, _cut, _lines, _lines, _words, _words, _words, _encoding]
    if whole.lstrip()[:1] in "{[":
        kinds += [_values] * 9
    return lot.choice(kinds)(whole, lot)


def _bytes(whole: str, lot: random.Random) -> bytes:
    content = bytearray(whole.encode())
    for _ in range(lot.randrange(1, 9)):
        content[lot.randrange(len(content))] = lot.choice([lot.randrange(256), 0, 10, 34, 44, 255])
    return bytes(content)


def _cut(whole: str, lot: random.Random) -> bytes:
    return whole.encode()[: lot.randrange(len(whole))]


def _lines(whole: str, lot: random.Random) -> bytes:
    lines = whole.splitlines(keepends=True)
    at = lot.randrange(len(lines))
    one = lines[at]
    lines[at : at + 1] = lot.choice([[], [one, one], [one.strip()], [one, lot.choice(ODD_WORDS)]])
    return "".join(lines).encode()


def _words(whole: str, lot: random.Random) -> bytes:
    """What stands between separators becomes something else, here and there."""
    ends = [at for at, letter in enumerate(whole) if letter in ",=:\n\t[]{} "]
    for _ in range(lot.randrange(1, 4)):
        if len(ends) < 2:
            break
        at = lot.randrange(len(ends) - 1)
        start, end = ends[at] + 1, ends[at + 1]
        whole = whole[:start] + lot.choice(ODD_WORDS) + whole[end:]
        ends = ends[:at]
    return whole.encode()


def _encoding(whole: str, lot: random.Random) -> bytes:
    name = lot.choice(["utf-16", "utf-32", "utf-8-sig", "cp037", "latin-1"])
    return whole.replace("\n", "\r\n").encode(name, errors="replace")


def _values(whole: str, lot: random.Random) -> bytes:
    """JSON that is valid, with values of another kind, missing, or under another name."""
    value = json.loads(whole)
    for _ in range(lot.randrange(1, 3)):
        places = list(_places(value))
        if not places:
            break
        holder, key = lot.choice(places)
        what = lot.choice(["odd", "odd", "odd", "missing", "twice", "other"])
        if what == "missing":
            del holder[key]
        elif what == "odd":
            holder[key] = deepcopy(lot.choice(ODD_VALUES))
        elif what == "other":
            holder[key] = deepcopy(lot.choice([one[name] for one, name in places]))
        elif isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        else:
            holder[lot.choice(ODD_WORDS)] = deepcopy(holder[key])
    return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        inner = list(one.items()) if isinstance(one, dict) else []
        inner = list(enumerate(one)) if isinstance(one, list) else inner
        for key, held in inner:
            yield one, key
            waiting.append(held)
