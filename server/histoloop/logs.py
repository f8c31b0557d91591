"""The log: a line an event, which says of which request and of which job it is, and no secret."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import SecretStr
from pythonjsonlogger.json import JsonFormatter

from histoloop.config import Settings

_REQUEST: ContextVar[str] = ContextVar("request", default="")
_JOB: ContextVar[str] = ContextVar("job", default="")

_NAMED = re.compile(
    r"(?i)((?:girder-)?token|api[-_]?key|password|passwd|secret|authorization|cookie)"
    r"(\\?[\"']?\s*[:=]\s*\\?[\"']?(?:bearer |basic )?)([^\s\"'&,;})\\]+)"
)
_IN_ADDRESS = re.compile(r"(://[^\s:/@]*):[^\s@/]+@")
_HIDDEN = "[hidden]"


@lru_cache(maxsize=1)
def configure(settings: Settings) -> None:
    """Write this process's log to stderr as the settings say; done twice it changes nothing."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(settings))
    handler.addFilter(_note)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("histoloop").setLevel(settings.log_level.upper())
    dask = logging.getLogger("distributed")  # which has handlers of its own
    dask.handlers, dask.propagate = [], True


@contextmanager
def about(*, request: str = "", job: str = "") -> Iterator[None]:
    """Lines that this thread writes in the block are about a request, or a job."""
    tokens = [
        (variable, variable.set(value))
        for variable, value in ((_REQUEST, request), (_JOB, job))
        if value
    ]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def _note(record: logging.LogRecord) -> bool:
    record.request, record.job = _REQUEST.get(), _JOB.get()
    return True


def _formatter(settings: Settings) -> logging.Formatter:
    known = [
        value.get_secret_value()
        for _, value in settings
        if isinstance(value, SecretStr) and value.get_secret_value()
    ]
    return _Json(known) if settings.log == "json" else _Text(known)


class _Timed(logging.Formatter):
    """Begins a line with the moment in UTC."""

    def formatTime(  # noqa: N802  (logging's name)
        self,
        record: logging.LogRecord,
        datefmt: str | None = None,  # noqa: ARG002
    ) -> str:
        return _moment(record)


class _Text(_Timed):
    """For people: time, level, logger, what it is about, and the message."""

    def __init__(self, known: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(about)s%(message)s")
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        ids = (("request", _of(record, "request")), ("job", _of(record, "job")))
        record.about = "".join(f"[{name} {id}] " for name, id in ids if id)
        return _without_secrets(super().format(record), self._known)


class _Json(_Timed, JsonFormatter):
    """For programs: an object a line."""

    def __init__(self, known: list[str]) -> None:
        super().__init__(
            ("asctime", "levelname", "name", "request", "job", "message"),
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
        self._known = [*known, *(json.dumps(one, ensure_ascii=False)[1:-1] for one in known)]

    def format(self, record: logging.LogRecord) -> str:
        return _without_secrets(super().format(record), self._known)


def _of(record: logging.LogRecord, name: str) -> str:
    return str(getattr(record, name, ""))


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _without_secrets(line: str, known: list[str]) -> str:
    for one in known:
        line = line.replace(one, _HIDDEN)
    line = _IN_ADDRESS.sub(rf"\1:{_HIDDEN}@", line)
    return _NAMED.sub(rf"\1\2{_HIDDEN}", line)
