"""MultiResUNet (Ibtehaz & Rahman 2020, doi:10.1016/j.neunet.2019.08.025).

Each level sees 3 × 3, 5 × 5 and 7 × 7 neighbourhoods through a chain of 3 × 3 convolutions, and
skips pass through residual convolutions, more of them the finer the level. Difference: 16 instead
of the paper's 32 filters by default, for CPUs (32 give its 7.26 million parameters).
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
        base_filters: filters that the finest level is equivalent to, doubled at each coarser one.
        alpha: width of the blocks against that of a plain UNet.
    """

    classes: int = Field(default=1, ge=1)
    levels: int = Field(default=5, ge=2)
    base_filters: int = Field(default=16, ge=4)
    alpha: float = Field(default=1.67, ge=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** (self.levels - 1))

    def filters(self, level: int) -> int:
        return int(self.base_filters * 2**level)

    def chain(self, level: int) -> tuple[int, int, int]:
        """Filters of the three convolutions of a block: a sixth, a third and half of its width."""
        width = self.alpha * self.filters(level)
        return int(width * 0.167), int(width * 0.333), int(width * 0.5)


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = x = blocks.pixels()
    skips = []
    for level in range(config.levels):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        x = _multires(x, config.chain(level), f"encode{level}")
        skips.append(x)
    for level in reversed(range(config.levels - 1)):
        filters = config.filters(level)
        skip = skips[level]
        for step in range(config.levels - 1 - level):
            skip = _residual(skip, filters, f"path{level}_{step}")
        x = layers.Conv2DTranspose(filters, 2, 2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([x, skip])
        x = _multires(x, config.chain(level), f"decode{level}")
    return blocks.network("multiresunet", pixels, x, config.classes)


def _multires(x: Any, chain: tuple[int, int, int], name: str) -> Any:
    from keras import layers

    shortcut = blocks.convolution(x, sum(chain), 1, name=f"{name}_short", activation=None)
    seen = []
    for step, filters in zip("abc", chain, strict=True):
        x = blocks.convolution(x, filters, name=f"{name}{step}")
        seen.append(x)
    x = blocks.normalised(layers.Concatenate()(seen), f"{name}_seen", None)
    x = layers.Activation("relu", name=f"{name}_relu")(layers.Add()([shortcut, x]))
    return blocks.normalised(x, f"{name}_out", None)


def _residual(x: Any, filters: int, name: str) -> Any:
    from keras import layers

    shortcut = blocks.convolution(x, filters, 1, name=f"{name}_short", activation=None)
    x = layers.Add()([shortcut, blocks.convolution(x, filters, name=name)])
    return blocks.normalised(layers.Activation("relu", name=f"{name}_sum")(x), f"{name}_out", None)
