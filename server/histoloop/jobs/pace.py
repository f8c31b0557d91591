"""How fast tiles come, and how long the rest will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from histoloop.jobs.context import Progress

_WINDOW_S = 20.0


@dataclass
class Pace:
    """Counts tiles of a stage; speed is that of the last 20 s, so that a warm-up is forgotten."""

    stage: str
    total: int
    done: int = 0
    clock: Callable[[], float] = time.monotonic
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._marks.append((self.clock(), self.done))

    def advance(self, tiles: int) -> Progress:
        """Count tiles and say how far that is."""
        self.done += tiles
        now = self.clock()
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW_S:
            self._marks.popleft()
        (since, before), speed = self._marks[0], 0.0
        if now > since:
            speed = (self.done - before) / (now - since)
        eta = (self.total - self.done) / speed if speed else None
        return Progress(self.stage, self.done, self.total, round(speed, 2), eta)
