"""Networks by name; one file each, built without importing Keras until asked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from histoloop.errors import UsageError

if TYPE_CHECKING:
    import keras

NAMES = ("unet",)


def build(name: str, classes: int, **config: Any) -> keras.Model:
    """A network of an architecture: ``(n, h, w, 3)`` in [-1, 1] → ``(n, h, w, classes)``.

    Raises:
        UsageError: there is no such architecture.
    """
    if name not in NAMES:
        raise UsageError(f"unknown architecture {name!r}", hint=f"known: {', '.join(NAMES)}")
    module = import_module(f"{__name__}.{name}")
    network: keras.Model = module.build(module.Config(classes=classes, **config))
    return network
