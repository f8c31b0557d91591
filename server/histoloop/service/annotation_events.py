"""`/api/annotation-events`: the archive's plugin says that somebody has drawn."""

from __future__ import annotations

import hmac
from typing import Any

from flask import request
from pydantic import BaseModel, Field

from histoloop.errors import NotFoundError, SignInError
from histoloop.service.library import library
from histoloop.service.schema import answers, resource

annotation_events = resource("annotation_events", tag="annotations")

SECRET = "HistoLoop-Secret"  # noqa: S105  (the name of a header)

_ID = r"^[0-9a-f]{24}$"


class Saved(BaseModel):
    """An annotation was saved."""

    item: str = Field(pattern=_ID)
    annotation: str = Field(pattern=_ID)
    user: str = Field(max_length=200, description="login, for people")


@annotation_events.post("/annotation-events", responses=answers("noted", status=202))
def note_annotation(body: Saved) -> tuple[dict[str, Any], int]:
    """Note that somebody has drawn; only the plugin, which holds the secret, may say so."""
    _refuse_unknown()
    library().ledger.add_annotation_news(body.item, body.annotation, body.user)
    return {}, 202


def _refuse_unknown() -> None:
    secret = library().settings.dsa_secret
    if secret is None or not secret.get_secret_value():
        raise NotFoundError(
            "no secret is shared with an archive's plugin", hint="set HISTOLOOP_DSA_SECRET"
        )
    said = request.headers.get(SECRET, "")
    if not hmac.compare_digest(said.encode(), secret.get_secret_value().encode()):
        raise SignInError(
            "the secret is not the one of this service",
            hint="HISTOLOOP_DSA_SECRET and PUT histoloop/secret must hold the same",
        )
