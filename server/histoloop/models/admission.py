"""Taking a model folder into the registry: only what is whole, safe and works."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from histoloop.errors import ModelError
from histoloop.models.card import CARD, WEIGHTS, ModelCard, read_card
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.segmenter import normalise
from histoloop.models.tags import Standing
from histoloop.models.weights import load_network

_ROUNDING = 1e-5
"""A softmax sums up to 1 in float32 only so well."""


def add(registry: ModelRegistry, folder: Path, by: str, why: str = "") -> Model:
    """Copy a model folder into the registry under the next version that is free.

    The first version of a name becomes the active one; another one is a candidate: what the name
    stands for stays as it is until somebody, or the gate, promotes the new one.

    Raises:
        ModelError: the folder is no model, is unsafe, does not work or is here already.
    """
    model = Model(folder, read_card(folder))
    refuse_unfit(model)
    name = model.card.name
    with registry.tags.locked(name):
        mine = [one for one in registry.list() if one.card.name == name]
        if twin := next((one for one in mine if one.card.digest == model.card.digest), None):
            raise ModelError(
                f"{folder}: is here already as {twin.card.reference}", hint="nothing is left to do"
            )
        standing = _pinned(registry, name)
        taken = [*(one.card.version for one in mine), *(e.version for e in standing.history)]
        version = model.card.version
        if version in taken:
            version = max(taken) + 1
        card = model.card.model_copy(update={"version": version})
        registry.tags.write(name, standing)  # first: a copy without tags would be the newest
        added = Model(_copy(model, card, registry.folder), card)
        registry.tags.write(name, standing.added(version, standing.active, by, why))
    return added


def _pinned(registry: ModelRegistry, name: str) -> Standing:
    """The tags, with what the name stands for by being the newest tagged as active."""
    standing, active = registry.tags.read(name), registry.active(name)
    if standing.active is None and active:
        return standing.model_copy(update={"active": active.card.version})
    return standing  # a tagged version that is lost stays tagged: nothing takes its place unasked


def refuse_unfit(model: Model) -> None:
    """Make sure that a model loads without running code of its own, and that it predicts.

    Raises:
        ModelError: it does not, or not what its card says.
    """
    card = model.card
    _ = card.tiling
    shape = (1, card.tile, card.tile)
    tile = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    try:
        found = np.asarray(load_network(model)(normalise(tile), training=False))
    except ModelError:
        raise
    except Exception as error:  # whatever a network can do wrong with a tile
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{card.reference}: cannot predict a tile of {card.tile} px ({reason})",
            hint="is the tile a multiple of the network's stride?",
        ) from error
    if found.shape != (*shape, len(card.classes)):
        raise ModelError(
            f"{card.reference}: predicts {found.shape[1:]} for a tile of {card.tile} px and "
            f"{len(card.classes)} class{'es' if len(card.classes) > 1 else ''}",
            hint="card and network do not belong together",
        )
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1 + _ROUNDING):
        raise ModelError(
            f"{card.reference}: its output is no probability",
            hint="the network has to end in a sigmoid or a softmax",
        )


def _copy(model: Model, card: ModelCard, models: Path) -> Path:
    """The folder under its own name, which appears when it is whole.

    Raises:
        ModelError: it cannot be written.
    """
    final = models / f"{card.name}-{card.version}"
    draft = models.parent / "registry" / card.name / f"adding-{card.version}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for path in model.folder.iterdir():
            if path.is_file() and path.name != CARD:
                shutil.copyfile(path, draft / path.name)
        (draft / CARD).write_text(card.model_dump_json(indent=2) + "\n")
        models.mkdir(parents=True, exist_ok=True)
        if final.exists():  # a broken folder is in the way: it is not ours to remove
            final = models / f"{card.name}-{card.version}-{card.digest[:8]}"
        draft.rename(final)
    except OSError as error:
        raise ModelError(
            f"{final}: cannot be written ({error.strerror})", hint="choose another --home"
        ) from error
    if read_card(final).digest != model.card.digest:
        raise ModelError(f"{model.folder / WEIGHTS}: changed while it was copied")
    return final
