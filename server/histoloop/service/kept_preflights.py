"""The latest preflights of a service, each with the tiles that it waits for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from distributed import Future

from histoloop.errors import NotFoundError
from histoloop.jobs.engine import answer
from histoloop.jobs.plan import Plan
from histoloop.jobs.report import Report
from histoloop.jobs.room import Room
from histoloop.jobs.samples import Sample
from histoloop.tiling.grid import Cell

_KEPT = 24
"""Each holds some MB of small pictures."""


@dataclass(frozen=True)
class Preflight:
    """A plan that nobody has asked for yet, and a few of its tiles."""

    id: str
    plan: Plan
    cells: tuple[Cell, ...]
    coming: Future | None
    history: tuple[Report, ...]
    room: Room
    warnings: tuple[str, ...]

    def samples(self) -> tuple[Sample, ...] | None:
        """The predicted tiles; `None` while they are computed.

        Raises:
            HistoloopError: why there are none.
        """
        if self.coming is None:
            return ()
        if not self.coming.done():
            return None
        found: tuple[Sample, ...] = answer(self.coming)
        return found


@dataclass(frozen=True)
class Preflights:
    """The latest of a service; threads may share them."""

    _kept: OrderedDict[str, Preflight] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, one: Preflight) -> None:
        """Keep it, and drop the oldest."""
        with self._lock:
            self._kept[one.id] = one
            dropped = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - _KEPT)]
        for old in dropped:
            if old.coming is not None:
                old.coming.cancel()

    def get(self, id: str) -> Preflight:
        """One of them.

        Raises:
            NotFoundError: it is not kept any more.
        """
        with self._lock:
            if found := self._kept.get(id):
                return found
        raise NotFoundError(f"no preflight {id!r} (any more)", hint="check again")
