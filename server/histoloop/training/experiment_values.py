"""What the values of a segmentation experiment's config have to be.

All raise `ValueError`, which says what is wanted: the reader adds the key and its line.
"""

from __future__ import annotations

from typing import Any

_LARGEST = 1e9


def whole(value: Any, least: int = 1, most: int = 1_000_000) -> int:
    """A whole number.

    Raises:
        ValueError: it is none, smaller or larger.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"a whole number from {least} to {most}")
    return value


def number(value: Any) -> float:
    """A number from 0 on.

    Raises:
        ValueError: it is none, negative, or larger than any that makes sense.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise ValueError(f"a number from 0 to {_LARGEST:g}")
    return value


def flag(value: Any) -> bool:
    """True or False, which may be written as 1 or 0.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError("True or False")
    return bool(value)


def text(value: Any) -> str:
    """Words.

    Raises:
        ValueError: it is something else, or empty.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a name in quotes")
    return value.strip()


def square(value: Any) -> int:
    """``(n, n)``, or ``n``.

    Raises:
        ValueError: the two differ, or are no whole numbers.
    """
    pair = value if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or pair[0] != pair[1]:
        raise ValueError("the same whole number twice, like (3, 3)")
    return whole(pair[0])


def wholes(value: Any) -> list[int]:
    """One whole number or more.

    Raises:
        ValueError: there are none.
    """
    found = list(value) if isinstance(value, list | tuple) else [value]
    if not found:
        raise ValueError("whole numbers, like [4, 8]")
    return [whole(one) for one in found]
