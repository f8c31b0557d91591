"""Who looks at a run keeps it fresh: noted in the ledger, at most every ten minutes a run."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from histoloop.jobs.kept_runs import look
from histoloop.jobs.ledger import Ledger

_log = logging.getLogger(__name__)

_EVERY_S = 600.0
"""A look asks for hundreds of tiles."""


@dataclass
class Looks:
    """Those at the runs of a service; threads may share them."""

    ledger: Ledger
    _noted: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, run: str) -> None:
        """Somebody looks at a run."""
        now = time.monotonic()
        with self._lock:
            if now - self._noted.get(run, -_EVERY_S) < _EVERY_S:
                return
            self._noted[run] = now
        try:
            look(self.ledger, run)
        except SQLAlchemyError:  # a busy database: nobody who looks has to wait for it
            _log.warning("that run %s is looked at was not noted", run)
            with self._lock:
                self._noted.pop(run, None)
