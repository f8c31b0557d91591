"""Whether a model folder holds the training that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from histoloop.errors import StateError
from histoloop.models.card import CARD, ModelCard, read_card
from histoloop.training.checkpoint import differences


def of_card(card: ModelCard) -> dict[str, Any]:
    """What a training must share with another to end with the same card, as JSON has it."""
    said = card.training
    kept = {key: said.get(key) for key in ("plan", "data", "init_digest")}
    words = card.model_dump(mode="json", exclude={"digest", "metrics", "training"})
    return json.loads(json.dumps(kept | words))  # type: ignore[no-any-return]


def finished(out: Path, asked: ModelCard) -> ModelCard | None:
    """The card of the same training, if it has ended in this folder.

    Raises:
        StateError: another one has; it says what differs.
        ModelError: the folder has a card, but its weights are not there or not its own.
    """
    if not (out / CARD).is_file():
        return None
    card = read_card(out)
    if found := "; ".join(differences(of_card(card), of_card(asked))):
        raise StateError(
            f"{out}: holds another training that has ended: {found}",
            hint="choose another --out, or begin anew in its place with --restart",
        )
    return card
