"""Swin-UNet (Cao et al. 2021, arXiv:2105.05537): a UNet of shifted-window attention.

Its layer normalisation is over the channels of one pixel, so it sees no tile. Differences from
the paper: windows of 8 instead of 7, which tiles of 2^i px fill, and half its width by default,
for CPUs (``head_width=32, window=7`` are the paper's: 27.17 million parameters); neither its
weights from ImageNet nor stochastic depth.
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
        patch: side of the patches that become pixels of the finest level.
        depths: attention blocks per level, finest first; every second one is shifted.
        heads: of the attention at the finest level, twice as many at each coarser one.
        head_width: channels of each of them.
        window: side of an attention window, px of its level.
    """

    classes: int = Field(default=1, ge=1)
    patch: int = Field(default=4, ge=1)
    depths: tuple[int, ...] = Field(default=(2, 2, 2, 2), min_length=2)
    heads: int = Field(default=3, ge=1)
    head_width: int = Field(default=16, ge=1)
    window: int = Field(default=8, ge=2)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(self.patch * 2 ** (len(self.depths) - 1))

    def channels(self, level: int) -> int:
        return int(self.heads * self.head_width * 2**level)


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    from histoloop.models.architectures.windows import SpaceToDepth

    pixels = blocks.pixels()
    x = layers.Conv2D(config.channels(0), config.patch, config.patch, name="patches")(pixels)
    x = layers.LayerNormalization(epsilon=1e-5, name="patches_norm")(x)
    skips = []
    for level in range(len(config.depths)):
        if level:
            x = SpaceToDepth(name=f"down{level}")(x)
            x = layers.LayerNormalization(epsilon=1e-5, name=f"down{level}_norm")(x)
            x = _linear(x, config.channels(level), f"down{level}_fit", bias=False)
        x = _stage(x, config, level, f"encode{level}")
        skips.append(x)
    x = layers.LayerNormalization(epsilon=1e-5, name="encoded_norm")(x)
    for level in reversed(range(len(config.depths) - 1)):
        x = _expand(x, 2, config.channels(level), f"up{level}")
        x = layers.Concatenate(name=f"skip{level}")([x, skips[level]])
        x = _linear(x, config.channels(level), f"skip{level}_fit")
        x = _stage(x, config, level, f"decode{level}")
    x = layers.LayerNormalization(epsilon=1e-5, name="decoded_norm")(x)
    x = _expand(x, config.patch, config.channels(0), "full")
    return blocks.network("swin_unet", pixels, x, config.classes)


def _stage(x: Any, config: Config, level: int, name: str) -> Any:
    for number in range(config.depths[level]):
        x = _block(x, config, shifted=number % 2 == 1, name=f"{name}_{number}")
    return x


def _block(x: Any, config: Config, *, shifted: bool, name: str) -> Any:
    """Attention and then a perceptron per pixel, each beside a shortcut."""
    from keras import layers

    from histoloop.models.architectures.windows import WindowAttention

    channels = x.shape[-1]
    seen = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)
    seen = _linear(seen, 3 * channels, f"{name}_qkv")
    seen = WindowAttention(
        channels // config.head_width, config.window, shifted, name=f"{name}_attention"
    )(seen)
    x = layers.Add(name=f"{name}_seen")([x, _linear(seen, channels, f"{name}_out")])
    thought = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_mlp_norm")(x)
    thought = _linear(thought, 4 * channels, f"{name}_mlp")
    thought = layers.Activation("gelu", name=f"{name}_gelu")(thought)
    return layers.Add(name=name)([x, _linear(thought, channels, f"{name}_mlp_out")])


def _expand(x: Any, factor: int, channels: int, name: str) -> Any:
    """``factor`` times the side with ``channels`` channels."""
    from keras import layers

    from histoloop.models.architectures.windows import DepthToSpace

    x = _linear(x, factor**2 * channels, f"{name}_fit", bias=False)
    x = DepthToSpace(factor, name=name)(x)
    return layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)


def _linear(x: Any, channels: int, name: str, *, bias: bool = True) -> Any:
    """The same linear map at every pixel."""
    from keras import initializers, layers

    start = initializers.TruncatedNormal(stddev=0.02)
    return layers.Conv2D(channels, 1, use_bias=bias, kernel_initializer=start, name=name)(x)
