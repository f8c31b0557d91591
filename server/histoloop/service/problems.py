"""From exception to `application/problem+json` (RFC 9457), in one place."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from histoloop.errors import BusyError, HistoloopError

_log = logging.getLogger(__name__)


def problem(
    status: int,
    detail: str,
    hint: str = "",
    kind: str = "about:blank",
    extra: Mapping[str, object] | None = None,
) -> Response:
    """A problem as a response; ``hint`` is the way out, ``extra`` stands beside both."""
    content = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "hint": hint,
        **(extra or {}),
    }
    return Response(json.dumps(content), status, mimetype="application/problem+json")


def invalid(error: ValidationError) -> Response:
    """A request that does not fit its schema: the first thing that is wrong."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{where}: {first['msg']}", "see /api/openapi.json")


def register(app: Flask) -> None:
    """Let every error of the app leave as a problem."""

    @app.errorhandler(HistoloopError)
    def expected(error: HistoloopError) -> Response:
        kind = type(error).__name__
        response = problem(error.status, error.message, error.hint, kind, error.extra)
        if isinstance(error, BusyError):
            response.headers["Retry-After"] = str(error.again_s)
        return response

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return problem(error.code or 500, error.description or error.name)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.exception("request failed")
        return problem(500, f"{type(error).__name__} in the service", "its log has the details")
