"""Loaded by Dask into the workers that a service starts by itself: those who look go first."""

from __future__ import annotations

import os
import signal

_NICENESS = 10
"""A tenth of the time where the service wants all of it; all, where it wants none."""


def dask_setup(_worker: object) -> None:
    """Called by Dask in a worker that has just been started, before it has any thread for tasks."""
    os.nice(_NICENESS)
    # Ctrl-C reaches all processes of a terminal: the service hears it, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
