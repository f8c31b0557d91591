"""Attention UNet (Oktay et al. 2018, arXiv:1804.03999): skips weighted by what the net looks for.

As in the paper: additive attention gates whose signal comes from one level below. Differences:
2D, and 16 instead of 64 filters at the finest level, for CPUs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from histoloop.models.architectures import blocks

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Config:
    """Shape of the network.

    Attributes:
        classes: output channels; 1 means a sigmoid for "this class or not", more a softmax.
        levels: resolutions; an input side must be a multiple of ``2 ** (levels - 1)``.
        base_filters: filters of the finest level, doubled at each coarser one.
        dropout: share of channels dropped at the coarsest level while training.
    """

    classes: int = Field(default=1, ge=1)
    levels: int = Field(default=5, ge=2)
    base_filters: int = Field(default=16, ge=2)
    dropout: float = Field(default=0.2, ge=0, lt=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** (self.levels - 1))

    def filters(self, level: int) -> int:
        return int(self.base_filters * 2**level)


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = x = blocks.pixels()
    skips = []
    for level in range(config.levels):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        x = _double_convolution(x, config.filters(level), f"encode{level}")
        skips.append(x)
    x = layers.SpatialDropout2D(config.dropout, name="drop")(x)
    for level in reversed(range(config.levels - 1)):
        filters = config.filters(level)
        gated = _gate(skips[level], x, filters // 2, f"gate{level}")
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{level}")(x)
        x = blocks.convolution(x, filters, name=f"up{level}_fit")
        x = layers.Concatenate(name=f"skip{level}")([x, gated])
        x = _double_convolution(x, filters, f"decode{level}")
    return blocks.network("attention_unet", pixels, x, config.classes)


def _gate(skip: Any, signal: Any, filters: int, name: str) -> Any:
    """The skip, each pixel weighted in [0, 1]; ``signal`` is half as large."""
    from keras import layers

    skips = layers.Conv2D(filters, 2, 2, use_bias=False, name=f"{name}_skip")(skip)
    signals = layers.Conv2D(filters, 1, name=f"{name}_signal")(signal)
    both = layers.Activation("relu", name=f"{name}_relu")(layers.Add()([skips, signals]))
    weight = layers.Conv2D(1, 1, activation="sigmoid", name=f"{name}_weight")(both)
    weight = blocks.enlarged(weight, 2, name=f"{name}_up")
    return blocks.convolution(
        layers.Multiply(name=f"{name}_gated")([skip, weight]),
        skip.shape[-1],
        1,
        name=f"{name}_out",
        activation=None,
    )


def _double_convolution(x: Any, filters: int, name: str) -> Any:
    return blocks.convolution(
        blocks.convolution(x, filters, name=f"{name}a"), filters, name=f"{name}b"
    )
