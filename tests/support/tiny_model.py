"""A real model folder whose network sees 2 px around a pixel, so that tiling must be exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from histoloop.models.card import CARD, WEIGHTS, ClassCard, ModelCard, weights_digest

TILE, HALO, OVERLAP = 96, 8, 16
RECEPTIVE_RADIUS = 2


def tiny_network(classes: int = 1, seed: int = 3, dilation: int = 1) -> Any:
    """Two 3 × 3 convolutions with random, lively weights; dilated, they see further."""
    import keras

    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Conv2D(
        6, 3 if dilation == 1 else 5, padding="same", activation="tanh", dilation_rate=dilation
    )(pixels)
    x = keras.layers.Conv2D(classes, 3, padding="same", activation="sigmoid")(x)
    network = keras.Model(pixels, x)
    random = np.random.default_rng(seed)
    network.set_weights([random.normal(0, 0.5, w.shape) for w in network.get_weights()])
    return network


def sees_purple() -> Any:
    """A network that calls tumour what has little green in it."""
    import keras

    pixels = keras.Input((None, None, 3), name="pixels")
    network = keras.Model(pixels, keras.layers.Conv2D(1, 1, activation="sigmoid")(pixels))
    weights = np.zeros((1, 1, 3, 1), np.float32)
    weights[..., 1, :] = -20
    network.set_weights([weights, np.array([-3.6], np.float32)])
    return network


def save_tiny_model(folder: Path, network: Any = None, **changes: Any) -> ModelCard:
    """Write weights and card; ``changes`` overrule the card's fields."""
    folder.mkdir(parents=True)
    (network or tiny_network()).save(folder / WEIGHTS)
    fields: dict[str, Any] = {
        "name": "tiny",
        "version": 1,
        "architecture": "test",
        "classes": (ClassCard(name="tumor", code=1, color="#e6194b"),),
        "mpp": 2.0,
        "tile": TILE,
        "halo": HALO,
        "overlap": OVERLAP,
        "digest": weights_digest(folder / WEIGHTS),
    }
    card = ModelCard(**(fields | changes))
    (folder / CARD).write_text(card.model_dump_json())
    return card
