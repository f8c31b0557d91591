"""Each request has an id: in its answer, and in every line that the log has of it."""

from __future__ import annotations

import logging
import re
import time
from contextlib import ExitStack
from urllib.parse import quote
from uuid import uuid4

from flask import Flask, Response, g, request

from histoloop.logs import about

HEADER = "X-Request-Id"

_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a proxy may have given: nothing that could break a line."""

_log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Name every request of an app, and write down what became of it."""

    @app.before_request
    def name() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _FIT.fullmatch(given) else uuid4().hex[:16]
        g.asked = time.perf_counter()
        g.about = ExitStack()
        g.about.enter_context(about(request=g.request_id))

    @app.after_request
    def tell(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        took = 1000 * (time.perf_counter() - g.asked)
        # Without the query, which is long, and might hold what is nobody's business.
        # The path is quoted again: a line's end in it would begin a line of the caller's own.
        said = (request.method, quote(request.path), response.status_code, took)
        plain = request.method == "GET" and response.status_code < 400  # tiles, by the thousand
        _log.log(logging.DEBUG if plain else logging.INFO, "%s %s: %d in %.0f ms", *said)
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        if "about" in g:
            g.about.close()
