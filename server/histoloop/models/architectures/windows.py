"""Swin's layers, for inputs of any side: attention within windows, patches merged and expanded."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("histoloop")
class WindowAttention(layers.Layer):  # type: ignore[misc]
    """Attention within square windows: ``(n, h, w, 3c)`` → ``(n, h, w, c)``.

    The channels in are queries, keys and values; a relative position bias is learnt. A shifted
    layer's windows lie half a window off. Where the picture does not fill a window it is padded,
    and what is padded is never attended to. That is the paper's shift without its cyclic roll,
    whose wrapped-around neighbours would have to be masked, and it lets a side be any.

    Args:
        heads: they divide c; window: side of a window, px; shifted: windows lie half a side off.
    """

    def __init__(self, heads: int, window: int, shifted: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.window, self.shifted = heads, window, shifted

    def build(self, shape: Shape) -> None:
        self.table = self.add_weight(
            shape=((2 * self.window - 1) ** 2, self.heads),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            name="position_bias",
        )
        super().build(shape)

    def call(self, x: Any) -> Any:
        _, height, width, _ = ops.shape(x)
        side = self.window
        first = side - side // 2 if self.shifted else 0
        columns = -(-(width + first) // side)
        padding = [
            [0, 0],
            [first, -(height + first) % side],
            [first, -(width + first) % side],
            [0, 0],
        ]
        windows = _cut(ops.pad(x, padding), side, columns)
        inside = _cut(ops.pad(ops.ones_like(x[..., :1]), padding), side, columns)
        seen = _join(self._attend(windows, inside), side, columns, height + sum(padding[1]))
        return seen[:, first : first + height, first : first + width]

    def _attend(self, windows: Any, inside: Any) -> Any:
        """``(m, t, 3c)`` and which of the t pixels there are, ``(m, t, 1)`` → ``(m, t, c)``."""
        pixels, depth = self.window**2, windows.shape[-1] // (3 * self.heads)
        split = ops.reshape(windows, (-1, pixels, 3, self.heads, depth))
        query, key, value = ops.unstack(ops.transpose(split, (2, 0, 3, 1, 4)), 3)
        scores = ops.matmul(query * depth**-0.5, ops.transpose(key, (0, 1, 3, 2)))
        absent = (ops.cast(inside, "float32") - 1.0) * 1e9
        scores = (
            ops.cast(scores, "float32") + self._bias() + ops.reshape(absent, (-1, 1, 1, pixels))
        )
        weights = ops.cast(ops.softmax(scores), windows.dtype)
        seen = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(seen, (-1, pixels, self.heads * depth))

    def _bias(self) -> Any:
        """``(heads, t, t)``."""
        pixels = self.window**2
        bias = ops.take(self.table, _distances(self.window).ravel(), axis=0)
        bias = ops.transpose(ops.reshape(bias, (pixels, pixels, self.heads)), (2, 0, 1))
        return ops.cast(bias, "float32")

    def compute_output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], (shape[-1] or 0) // 3)

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "window": self.window, "shifted": self.shifted}
        return super().get_config() | own  # type: ignore[no-any-return]


@keras.saving.register_keras_serializable("histoloop")
class SpaceToDepth(layers.Layer):  # type: ignore[misc]
    """Each 2 × 2 pixels become one of four times the channels."""

    def call(self, x: Any) -> Any:
        _, height, width, channels = ops.shape(x)
        x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height // 2, width // 2, 4 * channels))

    def compute_output_shape(self, shape: Shape) -> Shape:
        count, height, width, channels = shape
        return count, height and height // 2, width and width // 2, 4 * (channels or 0)


@keras.saving.register_keras_serializable("histoloop")
class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """Each pixel becomes ``factor`` × ``factor`` of as many times fewer channels."""

    def __init__(self, factor: int, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: Any) -> Any:
        _, height, width, channels = ops.shape(x)
        factor, left = self.factor, channels // self.factor**2
        x = ops.reshape(x, (-1, height, width, factor, factor, left))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height * factor, width * factor, left))

    def compute_output_shape(self, shape: Shape) -> Shape:
        count, height, width, channels = shape
        factor = self.factor
        return (
            count,
            height and height * factor,
            width and width * factor,
            (channels or 0) // factor**2,
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"factor": self.factor}  # type: ignore[no-any-return]


def _cut(x: Any, side: int, columns: Any) -> Any:
    """``(n, h, w, c)`` → ``(n · windows, side², c)``."""
    channels = x.shape[-1]
    x = ops.reshape(x, (-1, side, columns, side, channels))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3, 4)), (-1, side * side, channels))


def _join(windows: Any, side: int, columns: Any, height: Any) -> Any:
    """``(n · windows, side², c)`` → ``(n, h, w, c)``."""
    channels = windows.shape[-1]
    x = ops.reshape(windows, (-1, columns, side, side, channels))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3, 4)), (-1, height, columns * side, channels))


def _distances(side: int) -> NDArray[np.int32]:
    """Row of the bias table for each pair of a window's pixels, ``(side², side²)``."""
    rows, columns = (one.ravel() for one in np.indices((side, side)))
    down = rows[:, None] - rows[None] + side - 1
    right = columns[:, None] - columns[None] + side - 1
    return (down * (2 * side - 1) + right).astype(np.int32)
