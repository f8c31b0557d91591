"""`/api/models`: what can be run, what is known of it, and which version is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, send_file
from pydantic import BaseModel, Field

from histoloop.errors import AccessError, NotFoundError
from histoloop.jobs.kept_evaluation import read_evaluation
from histoloop.models.registry import DEFAULT, Model
from histoloop.service.identity import visit
from histoloop.service.library import Visit, library
from histoloop.service.model_record import curves, decision, evaluation, record
from histoloop.service.schema import PNG, answers, resource

models = resource("models", tag="models")


class ByReference(BaseModel):
    """A version of a model."""

    reference: str = Field(max_length=200, description="name@version")


class ByName(BaseModel):
    """All versions of a model."""

    name: str = Field(max_length=200)


class GalleryPlace(ByReference):
    """A picture of an evaluation."""

    number: int = Field(ge=1, le=1000, description="1 is where the model is most wrong")


class Change(BaseModel):
    """Another version is to be used."""

    over: str = Field(max_length=200, description="the version that is active, as it was seen")
    why: str = Field(default="", max_length=1000, description="kept in the model's history")


@models.get("/models", responses=answers("models"))
def list_models() -> dict[str, Any]:
    """All models, each with the notice that a user must have read."""
    registry = library().models
    default = registry.get(DEFAULT).card.reference
    return {
        "models": [
            model.card.model_dump(
                include={"name", "version", "digest", "classes", "mpp", "tile", "halo"}
                | {"summary", "notice", "metrics", "licence", "parent"}
            )
            | {
                "reference": model.card.reference,
                "default": model.card.reference == default,
                "tags": registry.tags_of(model.card),
            }
            for model in registry.list()
        ]
    }


@models.get("/models/<reference>", responses=answers("a version of a model"))
def show_model(path: ByReference) -> dict[str, Any]:
    """A version: what it goes on from, its history, what the gate said, how it did on pictures.

    ``evaluation`` and the pictures of ``gate`` name slides of every folder: in an archive only its
    administrators get them, and ``limited`` says so.
    """
    here, model = visit(), _model(path.reference)
    found, home = record(here.library.models, model), here.library.settings.home
    sees = _allowed(here.visitor.refuse_datasets)
    return found | {
        "changeable": _allowed(here.visitor.refuse_retraining),
        "limited": not sees,
        "gate": decision(home, model.card, slides=sees),
        "evaluation": evaluation(home, model.card) if sees else None,
    }


@models.get("/models/<reference>/curves", responses=answers("how it was trained"))
def model_curves(path: ByReference) -> dict[str, Any]:
    """Loss, accuracy and validation Dice of each epoch; none where the folder does not say."""
    return {"epochs": curves(_model(path.reference).folder)}


@models.get("/models/<reference>/gallery/<int:number>", responses=PNG)
def model_gallery(path: GalleryPlace) -> Response:
    """A PNG: a tile, what is true there, and what the model predicts."""
    here, model = visit(), _model(path.reference)
    here.visitor.refuse_datasets()
    card = model.card
    kept = read_evaluation(here.library.settings.home, card.name, card.version)
    if kept is None or path.number > len(kept.gallery):
        raise NotFoundError(
            f"{card.reference}: no picture {path.number} is kept", hint="look at the model again"
        )
    response = send_file(kept.gallery[path.number - 1].absolute(), mimetype="image/png")
    response.headers["Cache-Control"] = "no-cache"
    return response


@models.post("/models/<reference>/promote", responses=answers("is used from now on"))
def promote_model(path: ByReference, body: Change) -> dict[str, Any]:
    """Use this version for every job to come, whatever the gate has said; who did is kept."""
    here, model = visit(), _model(path.reference)
    here.visitor.refuse_retraining()
    over = _model(body.over).card
    registry = here.library.models
    return record(registry, registry.promote(model.card.reference, _who(here), body.why, over))


@models.post("/models/<name>/rollback", responses=answers("is used again"))
def rollback_model(path: ByName, body: Change) -> dict[str, Any]:
    """Use the version that was active before; who did it is kept."""
    here = visit()
    here.visitor.refuse_retraining()
    registry = here.library.models
    return record(registry, registry.rollback(path.name, _who(here), body.why, body.over))


def _model(reference: str) -> Model:
    """A version that the registry holds; a path is none.

    Raises:
        NotFoundError: there is none.
    """
    for model in library().models.list():
        if model.card.reference == reference:
            return model
    raise NotFoundError(f"no model {reference!r}", hint="name a version of /api/models: name@1")


def _who(here: Visit) -> str:
    user = here.visitor.user()
    return user.login if user else "somebody in the viewer"


def _allowed(refuse: Callable[[], None]) -> bool:
    try:
        refuse()
    except AccessError:
        return False
    return True
