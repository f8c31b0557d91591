"""Whose request it is: a token in a header or a cookie, or the user that the settings name.

A request that a browser may have sent on its own, because it holds a cookie or because nobody
has to sign in, must come from our own pages before it changes anything.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, g, request
from pydantic import SecretStr

from histoloop.config import Settings
from histoloop.errors import AccessError, SignInError
from histoloop.service.library import Visit, library
from histoloop.service.visitor import Visitor, visitor_of
from histoloop.slides.dsa.site import Login

COOKIE = "histoloop_token"
HEADER = "Girder-Token"

_OPEN = frozenset(
    {"/api/health", "/api/health/ready", "/api/session", "/api/annotation-events"}
    | {"/api/openapi.json", "/api/"}
)
"""What answers, or refuses by itself, without anybody being signed in."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: Flask) -> None:
    """Let no request of the app's interface through before it is known whose it is."""

    @app.before_request
    def identify() -> None:
        if request.path.startswith("/api/"):
            refuse_foreign()
            if request.path not in _OPEN:
                visitor().user()


def visit() -> Visit:
    """The library as whoever sent the current request may see it."""
    return Visit(library(), visitor())


def visitor() -> Visitor:
    """Who sent the current request.

    Raises:
        SignInError: nobody has signed in, and nobody is taken for granted.
    """
    if "visitor" not in g:
        settings = library().settings
        g.visitor = visitor_of(settings, login(settings))
    found: Visitor = g.visitor
    return found


def login(settings: Settings) -> Login | None:
    """The login of the current request; `None`: whoever the settings name.

    Raises:
        SignInError: the archive has users, and this request names none.
    """
    if settings.dsa is None:
        return None
    if token := request.headers.get(HEADER) or request.cookies.get(COOKIE):
        return Login(token=SecretStr(token))
    own = (settings.dsa_key or settings.dsa_token) and settings.loopback
    if own and settings.public_url is None and _to_this_machine():
        return None
    raise SignInError(
        "nobody is signed in",
        hint=f"sign in with your account of the archive, or send its token as {HEADER}",
    )


def refuse_foreign() -> None:
    """Make sure that no other page makes a browser change something here.

    Raises:
        AccessError: the request comes from another page, or a form.
    """
    if request.method in _READING or request.headers.get(HEADER):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = site not in ("same-origin", "none") if site else _is_foreign(origin)
    if foreign or request.mimetype not in ("", "application/json"):
        raise AccessError(
            "this request comes from another page",
            hint="use the viewer; programs send JSON, and in an archive a Girder-Token",
        )


def _is_foreign(origin: str | None) -> bool:
    public = library().settings.public_url
    ours = {request.host, urlsplit(public).netloc if public else request.host}
    return origin is not None and urlsplit(origin).netloc not in ours


def _to_this_machine() -> bool:
    """Whether this machine was asked by a name of its own: a foreign one may be a trick."""
    name = urlsplit(f"//{request.host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
