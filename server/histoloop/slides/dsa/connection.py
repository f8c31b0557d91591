"""Talking to a Girder server: signed in, within a budget, patient with faults.

A request that may be repeated is repeated, by urllib3's rules, when the server is away, busy
or cuts an answer short. Errors carry what the server said and never the address that was
asked: parameters could hold what is nobody's business.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import requests
from girder_client import GirderClient, HttpError
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from urllib3.util import Retry

from histoloop.errors import (
    AccessError,
    DsaAwayError,
    DsaError,
    DsaFaultError,
    HistoloopError,
    NotFoundError,
    SignInError,
)
from histoloop.slides.dsa.budget import Budget
from histoloop.slides.dsa.site import DsaSite

_TIMEOUT_S = (10.0, 60.0)
"""To connect, and between two bytes of an answer."""

_CUT_SHORT_TRIES = 3

_SIGN_IN = "sign in again, or set HISTOLOOP_DSA and HISTOLOOP_DSA_KEY"

_PATIENCE = Retry(
    total=5,
    read=2,  # each costs a whole time-out
    backoff_factor=0.4,  # waits 0, 0.8, 1.6, 3.2, 6.4 s and some jitter
    respect_retry_after_header=False,  # it may say hours, and a place of the budget is held
    backoff_jitter=0.4,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
    raise_on_status=False,
)


class DsaConnection:
    """A user's connection; threads may share it, processes make their own from the site."""

    def __init__(self, site: DsaSite) -> None:
        self.site = site
        self.budget = Budget(site.folder / "places", site.requests)
        self._client = GirderClient(apiUrl=site.url)
        self._open = ExitStack()
        self._open.enter_context(self._client.session(_session(site.requests)))
        self._signing_in = threading.Lock()
        self.sent = 0
        """Requests so far, repeated ones counted once."""
        if site.login.token:
            self._client.setToken(site.login.token.get_secret_value())

    def get(self, path: str, **parameters: object) -> Any:
        """JSON of a resource. See `send` for the errors."""
        return self.send("GET", path, parameters).json()

    def read(self, path: str, **parameters: object) -> bytes:
        """Bytes of a resource. See `send` for the errors."""
        return self.send("GET", path, parameters).content

    def read_range(self, file: str, start: int, end: int) -> bytes:
        """The bytes ``[start, end)`` of a file, and no others. See `send` for the errors.

        Files that lie in an object store are fetched there, without the token: it would go to
        a stranger, and its redirect forgets the range.
        """
        answer = self.send("GET", f"file/{file}/download", {"offset": start, "endByte": end})
        if not answer.is_redirect:
            return answer.content
        with self.budget.place(), self._elsewhere(answer, f"bytes={start}-{end - 1}") as part:
            if part.status_code != HTTPStatus.PARTIAL_CONTENT:
                raise self._away("keeps its files where no part of one can be had")
            return part.content

    def _elsewhere(self, answer: requests.Response, span: str) -> requests.Response:
        headers = {"Range": span, "Accept-Encoding": "identity"}
        try:
            return requests.get(
                answer.headers["Location"], headers=headers, timeout=_TIMEOUT_S, stream=True
            )
        except requests.RequestException as error:
            raise self._away(f"keeps its files at a place that {_reason(error)}") from None

    def pages(self, path: str, size: int = 500, **parameters: object) -> Any:
        """The records of a listing, page by page, lazily."""
        offset = 0
        while True:
            found = self.get(path, limit=size, offset=offset, **parameters)
            yield from found
            offset += len(found)
            if len(found) < size:
                return

    def send(
        self,
        method: str,
        path: str,
        parameters: dict[str, object] | None = None,
        *,
        data: object = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, signed in, and return a good answer.

        Args:
            data: bytes, or the fields of a form: what can be sent a second time.

        Raises:
            SignInError: nobody is signed in, or no longer.
            AccessError: the user may not do this.
            NotFoundError: it does not exist, for this user.
            DsaError: the server does not answer, or cannot do it.
        """
        key = self.site.login.key
        if key and not self._client.token:
            self._sign_in(key, "")
        for attempt in range(_CUT_SHORT_TRIES):
            token = self._client.token
            try:
                return self._send(method, path, parameters, data, json, headers)
            except HttpError as error:
                if error.status != HTTPStatus.UNAUTHORIZED or not key or attempt:
                    raise self._said(error) from None
                self._sign_in(key, token)
            except (ChunkedEncodingError, ContentDecodingError):
                if method != "GET" or attempt == _CUT_SHORT_TRIES - 1:
                    raise self._away("cut its answer short") from None
            except requests.RequestException as error:
                raise self._away(_reason(error)) from None
        raise self._away("refused a token that it had just made")

    def _send(
        self,
        method: str,
        path: str,
        parameters: dict[str, object] | None,
        data: object,
        json: object,
        headers: dict[str, str] | None,
    ) -> requests.Response:
        with self.budget.place():
            self.sent += 1
            answer: requests.Response = self._client.sendRestRequest(
                method,
                path,
                parameters,
                data=data,
                json=json,
                headers=headers,
                jsonResp=False,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
            return answer

    def _sign_in(self, key: SecretStr, refused: str) -> None:
        """A token for the API key, in place of the one that was refused; one thread does it."""
        with self._signing_in:
            if self._client.token != refused:
                return  # another thread was faster
            try:
                # In the body: girder-client's own method would put the key into the address.
                body = {"key": key.get_secret_value()}
                answer = self._send("POST", "api_key/token", None, body, None, {"Girder-Token": ""})
            except HttpError as error:
                if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise self._said(error) from None
                raise SignInError(
                    f"{self.site.host}: does not accept the API key ({_text(error)})",
                    hint="make a new one on your account's page there; set HISTOLOOP_DSA_KEY",
                ) from None
            except requests.RequestException as error:
                raise self._away(_reason(error)) from None
            self._client.setToken(answer.json()["authToken"]["token"])

    def _said(self, error: HttpError) -> HistoloopError:
        """The server's own words, as one of our errors."""
        said = f"{self.site.host}: {_text(error)}"
        if error.status == HTTPStatus.UNAUTHORIZED:
            expired = "the token has expired" if self._client.token else "nobody is signed in"
            return SignInError(f"{said}; {expired}", hint=_SIGN_IN)
        if error.status == HTTPStatus.FORBIDDEN:
            return AccessError(said, hint="ask the owner of the folder for access")
        unknown = error.status == HTTPStatus.BAD_REQUEST and "Invalid" in said and " id" in said
        if error.status == HTTPStatus.NOT_FOUND or unknown:
            return NotFoundError(said, hint="it was deleted, or never was; list again")
        kind = DsaError
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            is_fault = error.status == HTTPStatus.INTERNAL_SERVER_ERROR
            kind = DsaFaultError if is_fault else DsaAwayError
        return kind(f"{said} (status {error.status})", hint="the server's log may say more")

    def _away(self, reason: str) -> DsaAwayError:
        return DsaAwayError(
            f"the Digital Slide Archive at {self.site.host} {reason}",
            hint="is it running, and is the address right? Try again in a moment",
        )


@lru_cache(maxsize=64)
def connect(site: DsaSite) -> DsaConnection:
    """The connection of this process to a site, made at the first call; asks nothing yet."""
    return DsaConnection(site)


def _session(requests_at_a_time: int) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_maxsize=requests_at_a_time, max_retries=_PATIENCE)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _text(error: HttpError) -> str:
    """What the server said, in a line."""
    try:
        said = str(error.response.json().get("message", ""))
    except (ValueError, AttributeError):
        said = ""
    return " ".join(said.split())[:200] or f"status {error.status}"


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "does not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"gives no proper answer ({type(error).__name__})"
