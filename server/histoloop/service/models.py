"""`/api/models`: what can be run, and what is known of it."""

from __future__ import annotations

from typing import Any

from histoloop.models.registry import DEFAULT
from histoloop.service.library import library
from histoloop.service.schema import answers, resource

models = resource("models", tag="models")


@models.get("/models", responses=answers("models"))
def list_models() -> dict[str, Any]:
    """All models, each with the notice that a user must have read."""
    registry = library().models
    default = registry.get(DEFAULT).card.reference
    return {
        "models": [
            model.card.model_dump(
                include={"name", "version", "digest", "classes", "mpp", "tile", "halo"}
                | {"summary", "notice", "metrics", "licence"}
            )
            | {
                "reference": model.card.reference,
                "default": model.card.reference == default,
                "tags": registry.tags_of(model.card),
            }
            for model in registry.list()
        ]
    }
