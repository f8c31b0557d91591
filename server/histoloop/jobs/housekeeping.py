"""Looks after the folder of runs while a service runs: quietly, every ten minutes."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta

from histoloop.config import Settings
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.retention import FRESH, GB, finish, prune, used

_log = logging.getLogger(__name__)

_ROUND_S = 600.0


@dataclass
class Housekeeper:
    """Finishes what a kill has left, and puts away what the settings ask for.

    Attributes:
        taken: bytes that runs take, as of the last round; put_away: runs, since it was started.
    """

    settings: Settings
    ledger: Ledger
    taken: int = 0
    put_away: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin with the first round, in the background."""
        threading.Thread(target=self._go_round, daemon=True).start()

    def stop(self) -> None:
        """No further round begins; one that is cut short is finished the next time."""
        self._stopping.set()

    def round(self) -> None:
        """Once."""
        settings, ledger = self.settings, self.ledger
        finish(settings, ledger)
        if settings.runs_days is not None:
            age = timedelta(days=settings.runs_days)
            self.put_away += len(prune(settings, ledger, age))
        if settings.runs_gb is not None:
            most, why = int(settings.runs_gb * GB), f"runs took more than {settings.runs_gb:g} GB"
            self.put_away += len(prune(settings, ledger, FRESH, most, why=why))
        self.taken = used(settings)

    def _go_round(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
            except Exception:  # a busy ledger, a disk that is away: the next round
                _log.exception("the folder of runs was not looked after")
            self._stopping.wait(_ROUND_S)
