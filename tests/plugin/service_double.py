"""A scripted service that speaks HistoLoop's documents: for faults that the real one cannot do.

It does nothing by itself. A test moves its jobs on, tells it to be slow or to refuse, and looks
at what it was sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

Document = dict[str, Any]

MODEL = {
    "name": "tumor",
    "version": "3",
    "reference": "tumor@3",
    "default": True,
    "summary": "Tumour in breast tissue",
    "notice": "For research only. A pathologist must review every outline.",
    "classes": [{"name": "tumor", "code": 1, "color": "#e63c00"}],
}
MODELS = [MODEL]


@dataclass(frozen=True)
class Sent:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float


@dataclass
class ServiceDouble:
    """What the service knows, and how it behaves; `serving` starts one."""

    url: str = ""
    jobs: dict[str, Document] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    refusal: tuple[int, Document] | None = None
    garbage: bytes | None = None
    delay: float = 0.0
    stops_on_cancel: bool = True
    hangs_up: Literal["never", "before", "after"] = "never"

    def move(self, job: str, state: str, **changes: Any) -> None:
        """Put a job into a state; ``stage``, ``done``, ``total`` and so on go into its progress."""
        document = self.jobs[job]
        progress = document["progress"]
        progress |= {name: changes.pop(name) for name in list(changes) if name in progress}
        document |= {"state": state, **changes}

    def start(self, slide: str, **document: Any) -> str:
        """A job that somebody starts without the plugin; its id."""
        job = self._create({"slide": slide}) | document
        self.jobs[job["id"]] = job
        return str(job["id"])

    def received(self, method: str, path: str) -> list[Sent]:
        """The requests of a path, without the leading `/api/`."""
        return [one for one in self.sent if (one.method, one.path) == (method, f"/api/{path}")]

    def hangs_up_on(self, sent: Sent, moment: str) -> bool:
        """Whether a request for a job gets no answer, before or after the job was taken."""
        asks = (sent.method, sent.path) == ("POST", "/api/jobs")
        return asks and self.hangs_up == moment

    def answer(self, sent: Sent) -> tuple[int, Document]:
        """What the service would say."""
        parts = sent.path.removeprefix("/api/").split("/")
        match sent.method, parts:
            case "GET", ["health"]:
                return 200, {"status": "ok", "version": "0"}
            case "GET", ["models"]:
                return 200, {"models": MODELS}
            case "GET", ["jobs"]:
                return 200, {"jobs": self._of(sent.query["slide"])}
            case "POST", ["jobs"]:
                return 202, self._create(sent.body)
            case "GET", ["runs"]:
                return 200, {"runs": [_run(job) for job in self._of(sent.query["slide"])]}
            case "GET", ["runs", run]:
                found = [job for job in self.jobs.values() if job["run"] == run]
                return (200, _run(found[0])) if found else problem(404, f"no run {run!r}")
            case "POST", ["annotation-events"]:
                return 202, {}
        if parts[0] == "jobs" and parts[1] in self.jobs:
            return self._job(sent.method, self.jobs[parts[1]], parts[2:])
        return problem(404, f"nothing at {sent.path}", "list again")

    def _job(self, method: str, job: Document, rest: list[str]) -> tuple[int, Document]:
        if (method, rest) == ("POST", ["cancel"]):
            if job["state"] in ("done", "failed", "cancelled"):
                return problem(409, f"job {job['id']} is {job['state']} already")
            if self.stops_on_cancel:
                self.move(job["id"], "cancelled")
            return 202, job
        return 200, job

    def _of(self, slide: str) -> list[Document]:
        return [job for job in reversed(self.jobs.values()) if job["slide"] == slide]

    def _create(self, asked: Document) -> Document:
        job = {
            "id": uuid4().hex[:12],
            "run": uuid4().hex[:12],
            "state": "queued",
            "slide": asked["slide"],
            "model": asked.get("model", MODEL["reference"]),
            "roi": asked.get("roi"),
            "threshold": asked.get("threshold", 0.5),
            "replace": asked.get("replace", False),
            "created": datetime.now(UTC).isoformat(),
            "progress": {"stage": "queued", "done": 0, "total": 0}
            | {"tiles_per_s": None, "eta_s": None},
            "failure": None,
        }
        self.jobs[job["id"]] = job
        return job


def problem(status: int, detail: str, hint: str = "") -> tuple[int, Document]:
    """An `application/problem+json`."""
    return status, {"title": "x", "status": status, "detail": detail, "hint": hint}


def _run(job: Document) -> Document:
    kept = ("slide", "model", "roi", "threshold", "state", "created")
    return {name: job[name] for name in kept} | {
        "id": job["run"],
        "job": job["id"],
        "classes": MODEL["classes"],
    }


@contextmanager
def serving(port: int = 0) -> Iterator[ServiceDouble]:
    """A double that listens on loopback while the block runs."""
    double = ServiceDouble()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(double))
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(double: ServiceDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = dict(self.headers)
            sent = Sent(self.command, parts.path, query, headers, body, time.monotonic())
            double.sent.append(sent)
            time.sleep(double.delay)
            if double.hangs_up_on(sent, "before"):
                return
            status, content = double.refusal or double.answer(sent)
            if double.hangs_up_on(sent, "after"):
                return
            self._reply(status, double.garbage or json.dumps(content).encode())

        do_POST = do_GET  # noqa: N815  (the base class asks for this name)

        def _reply(self, status: int, content: bytes) -> None:
            kind = "application/json" if status < 400 else "application/problem+json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
