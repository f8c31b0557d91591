"""Networks by name; one file each, built without importing Keras until asked.

A name's module is its name with underscores. All follow one contract: functional Keras models of
``keras.layers`` and ``keras.ops`` alone, fully convolutional (a side must be a multiple of the
config's ``stride``), whose last convolution is called ``logits``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from histoloop.errors import UsageError

if TYPE_CHECKING:
    import keras

NAMES = (
    "lean-unet",
    "unet",
    "efficientnet-lite-unet",
    "unet-classic",
    "attention-unet",
    "multiresunet",
    "unet3plus",
    "efficientnet-unet",
    "deeplabv3plus",
    "swin-unet",
)


class Config(Protocol):
    """What every architecture's own, frozen `Config` has; its defaults are a working network."""

    @property
    def classes(self) -> int:
        """Output channels; 1 means a sigmoid for "this class or not", more a softmax."""

    @property
    def stride(self) -> int:
        """A side of the input must be a multiple of this, px."""


def configure(name: str, classes: int, **config: Any) -> Config:
    """The checked config of an architecture; ``config`` may come from JSON.

    Raises:
        UsageError: there is no such architecture, or it has no such config.
    """
    from pydantic import ValidationError

    module = _module(name)
    try:
        checked: Config = module.Config(classes=classes, **config)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "config"
        raise UsageError(
            f"architecture {name!r}: {where}: {first['msg']}",
            hint=f"it takes {', '.join(module.Config.__dataclass_fields__)}",
        ) from error
    return checked


def resolved(name: str, classes: int, **config: Any) -> dict[str, Any]:
    """Everything that `build` goes by but the classes, defaults written out: what a card keeps.

    Raises:
        UsageError: there is no such architecture, or it has no such config.
    """
    whole = configure(name, classes, **config)
    fields = _module(name).Config.__dataclass_fields__
    return {key: getattr(whole, key) for key in fields if key != "classes"}


def build(name: str, classes: int, **config: Any) -> keras.Model:
    """A network of an architecture: ``(n, h, w, 3)`` in [-1, 1] → ``(n, h, w, classes)``.

    Raises:
        UsageError: there is no such architecture, or it has no such config.
    """
    network: keras.Model = _module(name).build(configure(name, classes, **config))
    return network


def _module(name: str) -> Any:
    if name not in NAMES:
        raise UsageError(f"unknown architecture {name!r}", hint=f"known: {', '.join(NAMES)}")
    return import_module(f"{__name__}.{name.replace('-', '_')}")
