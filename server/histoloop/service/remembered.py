"""Answers that hold for a moment, so that a tile does not cost a question."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from typing import Generic, TypeVar

from histoloop.errors import AccessError, NotFoundError

Answer = TypeVar("Answer")

_MOST = 4096


class Remembered(Generic[Answer]):
    """A question and its latest answers by key; threads may share it.

    That something may not be seen or does not exist is an answer too. That nobody answers is
    none: it is asked again.
    """

    def __init__(self, ask: Callable[[str], Answer], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._known: dict[str, tuple[float, Answer | AccessError | NotFoundError]] = {}

    def __call__(self, key: str) -> Answer:
        """The answer of now, or of a moment ago.

        Raises:
            HistoloopError: whatever the question raises.
        """
        known = self._known.get(key)
        if known is None or time.monotonic() - known[0] > self._seconds:
            known = time.monotonic(), self._answer(key)
            if len(self._known) >= _MOST:
                self._known = {}
            self._known[key] = known
        answer = known[1]
        if isinstance(answer, AccessError | NotFoundError):
            raise copy(answer)
        return answer

    def forget(self, key: str) -> None:
        """Ask anew when it is next wanted to be known."""
        self._known.pop(key, None)

    def _answer(self, key: str) -> Answer | AccessError | NotFoundError:
        try:
            return self._ask(key)
        except (AccessError, NotFoundError) as refusal:
            return refusal
