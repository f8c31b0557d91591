"""The permission that a job has: a token of its user, for as long as the job lives.

A session may end before a job does. So each job gets a token that can read and write data as its
user and nothing else. It lies among Girder's tokens, which no route lists; the job is named in the
token, not the token in the job.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from girder.constants import TokenScope
from girder.models.token import Token

Document = dict[str, Any]

DAYS = 7
_SCOPE = (TokenScope.DATA_READ, TokenScope.DATA_WRITE, TokenScope.USER_INFO_READ)
_JOB = "histoloopJob"
_AFTERWARDS = timedelta(minutes=10)
"""What a job that has ended may still need to tidy up."""


def register() -> None:
    """Let tokens be found by their job."""
    Token().ensureIndex((_JOB, {"sparse": True}))


def grant(user: Document) -> Document:
    """A new token of this user; ``["_id"]`` is the token itself."""
    token: Document = Token().createToken(user=user, days=DAYS, scope=list(_SCOPE))
    return token


def tie(token: Document, job: str) -> None:
    """Make it the token of this job of the service."""
    Token().update({"_id": token["_id"]}, {"$set": {_JOB: job}}, multi=False)


def revoke(token: Document) -> None:
    """End a token at once."""
    Token().remove(token)


def of(job: str) -> str | None:
    """The token of a job of the service; `None` when it has expired."""
    found = Token().findOne({_JOB: job, "expires": {"$gt": _now()}})
    return str(found["_id"]) if found else None


def retire(job: str) -> None:
    """Let the token of a job that has ended run out."""
    Token().update({_JOB: job}, {"$set": {"expires": _now() + _AFTERWARDS}})


def _now() -> datetime:
    return datetime.now(UTC)
