"""What passes through the proxy, and what shall go wrong with it."""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """What goes wrong with requests whose path and query match `path`, a regular expression.

    One of: `status` answers in the server's place; `drop` closes the connection and forwards
    nothing; `lose_answer` forwards, then closes without an answer; `cut` sends that many bytes of
    the true body and closes. Before that, or alone, it waits `delay` seconds and then `until` the
    event, two minutes at most. The first `skip` matches pass, then `times` are hit, without
    `times` all; of these only a `share`, drawn by `lot`.
    """

    path: str = ""
    method: str | None = None
    status: int | None = None
    drop: bool = False
    lose_answer: bool = False
    cut: int | None = None
    delay: float = 0.0
    until: threading.Event | None = None
    skip: int = 0
    times: int | None = None
    share: float = 1.0
    lot: random.Random = field(default_factory=lambda: random.Random(0))
    hits: int = field(default=0, init=False)

    def hold(self) -> None:
        """What it waits for before anything else comes of it."""
        time.sleep(self.delay)
        if self.until is not None:
            self.until.wait(timeout=120)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.method not in (None, method) or not re.search(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.lot.random() >= self.share:
            return False
        self.hits += 1
        return True


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that has ended; `status` is None where the client got no answer.

    `sent` and `received` are bytes of the bodies as the client sees them.
    """

    method: str
    path: str
    status: int | None
    sent: int
    received: int
    seconds: float


class Traffic:
    """Requests that pass, counted and hit by faults; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._exchanges: list[Exchange] = []
        self._now = self._peak = 0

    @property
    def peak(self) -> int:
        """The most requests that were under way at once."""
        return self._peak

    def seen(self, path: str = "", method: str | None = None) -> list[Exchange]:
        """What has ended, in order, for paths that match the regular expression."""
        with self._lock:
            known = list(self._exchanges)
        return [one for one in known if method in (None, one.method) and re.search(path, one.path)]

    def inject(self, fault: Fault) -> Fault:
        """From now on; of several that match a request the first one strikes."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    def reset(self) -> None:
        """Forget what was counted; the faults stay."""
        with self._lock:
            self._exchanges.clear()
            self._peak = self._now

    def begin(self, method: str, path: str) -> Fault | None:
        """A request has come in: what shall go wrong with it."""
        with self._lock:
            self._now += 1
            self._peak = max(self._peak, self._now)
            return next((one for one in self._faults if one.strikes(method, path)), None)

    def end(self, exchange: Exchange) -> None:
        """It has been answered, or never will be."""
        with self._lock:
            self._now -= 1
            self._exchanges.append(exchange)
