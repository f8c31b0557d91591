"""The UNet as published experiments configure it (Ronneberger et al. 2015, arXiv:1505.04597).

Named apart from the small default `unet`, whose name stands in the cards of models: this one has
80 times its parameters, transposed convolutions and every part to choose. Kernels and dilations
shrink from level to level, dropout grows. The defaults are the published 8 levels of 16 · 2^i
filters: 124 million parameters, and sides that are multiples of 128 px.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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
        base_kernel: odd side of the finest level's kernels, 2 less at each coarser one, at least 3.
        dilation: of the finest level's convolutions, 1 less at each coarser one, at least 1.
        dropout: per level: level ``i`` drops ``dropout * i`` while training.
        normalisation: after each activation; both kinds see one pixel in inference.
        activation: a name that Keras knows.
    """

    classes: int = Field(default=1, ge=1)
    levels: int = Field(default=8, ge=2)
    base_filters: int = Field(default=16, ge=1)
    base_kernel: int = Field(default=5, ge=3)
    dilation: int = Field(default=1, ge=1)
    dropout: float = Field(default=0.05, ge=0)
    normalisation: Literal["none", "batch", "layer"] = "none"
    activation: Literal["relu", "elu", "selu", "gelu", "silu", "mish", "leaky_relu"] = "relu"

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** (self.levels - 1))

    def filters(self, level: int) -> int:
        return int(self.base_filters * 2**level)

    def kernel(self, level: int) -> int:
        return max(self.base_kernel - 2 * level, 3)

    def dilation_rate(self, level: int) -> int:
        return max(self.dilation - level, 1)


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = x = blocks.pixels()
    skips = []
    for level in range(config.levels):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        x = _double_convolution(x, config, level, f"encode{level}")
        skips.append(x)
    for level in reversed(range(config.levels - 1)):
        x = layers.Conv2DTranspose(config.filters(level), 2, 2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([x, skips[level]])
        x = _double_convolution(x, config, level, f"decode{level}")
    return blocks.network("unet_classic", pixels, x, config.classes)


def _double_convolution(x: Any, config: Config, level: int, name: str) -> Any:
    from keras import layers

    for step in ("a", "b"):
        x = layers.Conv2D(
            config.filters(level),
            config.kernel(level),
            dilation_rate=config.dilation_rate(level),
            padding="same",
            activation=config.activation,
            kernel_initializer="he_normal",
            name=f"{name}{step}",
        )(x)
        if config.normalisation == "batch":
            x = layers.BatchNormalization(momentum=0.95, name=f"{name}{step}_norm")(x)
        elif config.normalisation == "layer":
            x = layers.LayerNormalization(name=f"{name}{step}_norm")(x)
        if step == "a":
            x = layers.Dropout(min(config.dropout * level, 0.9), name=f"{name}_drop")(x)
    return x
