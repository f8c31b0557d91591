"""The service: a Flask app over a library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from flask import Response, send_from_directory
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import Info, OpenAPI

from histoloop import __version__
from histoloop.service import health, identity, problems, tracing
from histoloop.service.agreement import agreements
from histoloop.service.annotation_events import annotation_events
from histoloop.service.annotations import allow_documents, drawings
from histoloop.service.classes import classes
from histoloop.service.comparison import comparison
from histoloop.service.datasets import datasets
from histoloop.service.exports import exports
from histoloop.service.findings import findings
from histoloop.service.jobs import jobs
from histoloop.service.library import Library
from histoloop.service.models import models
from histoloop.service.preflights import preflights
from histoloop.service.review import reviews
from histoloop.service.runs import runs
from histoloop.service.session import sessions
from histoloop.service.slides import slides

STATIC = Path(__file__).parent / "static"

_LARGEST_REQUEST = 2**20
"""Bytes; nobody uploads anything but what they draw."""

_CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; frame-ancestors 'self'"
)


class StrictJson(DefaultJSONProvider):
    """JSON as it is defined: without NaN, which nobody could send on."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ARG002
        """A document that somebody has sent."""
        return orjson.loads(s)


def create_app(library: Library) -> OpenAPI:
    """The app; the library's engine must have been started before a job is asked for."""
    app = OpenAPI(
        __name__,
        info=Info(title="HistoLoop", version=__version__),
        doc_prefix="/api",
        validation_error_callback=problems.invalid,
        security_schemes={
            "token": {"type": "apiKey", "in": "header", "name": identity.HEADER},
            "cookie": {"type": "apiKey", "in": "cookie", "name": identity.COOKIE},
        },
        static_folder=None,
    )
    app.extensions["histoloop"] = library
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_REQUEST
    app.json = StrictJson(app)
    problems.register(app)
    tracing.register(app)  # first: all that follows is about a request
    health.register(app, library)  # before who asks is known: it counts what is refused, too
    app.before_request(allow_documents)
    identity.register(app)
    for blueprint in (
        health.health,
        sessions,
        slides,
        jobs,
        preflights,
        runs,
        comparison,
        findings,
        exports,
        models,
        datasets,
        drawings,
        classes,
        reviews,
        agreements,
        annotation_events,
    ):
        app.register_api(blueprint)
    _register_pages(app, library)
    return app


def _register_pages(app: OpenAPI, library: Library) -> None:
    @app.route("/")
    def viewer() -> Response:
        return _page("index.html")

    @app.route("/<path:name>")
    def asset(name: str) -> Response:
        return _page(name)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if library.settings.dsa:  # what a browser keeps for one user is not for the next
            response.headers.setdefault("Vary", f"Cookie, {identity.HEADER}")
        return response


def _page(name: str) -> Response:
    if name == "index.html" and not (STATIC / name).is_file():
        return problems.problem(404, "the viewer is not built", "run `make client`")
    return send_from_directory(STATIC, name)
