"""REST as far as this entry needs it, with Python's own library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any

_TIMEOUT_S = 60.0
"""More than the service is ever silent while it streams."""

_PAUSES_S = (1, 2, 4, 8, 16)
"""Between attempts to take up a stream that broke."""


class RequestError(Exception):
    """What went wrong, and what the reader can do about it."""

    def __init__(
        self, message: str, hint: str = "", *, status: int = 0, exit_code: int = 1
    ) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.status = status
        self.exit_code = exit_code


class UnreachableError(RequestError):
    """Nobody answers; trying again may help."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that was said and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


_open = urllib.request.build_opener(_NoRedirects).open


@dataclass(frozen=True)
class Server:
    """A service of HistoLoop or a Girder, asked with the user's own token.

    Attributes:
        name: for people; url: what paths are appended to.
    """

    name: str
    url: str
    token: str = field(repr=False)

    def get(self, path: str, timeout: float = _TIMEOUT_S) -> dict[str, Any]:
        """A document.

        Raises:
            RequestError: the server refuses, or nobody answers.
        """
        return self._document(path, None, timeout)

    def post(self, path: str, body: object, timeout: float = _TIMEOUT_S) -> dict[str, Any]:
        """What the server makes of `body`; raises as `get` does."""
        return self._document(path, json.dumps(body).encode(), timeout)

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Name and content of server-sent events; a broken stream is taken up where it broke.

        Ends only when the caller stops asking.

        Raises:
            RequestError: the server refuses, or has been away for half a minute.
        """
        last, failures = "", 0
        while True:
            reason = "it closed the stream"
            try:
                with self._ask(path, None, _TIMEOUT_S, {"Last-Event-ID": last}) as stream:
                    for number, name, content in _events(stream):
                        last, failures = number, 0
                        yield name, content
            except (UnreachableError, OSError, HTTPException) as error:
                reason = str(error)
            if failures == len(_PAUSES_S):
                raise RequestError(
                    f"{self.name} was lost: {reason}", "the job may still go on there"
                )
            time.sleep(_PAUSES_S[failures])
            failures += 1

    def _document(self, path: str, body: bytes | None, timeout: float) -> dict[str, Any]:
        with self._ask(path, body, timeout, {"Accept": "application/json"}) as answer:
            try:
                document: dict[str, Any] = json.load(answer)
            except (ValueError, OSError, HTTPException) as error:
                raise RequestError(
                    f"{self.name} at {self.url} gave no document: {error}", "is the address right?"
                ) from None
        return document

    def _ask(
        self, path: str, body: bytes | None, timeout: float, headers: dict[str, str]
    ) -> HTTPResponse:
        if not self.url.startswith(("http://", "https://")):
            raise RequestError(f"{self.url!r} is no address of {self.name}", exit_code=2)
        headers = headers | ({"Girder-Token": self.token} if self.token else {})
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        try:
            request = urllib.request.Request(self.url.rstrip("/") + path, body, headers)  # noqa: S310
            answer: HTTPResponse = _open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            raise _refusal(self, error) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise UnreachableError(
                f"{self.name} at {self.url} does not answer: {reason}", "is it running?"
            ) from None
        return answer


def _refusal(server: Server, error: urllib.error.HTTPError) -> RequestError:
    """A problem of HistoLoop (`detail`, `hint`) or an error of Girder (`message`)."""
    with error:
        try:
            said = json.load(error)
            message, hint = said.get("detail") or said["message"], said.get("hint", "")
        except (ValueError, KeyError, AttributeError, OSError):
            message, hint = f"{error.code} {error.reason}", "is the address right?"
    kind = UnreachableError if error.code >= 500 else RequestError
    return kind(f"{server.name}: {message}", hint, status=error.code)


def _events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    event: dict[str, str] = {}
    for line in lines:
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            event[name] = value.removeprefix(" ")
        else:
            if "data" in event:
                yield event.get("id", ""), event.get("event", ""), json.loads(event["data"])
            event = {}
