"""`/api/session`: sign in with an account of the archive, see who is, sign out."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from girder_client import GirderClient, HttpError
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from pydantic import BaseModel, Field, SecretStr
from requests import RequestException

from histoloop.config import Settings
from histoloop.errors import DsaAwayError, PatienceError, SignInError, UsageError
from histoloop.jobs.archive import dsa_site
from histoloop.service.identity import COOKIE, login
from histoloop.service.library import library
from histoloop.service.schema import answers, resource
from histoloop.service.visitor import User, visitor_of
from histoloop.slides.dsa.connection import connect
from histoloop.slides.dsa.site import DsaSite, Login

sessions = resource("session", tag="session")

_PATIENCE_S = 15.0

_GUESSES = parse("10/minute")
"""Of one account from one address: people err less often, and who guesses needs more."""

_guessed = MovingWindowRateLimiter(MemoryStorage())


class SignIn(BaseModel):
    """An account of the archive, or a token of it."""

    login: str = Field(
        default="", max_length=200, pattern="^[^:]*$", description="or e-mail address"
    )
    password: SecretStr = Field(default=SecretStr(""), description="passed on, never kept")
    token: SecretStr | None = Field(default=None, description="in the place of login and password")


@sessions.get("/session", responses=answers("who is signed in"))
def show_session() -> dict[str, Any]:
    """Who is signed in, and whether anybody has to."""
    settings = library().settings
    try:
        user = visitor_of(settings, login(settings)).user()
    except SignInError:
        user = None
    return _document(settings, user)


@sessions.post("/session", responses=answers("who is signed in now"))
def sign_in(body: SignIn) -> Response:
    """Sign in; a cookie that no script can read holds the archive's token from now on."""
    settings = library().settings
    if settings.dsa is None:
        raise UsageError("nobody has to sign in here", hint="the slides are files of this machine")
    token = body.token or _exchange(dsa_site(settings), body)
    user = visitor_of(settings, Login(token=token)).user()
    response = jsonify(_document(settings, user))
    response.set_cookie(
        COOKIE,
        token.get_secret_value(),
        httponly=True,
        samesite="Strict",
        secure=_is_encrypted(),
        path=request.script_root or "/",
    )
    return response


@sessions.delete("/session", responses=answers("signed out", "", 204))
def sign_out() -> Response:
    """Forget who was signed in; jobs that they have asked for go on."""
    response = Response(status=204)
    response.delete_cookie(
        COOKIE,
        httponly=True,
        samesite="Strict",
        secure=_is_encrypted(),
        path=request.script_root or "/",
    )
    return response


def _exchange(site: DsaSite, body: SignIn) -> SecretStr:
    """A token of the archive for login and password.

    Raises:
        SignInError: the archive does not accept them.
        PatienceError: too many wrong passwords were tried of late.
        DsaAwayError: it does not answer.
    """
    # The archive takes no notice of case and blanks, so neither must who counts.
    who = (site.host, body.login.strip().lower(), request.remote_addr or "")
    if not _guessed.hit(_GUESSES, *who):
        raise PatienceError(
            f"too many wrong passwords of {body.login}", hint="wait a minute, then try again"
        )
    try:
        with connect(site).budget.place(_PATIENCE_S):
            answer = GirderClient(apiUrl=site.url).sendRestRequest(
                "GET",
                "user/authentication",
                auth=(body.login, body.password.get_secret_value()),
                headers={"Girder-Token": None},
                timeout=_PATIENCE_S,
            )
    except HttpError as error:
        if error.status in (401, 403):
            raise SignInError(
                f"{site.host}: does not accept this login and password ({_said(error)})",
                hint="they are those of your account there",
            ) from None
        raise _away(site, f"answers with status {error.status}") from None
    except RequestException:
        raise _away(site, "does not answer") from None
    _guessed.clear(_GUESSES, *who)
    return SecretStr(answer["authToken"]["token"])


def _said(error: HttpError) -> str:
    try:
        return str(error.response.json()["message"])[:200]
    except (ValueError, KeyError, AttributeError):
        return f"status {error.status}"


def _away(site: DsaSite, how: str) -> DsaAwayError:
    return DsaAwayError(
        f"the Digital Slide Archive at {site.host} {how}", hint="try again in a moment"
    )


def _document(settings: Settings, user: User | None) -> dict[str, Any]:
    """The session.

    ``retrains``: whether whoever asks may have a model retrained, and the service knows from what;
    ``datasets``: whether they may see what models are trained on.
    """
    rules = user.admin if user else settings.dsa is None
    return {
        "mode": "dsa" if settings.dsa else "folder",
        "site": dsa_site(settings).host if settings.dsa else None,
        "user": vars(user) if user else None,
        "retrains": rules and settings.retrain_gtcodes is not None,
        "datasets": rules,
    }


def _is_encrypted() -> bool:
    """Whether the browser speaks to us, or to the proxy before us, over TLS."""
    public = library().settings.public_url or ""
    return request.is_secure or public.startswith("https:")
