"""The HistoLoop service as this plugin talks to it; nothing else is ever called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests
from girder.exceptions import RestException, ValidationException

from girder_histoloop import settings

Document = dict[str, Any]

CONNECT_S = 3.0
READ_S = 15.0
STATES = frozenset({"queued", "running", "done", "failed", "cancelled"})
_PASSED_ON = frozenset({400, 403, 404, 409, 413, 422, 429})
"""What the service answers to a request that was wrong; the rest is a fault of ours or its own."""


class ServiceError(Exception):
    """The service refused, or did not answer.

    Attributes:
        status: what to answer; hint: the way out.
    """

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint

    def as_rest(self) -> RestException:
        """The error as Girder answers it: the hint is in ``extra``."""
        return RestException(self.message, self.status, extra={"hint": self.hint})


class AbsentError(ServiceError):
    """The service cannot be reached, or takes too long."""


def call(
    method: str,
    path: str,
    token: str | None,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    read_s: float = READ_S,
) -> Document:
    """Ask the service with a user's token, or with the shared secret alone.

    Args:
        path: below ``/api/``; the caller has checked every part that a user chose.

    Raises:
        AbsentError: it does not answer.
        ServiceError: it refuses.
    """
    url = f"{_root()}/api/{path}"
    try:
        answer = requests.request(
            method,
            url,
            params=query,
            json=body,
            headers=_headers(token),
            timeout=(CONNECT_S, read_s),
            allow_redirects=False,  # neither token nor secret goes anywhere else
        )
    except requests.Timeout:
        raise _absent(
            f"does not answer within {read_s:.0f} s", "it may be busy; try again"
        ) from None
    except requests.RequestException:
        raise _absent("does not answer", f"start it, or correct {settings.SERVICE_URL}") from None
    return _content(answer)


def call_for_job(
    method: str, path: str, token: str, body: Any = None, read_s: float = READ_S
) -> Document:
    """Ask the service for something whose answer is a job.

    Raises:
        AbsentError: it does not answer.
        ServiceError: it refuses, or what answers in its place knows no jobs.
    """
    job = call(method, path, token, body=body, read_s=read_s)
    if not is_job(job):
        raise _impostor()
    return job


def is_job(job: Any) -> bool:
    """Whether it has what we read of a job, in the types that we take for granted."""
    if not isinstance(job, dict) or not isinstance(job.get("progress"), dict):
        return False
    texts = (job.get(name) for name in ("id", "model"))
    counts = (job["progress"].get(name) for name in ("done", "total", "tiles_per_s", "eta_s"))
    failure = job.get("failure")
    return (
        str(job.get("state")) in STATES
        and _is_moment(job.get("created"))
        and all(isinstance(text, str) for text in texts)
        and all(count is None or isinstance(count, int | float) for count in counts)
        and (failure is None or isinstance(failure, dict))
    )


def _is_moment(text: Any) -> bool:
    """Whether it is a date and time with its zone (ISO 8601)."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _root() -> str:
    try:
        return settings.service_url()
    except ValidationException:
        raise ServiceError(
            503, "The address of the HistoLoop service is none.", f"correct {settings.SERVICE_URL}"
        ) from None


def _headers(token: str | None) -> dict[str, str]:
    secret = settings.secret()
    headers = {"Accept": "application/json"}
    if secret:
        headers["HistoLoop-Secret"] = secret
    if token:
        headers["Girder-Token"] = token
    return headers


def _absent(how: str, hint: str) -> AbsentError:
    return AbsentError(503, f"The HistoLoop service {how}.", hint)


def _content(answer: requests.Response) -> Document:
    try:
        content = answer.json() if answer.content else {}
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _impostor()
    if 200 <= answer.status_code < 300:
        return content
    raise _refusal(answer.status_code, content)


def _impostor() -> ServiceError:
    return ServiceError(
        502,
        "What answers in the place of the HistoLoop service is none.",
        f"correct {settings.SERVICE_URL}",
    )


def _refusal(status: int, problem: Document) -> ServiceError:
    detail = str(problem.get("detail") or problem.get("title") or f"status {status}")
    hint = str(problem.get("hint") or "")
    if status in _PASSED_ON:
        return ServiceError(status, detail, hint)
    if status == 401:  # the user is signed in here: a 401 would only ask for that again
        return ServiceError(
            502,
            f"The HistoLoop service does not accept this archive: {detail}",
            hint or "the service and PUT histoloop/secret must hold the same secret",
        )
    return ServiceError(502, f"The HistoLoop service failed: {detail}", hint)
