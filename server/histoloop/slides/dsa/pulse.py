"""Whether an archive answers: asked rarely, waited for briefly."""

from __future__ import annotations

import threading
import time

import requests

from histoloop.errors import DsaAwayError, DsaError
from histoloop.slides.dsa.connection import connect
from histoloop.slides.dsa.site import DsaSite

_HOLDS_S = 5.0
_PATIENCE_S = 3.0


class Pulse:
    """Knows whether a DSA answers, as of some seconds ago; threads may share it.

    Args:
        site: nobody's in particular.
    """

    def __init__(self, site: DsaSite) -> None:
        self.host = site.host
        self._url = f"{site.url}/system/version"
        self._budget = connect(site).budget
        self._asking = threading.Lock()
        self._asked = float("-inf")
        self._answered = False

    def beats(self) -> bool:
        """Whether it has answered just now."""
        with self._asking:  # one asks, the others wait for its answer
            if time.monotonic() - self._asked > _HOLDS_S:
                self._answered = self._ask()
                self._asked = time.monotonic()
            return self._answered

    def refuse_absent(self) -> None:
        """Say at once that it is away, instead of trying in vain for a quarter of a minute.

        Raises:
            DsaAwayError: it does not answer.
        """
        if not self.beats():
            raise DsaAwayError(
                f"the Digital Slide Archive at {self.host} does not answer",
                hint="is it running, and is its address right? Try again in a moment",
            )

    def _ask(self) -> bool:
        try:
            with self._budget.place(_PATIENCE_S):
                return requests.get(self._url, timeout=_PATIENCE_S).ok
        except requests.RequestException:
            return False
        except DsaError:  # so much is asked of it that one more question has no place
            return True
