"""`/api/classes`: what there is to draw."""

from __future__ import annotations

from typing import Any

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.models.registry import DEFAULT
from histoloop.service.library import library
from histoloop.service.schema import answers, resource

classes = resource("classes", tag="annotations")


@classes.get("/classes", responses=answers("classes", kind="array"))
def list_classes() -> list[dict[str, Any]]:
    """The classes to draw with: those that models are retrained on, else those of a model."""
    settings, models = library().settings, library().models
    if settings.retrain_gtcodes is not None:
        return [
            {
                "name": row.group,
                "code": row.code,
                "colour": row.color,
                "is_roi": row.is_roi,
                "is_background": row.is_background,
            }
            for row in read_gtcodes(settings.retrain_gtcodes)
        ]
    model = models.active(settings.retrain_model) or models.get(DEFAULT)
    return [
        {
            "name": one.name,
            "code": one.code,
            "colour": one.color,
            "is_roi": False,
            "is_background": False,
        }
        for one in model.card.classes
    ]
