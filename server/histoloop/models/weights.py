"""Loading a network without running anybody's code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from histoloop.errors import ModelError
from histoloop.models.card import WEIGHTS
from histoloop.models.registry import Model

if TYPE_CHECKING:
    import keras


def load_network(model: Model) -> keras.Model:
    """The Keras network of a model, safe mode: no pickle, no Lambda code.

    Raises:
        ModelError: the file cannot be loaded that way.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from histoloop.models.architectures import windows  # noqa: F401 - registers its layers

    try:
        return keras.saving.load_model(model.folder / WEIGHTS, compile=False, safe_mode=True)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise ModelError(
            f"{model.card.reference}: {WEIGHTS} cannot be loaded in safe mode ({error})",
            hint="save it again with Keras 3, without Lambda layers",
        ) from error
