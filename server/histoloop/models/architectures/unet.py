"""A small UNet for tissue regions (Ronneberger et al. 2015, arXiv:1505.04597).

Differences from the paper, each for whole-slide tiles on a CPU: padded convolutions, so that
the output is as large as the input; batch normalisation, which in inference is a fixed affine
map and sees no tile (instance or group statistics would draw seams); nearest upsampling and
then a convolution instead of a transposed one, which draws checkerboards (Odena et al. 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        max_filters: upper bound for the coarse levels.
        dropout: share of channels dropped at the two coarsest levels while training.
    """

    classes: int = Field(default=1, ge=1)
    levels: int = Field(default=5, ge=2)
    base_filters: int = Field(default=16, ge=1)
    max_filters: int = Field(default=192, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** (self.levels - 1))

    def filters(self, level: int) -> int:
        return int(min(self.base_filters * 2**level, self.max_filters))


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = x = blocks.pixels()
    skips = []
    for level in range(config.levels):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        x = _double_convolution(x, config.filters(level), f"encode{level}")
        if level >= config.levels - 2:
            x = layers.SpatialDropout2D(config.dropout, name=f"drop{level}")(x)
        skips.append(x)
    for level in reversed(range(config.levels - 1)):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([x, skips[level]])
        x = _double_convolution(x, config.filters(level), f"decode{level}")
    return blocks.network("unet", pixels, x, config.classes)


def _double_convolution(x: object, filters: int, name: str) -> object:
    from keras import layers

    for step in ("a", "b"):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}{step}")(x)
        x = layers.BatchNormalization(momentum=0.95, name=f"{name}{step}_norm")(x)
        x = layers.Activation("relu", name=f"{name}{step}_relu")(x)
    return x
