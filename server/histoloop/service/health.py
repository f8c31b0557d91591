"""`/api/health`: whether the service lives, whether it can work; `/api/metrics`: what it does."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy.exc import SQLAlchemyError

from histoloop import __version__
from histoloop.jobs.job import JobState
from histoloop.jobs.retention import GB
from histoloop.jobs.room import LEAST_ROOM
from histoloop.service.library import Library, library
from histoloop.service.schema import answers, resource
from histoloop.service.visitor import pulse
from histoloop.slides.dsa.pulse import Pulse

health = resource("health", tag="health")

READY = answers("it can work") | answers("it lacks something", status=503)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


@health.get("/health", responses=answers("it lives"))
def live() -> dict[str, Any]:
    """Whether the service answers, and the archive behind it."""
    archive = _archive()
    said = {"status": "ok", "version": __version__, "mode": "dsa" if archive else "folder"}
    return said | ({"dsa": {"site": archive.host, "answers": archive.beats()}} if archive else {})


@health.get("/health/ready", responses=READY)
def ready() -> Response:
    """Whether a job that is asked for now would be done: 200, or 503 and what is missing."""
    missing = list(_missing(library()))
    response = jsonify({"status": "not ready" if missing else "ready", "missing": missing})
    response.status_code = 503 if missing else 200
    return response


@health.get("/metrics", responses=answers("text", "text/plain"))
def metrics() -> Response:
    """Jobs, requests, workers and room, in Prometheus' text format."""
    counted: Metrics = current_app.extensions["histoloop-metrics"]
    return Response(generate_latest(counted.registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@dataclass(frozen=True)
class Metrics:
    """What one app counts of its requests, and reads off its library when it is asked."""

    library: Library
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What can be read off at any moment; called by the registry."""
        jobs = GaugeMetricFamily("histoloop_jobs", "Jobs in the ledger", labels=["state"])
        with suppress(SQLAlchemyError):  # what else there is to tell is told
            counts = self.library.ledger.counts()
            for state in JobState:
                jobs.add_metric([state.value], counts.get(state.value, 0))
        yield jobs
        workers = self.library.engine.places()
        yield GaugeMetricFamily("histoloop_workers", "Predictions at a time", value=workers)
        free = shutil.disk_usage(self.library.settings.home).free
        yield GaugeMetricFamily("histoloop_home_free_bytes", "Room on the home's disk", value=free)
        keeper = self.library.housekeeper
        said = "What runs take, as of the last look"
        yield GaugeMetricFamily("histoloop_runs_bytes", said, value=keeper.taken)
        if (most := self.library.settings.runs_gb) is not None:
            yield GaugeMetricFamily("histoloop_runs_most_bytes", "What they may", value=most * GB)
        said = "Runs put away by the service since it was started"
        yield CounterMetricFamily("histoloop_runs_put_away", said, value=keeper.put_away)


def register(app: Flask, served: Library) -> None:
    """Count and time every request of an app by the route that it takes."""
    counted = Metrics(served)
    app.extensions["histoloop-metrics"] = counted
    requests = Counter(
        "histoloop_requests",
        "Requests answered",
        ["method", "route", "status"],
        registry=counted.registry,
    )
    seconds = Histogram(
        "histoloop_request_seconds",
        "From a request to the head of its answer",
        ["route"],
        registry=counted.registry,
    )

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        # By the rule, never by the path: ids would make a series each.
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "other"
        requests.labels(method, route, str(response.status_code)).inc()
        seconds.labels(route).observe(time.perf_counter() - g.began)
        return response


def _missing(served: Library) -> Iterator[str]:
    settings = served.settings
    try:
        served.ledger.counts()
    except SQLAlchemyError as error:
        yield f"the ledger cannot be read ({type(error).__name__})"
    if not os.access(settings.home, os.W_OK):
        yield "the home folder cannot be written to"
    elif shutil.disk_usage(settings.home).free < LEAST_ROOM:
        yield "the home folder's disk is full"
    if not served.engine.places():
        yield "there is no worker"
    if (archive := _archive()) and not archive.beats():
        yield f"the archive at {archive.host} does not answer"


def _archive() -> Pulse | None:
    return pulse(library().settings)
