"""A job waits for an archive that does not answer, and goes on where it was."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from histoloop.errors import DsaAwayError
from histoloop.jobs.context import Listener, Progress
from histoloop.slides.dsa.pulse import Pulse

Result = TypeVar("Result")

WAITING = "waiting"
"""The stage of a job that waits for its archive."""

_FIRST_S, _LONGEST_S = 1.0, 60.0
_LOOK_S = 0.25
_FRUITFUL_S = 600.0
"""What has worked for so long got on before it failed."""

_IN_VAIN = 10
"""Times that an archive which answers may fail one after the other: waiting does not mend it."""


@dataclass
class Patience:
    """What is left of a job's patience.

    Attributes:
        pulse: of the archive; listener: hears of the waiting, and may cancel.
        seconds: that are left.
    """

    pulse: Pulse
    listener: Listener
    seconds: float

    def through(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns, which is done again when the archive is back.

        Args:
            work: keeps what it has done, and leaves that out the next time.

        Raises:
            DsaAwayError: patience is at its end, or the archive answers and fails again and again.
            CancelledError: the listener's ``check`` said so.
        """
        failures, pause = 0, _FIRST_S
        while True:
            began = time.monotonic()
            try:
                return work()
            except DsaAwayError:
                if time.monotonic() - began > _FRUITFUL_S:
                    failures, pause = 0, _FIRST_S
                failures = failures + 1 if self.pulse.beats() else 0
                if self.seconds <= 0 or failures > _IN_VAIN:
                    raise
            self._wait(pause)
            pause = min(2 * pause, _LONGEST_S)

    def _wait(self, pause: float) -> None:
        """For the pause, and until the archive answers or patience is at its end."""
        self.listener.progress(Progress(WAITING))
        answers = self._pass(pause)
        while not answers and self.seconds > 0:
            answers = self._pass(random.uniform(1, 3))  # noqa: S311 - so that not all ask at once

    def _pass(self, seconds: float) -> bool:
        """Let time pass; whether the archive answers then."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            self.listener.check()
            time.sleep(_LOOK_S)
        answers = self.pulse.beats()
        self.seconds -= time.monotonic() - began
        return answers
