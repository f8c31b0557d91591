"""Deep supervision: while it is trained, every decoder level predicts for itself.

After Lee et al. 2015 (arXiv:1409.5185), with the heads of UNet 3+ (Huang et al. 2020,
arXiv:2004.08790): a 3 × 3 convolution, enlarged to the input's side, judged by the same loss.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from histoloop.errors import UsageError
from histoloop.models.architectures import blocks

if TYPE_CHECKING:
    import keras

_LEVEL = re.compile(r"decode(\d+)")
_SIDE = 4096
"""A side that every network's strides divide, to see how much smaller its levels are, px."""


def supervised(network: keras.Model) -> keras.Model:
    """A network of the same weights that says, too, what its decoder's coarser levels would.

    Returns:
        A model of ``(n, h, w, 3)`` to a list of ``(n, h, w, classes)``: first what ``network``
        says, then, coarsest first, what each decoder level says but the finest, which it goes by.
        Their heads have weights that ``network`` does not know: afterwards it costs no more.

    Raises:
        UsageError: the network has no coarser decoder level.
    """
    import keras

    stages = {
        int(found[1]): layer.output
        for layer in network.layers
        if (found := _LEVEL.match(layer.name))
    }
    if len(stages) < 2:
        raise UsageError(
            f"deep supervision: {network.name} has no decoder levels that could predict",
            hint="leave it out, or take unet3plus",
        )
    within = keras.Model(network.input, stages).compute_output_shape((1, _SIDE, _SIDE, 3))
    coarse = sorted(stages, key=lambda level: within[level][1])[:-1]
    classes = network.output.shape[-1]
    heads = [_head(stages[one], classes, _SIDE // within[one][1], f"side{one}") for one in coarse]
    return keras.Model(network.input, [network.output, *heads], name=f"{network.name}_supervised")


def _head(x: Any, classes: int, enlarge: int, name: str) -> Any:
    """Probabilities at the input's side, float32 whatever the policy, as `blocks.network`'s."""
    from keras import layers

    x = layers.Conv2D(classes, 3, padding="same", dtype="float32", name=name)(x)
    x = blocks.enlarged(x, enlarge, name=f"{name}_full", dtype="float32")
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Activation(activation, dtype="float32", name=f"{name}_probability")(x)
