"""What a network costs, counted rather than timed.

``python -m benchmarks.architecture_cost`` prints parameters and work of each architecture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from histoloop.models import architectures

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Cost:
    """Size and work of a network.

    Attributes:
        parameters: trained and not.
        gmac: billions of multiply-adds of convolutions and attention per 2^20 px of input.
    """

    parameters: int
    gmac: float


def cost(network: keras.Model, side: int = 1024) -> Cost:
    """Count for an input of ``side`` px a side, a multiple of the network's stride."""
    import keras

    fixed = keras.Input((side, side, 3))
    with keras.StatelessScope():
        sized = keras.models.clone_model(network, input_tensors=fixed)
    work = sum(_multiply_adds(layer) for layer in sized.layers)
    return Cost(network.count_params(), work / side**2 * 2**20 / 1e9)


def _multiply_adds(layer: Any) -> int:
    kind = type(layer).__name__
    if kind == "WindowAttention":
        return _attention(layer)
    # A transposed convolution applies its kernel once per pixel of its input.
    pixels = math.prod((layer.input if kind == "Conv2DTranspose" else layer.output).shape[1:3])
    kernels = [weight.shape for weight in layer.weights if len(weight.shape) == 4]
    return sum(math.prod(kernel) * pixels for kernel in kernels)


def _attention(layer: Any) -> int:
    """Scores and weighted sums: every pixel with each of its window, padding included."""
    _, height, width, channels = layer.output.shape
    first = layer.window - layer.window // 2 if layer.shifted else 0
    rows, columns = (-(-(side + first) // layer.window) for side in (height, width))
    return int(2 * rows * columns * layer.window**4 * channels)


def main() -> None:
    """Print a row per architecture, with one class and its defaults."""
    print(f"{'architecture':18} {'M parameters':>12} {'GMAC/Mpx':>9}")
    for name in architectures.NAMES:
        found = cost(architectures.build(name, 1))
        print(f"{name:18} {found.parameters / 1e6:12.2f} {found.gmac:9.1f}")


if __name__ == "__main__":
    main()
