"""A residual UNet for regions at CPU speed (He et al. 2016, arXiv:1512.03385).

Where `unet` spends its time, this one does nothing: it never computes at full resolution. A
strided stem halves the side at once, the logits come out at half resolution and are
interpolated; skips are added rather than concatenated, and a decoder level is one block. Batch
normalisation alone, which in inference sees no tile.
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
        levels: filters and residual blocks of each, from half resolution on.
        dropout: share of channels dropped at the coarsest level while training.
    """

    classes: int = Field(default=1, ge=1)
    levels: tuple[tuple[int, int], ...] = Field(
        default=((16, 1), (32, 1), (64, 2), (128, 2), (192, 2)), min_length=2
    )
    dropout: float = Field(default=0.2, ge=0, lt=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** len(self.levels))


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = blocks.pixels()
    x = blocks.convolution(pixels, config.levels[0][0], name="stem", strides=2)
    skips = []
    for level, (filters, depth) in enumerate(config.levels):
        if level:
            x = blocks.convolution(x, filters, name=f"down{level}", strides=2)
        for number in range(depth):
            x = _residual(x, f"encode{level}_{number}")
        skips.append(x)
    x = layers.SpatialDropout2D(config.dropout, name="drop")(x)
    for level in reversed(range(len(config.levels) - 1)):
        x = blocks.convolution(x, config.levels[level][0], 1, name=f"fit{level}", activation=None)
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{level}")(x)
        x = layers.Add(name=f"skip{level}")([x, skips[level]])
        x = _residual(x, f"decode{level}")
    return blocks.network("lean_unet", pixels, x, config.classes, enlarge=2)


def _residual(x: Any, name: str) -> Any:
    from keras import layers

    y = blocks.convolution(x, x.shape[-1], name=f"{name}a")
    y = blocks.convolution(y, x.shape[-1], name=f"{name}b", activation=None)
    return layers.Activation("relu", name=name)(layers.Add(name=f"{name}_sum")([x, y]))
