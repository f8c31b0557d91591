"""Pieces of work that take minutes and are nobody's job: one at a time, told of, stopped.

They begin again from nothing when the service ends, and leave nothing half made.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from histoloop.errors import CancelledError, HistoloopError, StateError

_log = logging.getLogger(__name__)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Errand:
    """One of them.

    Attributes:
        said: how far it is, in words; failure, hint: why it came to nothing.
    """

    kind: str
    started: str
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    said: str = ""
    failure: str = ""
    hint: str = ""

    def document(self) -> dict[str, Any]:
        """As the service tells of it."""
        return dict(vars(self))


class Errands:
    """Those of a service; the latest of each kind is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Errand] = {}
        self._stopped: set[str] = set()

    def latest(self, kind: str) -> Errand | None:
        """The one under way, or the last that there was."""
        return self._latest.get(kind)

    def start(self, kind: str, work: Callable[[Say], None]) -> Errand:
        """Begin; ``work`` says how far it is by a function, which raises when it is to stop.

        Raises:
            StateError: another one is under way.
        """
        with self._lock:
            if running := next((o for o in self._latest.values() if o.state == "running"), None):
                raise StateError(
                    f"the service is busy with another {running.kind}",
                    hint="wait until it is done, or cancel it",
                )
            begun = Errand(kind, datetime.now(UTC).isoformat(timespec="seconds"))
            self._latest[kind] = begun
            self._stopped.discard(kind)
        threading.Thread(target=self._run, args=(kind, work), daemon=True).start()
        return begun

    def stop(self, kind: str) -> None:
        """Let one end before its next word."""
        self._stopped.add(kind)

    def _run(self, kind: str, work: Callable[[Say], None]) -> None:
        def say(line: str) -> None:
            if kind in self._stopped:
                raise CancelledError(f"the {kind} was cancelled")
            self._change(kind, said=line)

        try:
            work(say)
            self._change(kind, state="done")
        except CancelledError:
            self._change(kind, state="cancelled")
        except HistoloopError as error:
            self._change(kind, state="failed", failure=error.message, hint=error.hint)
        except Exception as error:
            _log.exception("an errand failed")
            failure = f"{type(error).__name__} in the service"
            self._change(kind, state="failed", failure=failure, hint="its log has the details")

    def _change(self, kind: str, **news: Any) -> None:
        with self._lock:
            self._latest[kind] = replace(self._latest[kind], **news)
