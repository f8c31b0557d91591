"""A UNet decoder on an EfficientNet (Tan & Le 2019, arXiv:1905.11946; 2021, arXiv:2104.00298).

The encoder is that of ``keras.applications`` with the weights it learnt on ImageNet, where those
can be had. It scales its input itself. Its squeeze-and-excitation blocks average over the whole
tile, so a prediction depends on how the slide is tiled, more than with the other architectures.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from histoloop.models.architectures import blocks

if TYPE_CHECKING:
    import keras

_log = logging.getLogger(__name__)

_SKIPS = {
    "EfficientNetB": ("block2a_expand", "block3a_expand", "block4a_expand", "block6a_expand"),
    "EfficientNetV2": ("block1a_project", "block2b_expand", "block4a_expand", "block6a_expand"),
}
"""Of each generation, the last activations at strides 2, 4, 8 and 16."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Config:
    """Shape of the network.

    Attributes:
        classes: output channels; 1 means a sigmoid for "this class or not", more a softmax.
        encoder: its class in ``keras.applications``.
        weights: where the encoder starts; ImageNet's are fetched once and kept by Keras.
        decoder_filters: at strides 16, 8, 4, 2 and 1.
    """

    classes: int = Field(default=1, ge=1)
    encoder: Literal[
        "EfficientNetV2B0",
        "EfficientNetV2B1",
        "EfficientNetV2B2",
        "EfficientNetV2B3",
        "EfficientNetV2S",
        "EfficientNetB0",
        "EfficientNetB1",
        "EfficientNetB2",
        "EfficientNetB3",
        "EfficientNetB4",
        "EfficientNetB5",
        "EfficientNetB6",
        "EfficientNetB7",
    ] = "EfficientNetV2B0"
    weights: Literal["imagenet", "random"] = "imagenet"
    decoder_filters: tuple[int, int, int, int, int] = (128, 64, 48, 32, 16)

    @property
    def stride(self) -> int:
        """Pixels per pixel of the encoder's output."""
        return 32


def build(config: Config) -> keras.Model:
    """Functional model: ``(n, h, w, 3)`` float32 in [-1, 1] → ``(n, h, w, classes)`` in [0, 1]."""
    from keras import layers

    pixels = blocks.pixels()
    # What the encoder takes is [0, 255].
    encoder = _encoder(config, layers.Rescaling(127.5, 127.5, name="bytes")(pixels))
    names = _SKIPS["EfficientNetV2" if "V2" in config.encoder else "EfficientNetB"]
    skips = [encoder.get_layer(f"{name}_activation").output for name in names]
    x = encoder.get_layer("top_activation").output
    for octave, filters in enumerate(config.decoder_filters):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{octave}")(x)
        if skips:
            x = layers.Concatenate(name=f"skip{octave}")([x, skips.pop()])
        for step in ("a", "b"):
            x = blocks.convolution(x, filters, name=f"decode{octave}{step}")
    return blocks.network("efficientnet_unet", pixels, x, config.classes)


def _encoder(config: Config, x: Any) -> keras.Model:
    """The encoder on a tensor, with ImageNet's weights if they are wanted and reachable."""
    import keras

    make = getattr(keras.applications, config.encoder)
    if config.weights == "imagenet":
        try:
            return make(include_top=False, weights="imagenet", input_tensor=x)
        except Exception as error:  # Keras raises no narrower one
            _log.warning(
                "%s: ImageNet's weights cannot be fetched, so it starts from random ones (%s)",
                config.encoder,
                " ".join(str(error).split()),
            )
    return make(include_top=False, weights=None, input_tensor=x)
