"""A UNet decoder on EfficientNet-Lite0: few multiplications, many pictures seen before.

A network that starts from ImageNet needs far fewer patients to tell tissue from stain
(`benchmarks/architectures.md`), and the Lite encoder sees no more of a tile than its receptive
field. What costs most in a UNet, the convolutions at full resolution, is left out: the decoder
ends at half resolution and its logits are interpolated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from histoloop.models.architectures import blocks
from histoloop.models.architectures.efficientnet_lite import encode, load_imagenet

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Config:
    """Shape of the network.

    Attributes:
        classes: output channels; 1 means a sigmoid for "this class or not", more a softmax.
        weights: where the encoder starts.
        decoder_filters: at strides 16, 8, 4 and 2.
        dropout: of whole channels before the logits, in training.
    """

    classes: int = Field(default=1, ge=1)
    weights: Literal["imagenet", "random"] = "imagenet"
    decoder_filters: tuple[int, int, int, int] = (128, 64, 32, 16)
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the encoder's output."""
        return 32


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1].

    Raises:
        ModelError: ImageNet's weights are wanted and not installed.
    """
    from keras import layers

    pixels = blocks.pixels()
    *skips, x = encode(pixels)
    for octave, filters in enumerate(config.decoder_filters):
        x = blocks.enlarged(x, 2, name=f"up{octave}")
        x = layers.Concatenate(name=f"skip{octave}")([x, skips.pop()])
        x = blocks.convolution(x, filters, 1, name=f"decode{octave}a")
        x = blocks.separable(x, filters, name=f"decode{octave}b")
    x = layers.SpatialDropout2D(config.dropout, name="dropout")(x)
    network = blocks.network("efficientnet_lite_unet", pixels, x, config.classes, enlarge=2)
    if config.weights == "imagenet":
        load_imagenet(network)
    return network
