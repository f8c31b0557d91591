"""Which running jobs have lost their process: those that nothing was heard of for a lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from histoloop.jobs.job import Job

_Sign = tuple[int, datetime | None]


@dataclass
class Leases:
    """Listens by its own clock, which nobody sets, while it is awake.

    What a heartbeat says of the time does not matter, only that it is another one: the clocks of
    machines differ, and are set. Whoever was asleep, or stopped, has not listened meanwhile.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _heard: dict[str, _Sign] = field(default_factory=dict)
    _silent: dict[str, float] = field(default_factory=dict)
    _listened: float | None = None

    def lost(self, running: Sequence[Job]) -> list[Job]:
        """Those of all running jobs that are lost; to be asked a few times a lease."""
        now = self.clock()
        passed = 0.0 if self._listened is None else min(now - self._listened, self.seconds / 3)
        self._listened = now
        signs = {job.id: (job.attempt, job.heartbeat) for job in running}
        self._silent = {
            id: self._silent[id] + passed if self._heard.get(id) == sign else 0.0
            for id, sign in signs.items()
        }
        self._heard = signs
        return [job for job in running if self._silent[job.id] >= self.seconds]
