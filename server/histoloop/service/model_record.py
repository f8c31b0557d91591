"""A version of a model as the service tells of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from urllib.parse import quote

from histoloop.errors import OutputError
from histoloop.jobs.kept_agreements import kept_agreements
from histoloop.jobs.kept_evaluation import read_evaluation
from histoloop.models.card import ModelCard
from histoloop.models.registry import Model, ModelRegistry
from histoloop.training.gate_decision import read_decision
from histoloop.training.history import HISTORY


def record(registry: ModelRegistry, model: Model) -> dict[str, Any]:
    """What the registry knows: card, tags, lineage, and the history of its name."""
    card, standing = model.card, registry.tags.read(model.card.name)
    active, training = registry.active(card.name), card.training
    return card.model_dump(
        include={"name", "version", "digest", "architecture", "classes", "mpp", "tile"}
        | {"summary", "notice", "metrics", "licence", "parent"}
    ) | {
        "reference": card.reference,
        "tags": registry.tags_of(card),
        "lineage": registry.lineage(card),
        "active": active.card.reference if active else None,
        "rollback": f"{card.name}@{standing.earlier[-1]}" if standing.earlier else None,
        "history": [one.model_dump() for one in reversed(standing.history)],
        "snapshot": training.get("snapshot") or None,
        "patients": {split: len(some) for split, some in training.get("patients", {}).items()},
        "epochs": training.get("epochs"),
        "ceiling": _ceiling(registry.folder.parent, card),
    }


def decision(home: Path, card: ModelCard, *, slides: bool) -> dict[str, Any] | None:
    """What the gate said, in words and numbers; ``slides``: picture by picture, too."""
    found = read_decision(home, card.name, card.version)
    if found is None:
        return None
    return found.model_dump(exclude={"classes"}) | {
        "headline": found.headline,
        "caveats": found.caveats,
        "classes": [
            one.model_dump(exclude=None if slides else {"slides"}) for one in found.classes
        ],
    }


def evaluation(home: Path, card: ModelCard) -> dict[str, Any] | None:
    """How it did on pictures that were kept from training, and where it is most wrong.

    An evaluation of other weights under the same name and version is none of this model.
    """
    kept = read_evaluation(home, card.name, card.version)
    if kept is None or kept.report["model"]["digest"] != card.digest:
        return None
    judged = kept.report["model"]
    gallery = f"/api/models/{quote(card.reference)}/gallery"
    return {
        "made": kept.made.isoformat(timespec="seconds"),
        "warnings": kept.report["warnings"],
        "patients": len(judged["patients"]),
        "classes": judged["classes"],
        "slides": [
            {
                "name": one["name"],
                "patient": one["patient"],
                "seen_in": one["seen_in"],
                "dice": {name: figures["dice"] for name, figures in one["classes"].items()},
            }
            for one in judged["slides"]
        ],
        "gallery": [f"{gallery}/{number}" for number in range(1, 1 + len(kept.gallery))],
    }


def curves(folder: Path) -> list[dict[str, Any]]:
    """The epochs of a training as its folder keeps them.

    Raises:
        OutputError: what is kept cannot be read.
    """
    path = folder / HISTORY
    try:
        epochs = json.loads(path.read_bytes())
        return [{name: _defined(value) for name, value in one.items()} for one in epochs]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, AttributeError) as error:
        raise OutputError(
            f"{path}: cannot be read ({str(error).splitlines()[0]})", hint="restore or remove it"
        ) from error


def _ceiling(home: Path, card: ModelCard) -> dict[str, Any] | None:
    """How well people agree on the model's classes, by the newest agreement that knows one."""
    names = [one.name for one in card.classes]
    for kept in kept_agreements(home):
        known = {name: one for name, one in kept.report["ceiling"].items() if name in names}
        if any(one["dice"] is not None for one in known.values()):
            return {"agreement": kept.name, "classes": known}
    return None


def _defined(value: object) -> object:
    """NaN is no JSON."""
    if isinstance(value, dict):
        return {name: _defined(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
