"""UNet 3+ (Huang et al. 2020, arXiv:2004.08790): every decoder level sees every scale.

Differences from the paper: 16 instead of 64 filters at the finest level and 16 instead of 64
channels per skip, for CPUs (64 give its 27 million parameters). Its deep supervision is an option
of the training; its classification-guided module is left out.
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
        base_filters: filters of the encoder's finest level, doubled at each coarser one.
        skip_filters: channels that a decoder level takes from each of the ``levels`` scales.
    """

    classes: int = Field(default=1, ge=1)
    levels: int = Field(default=5, ge=2)
    base_filters: int = Field(default=16, ge=1)
    skip_filters: int = Field(default=16, ge=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the coarsest level."""
        return int(2 ** (self.levels - 1))


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = x = blocks.pixels()
    encoded = []
    for level in range(config.levels):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        for step in ("a", "b"):
            x = blocks.convolution(x, config.base_filters * 2**level, name=f"encode{level}{step}")
        encoded.append(x)
    coarsest = config.levels - 1
    decoded = {coarsest: layers.Identity(name=f"decode{coarsest}")(x)}
    for level in reversed(range(config.levels - 1)):
        scales = [encoded[other] for other in range(level + 1)]
        scales += [decoded[other] for other in range(level + 1, config.levels)]
        seen = [
            _bring(scale, other - level, config.skip_filters, f"bring{other}to{level}")
            for other, scale in enumerate(scales)
        ]
        filters = config.skip_filters * config.levels
        both = layers.Concatenate(name=f"scales{level}")(seen)
        decoded[level] = blocks.convolution(both, filters, name=f"decode{level}")
    return blocks.network("unet3plus", pixels, decoded[0], config.classes)


def _bring(x: Any, octaves: int, filters: int, name: str) -> Any:
    """A scale ``octaves`` coarser (< 0: finer) at the resolution of a decoder level."""
    from keras import layers

    if octaves < 0:
        x = layers.MaxPooling2D(2**-octaves, name=f"{name}_down")(x)
    if octaves > 0:
        x = blocks.enlarged(x, 2**octaves, name=f"{name}_up")
    return blocks.convolution(x, filters, name=name)
