"""DeepLabV3+ (Chen et al. 2018, arXiv:1802.02611): dilated pyramid and a light decoder.

The encoder is the paper's aligned Xception (strided separable convolutions instead of pooling)
at output stride 16, trained from scratch and, by default, half as wide and with half of the
middle blocks. Difference: the pyramid has no image-level pooling, which would see the whole tile
and so draw seams where tiles meet.
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
        width: of the encoder against the paper's.
        middle: residual blocks at stride 16; 16 in the paper.
        rates: dilations of the pyramid, in px of stride 16.
        pyramid_filters: of the pyramid and of the decoder; 256 in the paper.
        dropout: share of channels dropped after the pyramid while training.
    """

    classes: int = Field(default=1, ge=1)
    width: float = Field(default=0.5, gt=0)
    middle: int = Field(default=8, ge=1)
    rates: tuple[int, ...] = (6, 12, 18)
    pyramid_filters: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the encoder's output."""
        return 16

    def filters(self, full: int) -> int:
        """Filters in multiples of 8 where the paper has ``full``."""
        return max(8, round(full * self.width / 8) * 8)


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = blocks.pixels()
    fine, coarse = _encode(pixels, config)
    x = _pyramid(coarse, config)
    x = blocks.enlarged(x, 4, name="up")
    fine = blocks.convolution(fine, config.filters(48), 1, name="fine")
    x = layers.Concatenate(name="skip")([x, fine])
    for step in ("a", "b"):
        x = blocks.separable(x, config.pyramid_filters, name=f"decode{step}")
    return blocks.network("deeplabv3plus", pixels, x, config.classes, enlarge=4)


def _encode(pixels: Any, config: Config) -> tuple[Any, Any]:
    """Aligned Xception: its features at stride 4 and at stride 16."""
    x = blocks.convolution(pixels, config.filters(32), name="stema", strides=2)
    x = blocks.convolution(x, config.filters(64), name="stemb")
    fine = x = _xception(x, [config.filters(128)] * 3, "entry0", strides=2)
    x = _xception(x, [config.filters(256)] * 3, "entry1", strides=2)
    x = _xception(x, [config.filters(728)] * 3, "entry2", strides=2)
    for number in range(config.middle):
        x = _xception(x, [config.filters(728)] * 3, f"middle{number}")
    exits = [config.filters(728), config.filters(1024), config.filters(1024)]
    x = _xception(x, exits, "exit", dilation=2)
    for step, full in zip("abc", (1536, 1536, 2048), strict=True):
        x = blocks.separable(x, config.filters(full), name=f"exit_{step}", dilation=2)
    return fine, x


def _xception(x: Any, filters: list[int], name: str, *, strides: int = 1, dilation: int = 1) -> Any:
    """Separable convolutions beside a shortcut; the last of them carries the stride."""
    from keras import layers

    shortcut = x
    if strides > 1 or x.shape[-1] != filters[-1]:
        shortcut = blocks.convolution(
            x, filters[-1], 1, name=f"{name}_short", strides=strides, activation=None
        )
    for number, count in enumerate(filters):
        last = number == len(filters) - 1
        x = blocks.separable(
            x,
            count,
            name=f"{name}_{number}",
            strides=strides if last else 1,
            dilation=dilation,
            activation=None if last else "relu",
        )
    return layers.Activation("relu", name=f"{name}_relu")(layers.Add()([x, shortcut]))


def _pyramid(x: Any, config: Config) -> Any:
    """Atrous spatial pyramid: one pixel and rings around it, side by side."""
    from keras import layers

    seen = [blocks.convolution(x, config.pyramid_filters, 1, name="ring0")]
    seen += [
        blocks.separable(x, config.pyramid_filters, name=f"ring{rate}", dilation=rate)
        for rate in config.rates
    ]
    x = layers.Concatenate(name="rings")(seen)
    x = blocks.convolution(x, config.pyramid_filters, 1, name="pyramid")
    return layers.SpatialDropout2D(config.dropout, name="drop")(x)
