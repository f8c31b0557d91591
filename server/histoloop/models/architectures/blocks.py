"""What several architectures are made of; tensors are ``(n, h, w, channels)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras


def pixels() -> Any:
    """The input of every network: RGB in [-1, 1], any side."""
    import keras

    return keras.Input((None, None, 3), name="pixels")


def convolution(
    x: Any,
    filters: int,
    kernel: int = 3,
    *,
    name: str,
    strides: int = 1,
    dilation: int = 1,
    activation: Literal["relu"] | None = "relu",
) -> Any:
    """Padded convolution, batch normalisation, activation.

    In inference batch normalisation is a fixed affine map that sees no tile.
    """
    from keras import layers

    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return normalised(x, name, activation)


def separable(
    x: Any,
    filters: int,
    *,
    name: str,
    strides: int = 1,
    dilation: int = 1,
    activation: Literal["relu"] | None = "relu",
) -> Any:
    """Depthwise 3 × 3 and pointwise convolution, both normalised (Howard et al. 2017)."""
    from keras import layers

    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depth",
    )(x)
    x = normalised(x, f"{name}_depth", "relu")
    return convolution(x, filters, 1, name=f"{name}_point", activation=activation)


def normalised(x: Any, name: str, activation: Literal["relu"] | None) -> Any:
    """Batch normalisation with the memory that short trainings need, and activation."""
    from keras import layers

    x = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x)
    return layers.Activation(activation, name=f"{name}_{activation}")(x) if activation else x


def enlarged(x: Any, factor: int, *, name: str, dtype: str | None = None) -> Any:
    """``factor`` times the side, linearly interpolated but for the middle of each pixel.

    Repeated pixels and a running mean over about one of them: what Keras 3 calls bilinear cannot
    be traced for inputs of unknown side.
    """
    from keras import layers

    mean = factor + 1 - factor % 2
    x = layers.UpSampling2D(factor, interpolation="nearest", dtype=dtype, name=name)(x)
    for axis, window in (("rows", (mean, 1)), ("columns", (1, mean))):
        pool = layers.AveragePooling2D(window, 1, "same", dtype=dtype, name=f"{name}_{axis}")
        x = pool(x)
    return x


def network(name: str, pixels: Any, x: Any, classes: int, enlarge: int = 1) -> keras.Model:
    """The model from ``pixels`` to the probabilities of ``x``'s logits.

    Args:
        enlarge: how many times smaller than the input ``x`` is; its logits are interpolated.
    """
    import keras

    layers = keras.layers
    # float32 whatever the policy: a probability in half precision loses the tail.
    x = layers.Conv2D(classes, 1, dtype="float32", name="logits")(x)
    if enlarge > 1:
        x = enlarged(x, enlarge, name="full", dtype="float32")
    activation = "sigmoid" if classes == 1 else "softmax"
    output = layers.Activation(activation, dtype="float32", name="probability")(x)
    return keras.Model(pixels, output, name=name)
