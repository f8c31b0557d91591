"""Tells the service that somebody has drawn: at ease, in the background, once per item."""

from __future__ import annotations

import threading
import time
from typing import Any

from girder import events
from girder.models.user import User

from girder_histoloop import service, settings
from girder_histoloop.compat import log

Document = dict[str, Any]

QUIET_S = 3.0
"""An item must not have been drawn on for so long…"""
_LATEST_S = 30.0
"""…unless its first unreported save is so old."""
_MOST = 10_000
_TRIES = 3
_RETRY_S = 10.0


class Notices:
    """Saves that the service has not heard of yet, the last one of each item."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, tuple[float, float, Document]] = {}
        self._thread: threading.Thread | None = None

    def add(self, item: str, notice: Document) -> None:
        """Note a save; takes microseconds and never waits for the service."""
        now = time.monotonic()
        with self._changed:
            first = self._waiting[item][0] if item in self._waiting else now
            if item in self._waiting or len(self._waiting) < _MOST:
                self._waiting[item] = first, now, notice
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="histoloop-notices", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            _send(self._next())

    def _next(self) -> Document:
        """Wait for a notice that is due, and take it."""
        with self._changed:
            while True:
                now = time.monotonic()
                due = {
                    item: min(last + QUIET_S, first + _LATEST_S) - now
                    for item, (first, last, _notice) in self._waiting.items()
                }
                item = min(due, key=due.__getitem__, default=None)
                if item is not None and due[item] <= 0:
                    return self._waiting.pop(item)[2]
                self._changed.wait(None if item is None else due[item])


def bind() -> None:
    """Listen to annotations being saved."""
    notices = Notices()

    def on_save(event: events.Event) -> None:
        try:
            _note(notices, event.info)
        except Exception:  # whatever is wrong with us, the annotation is saved
            log.exception("HistoLoop: an annotation was saved, the service will not hear of it")

    events.bind("model.annotation.save.after", "histoloop", on_save)


def _note(notices: Notices, saved: Document) -> None:
    if not settings.secret() or is_untouched_layer(saved):
        return
    user = User().load(saved.get("updatedId") or saved["creatorId"], force=True)
    notice = {
        "item": str(saved["itemId"]),
        "annotation": str(saved["_id"]),
        "user": user["login"] if user else "",
    }
    notices.add(notice["item"], notice)


def is_untouched_layer(saved: Document) -> bool:
    """Whether HistoLoop has pushed this annotation and nobody has corrected it since.

    A correction keeps the layer's attributes; but HistoLoop only ever creates and deletes. The
    picture of a mask is saved again when somebody merely looks at it in HistomicsUI.
    """
    attributes = (saved.get("annotation") or {}).get("attributes") or {}
    pushed = "run" in attributes and "model" in attributes
    return pushed and ("raster" in attributes or saved.get("updated") == saved.get("created"))


def _send(notice: Document) -> None:
    for attempt in range(_TRIES):
        try:
            service.call("POST", "annotation-events", None, body=notice)
        except service.AbsentError as error:
            if attempt + 1 == _TRIES:
                log.warning("HistoLoop: item %s has new annotations: %s", notice["item"], error)
            else:
                time.sleep(_RETRY_S)
        except Exception as error:
            log.warning("HistoLoop: item %s has new annotations: %s", notice["item"], error)
            return
        else:
            return
