"""The encoder is the published one: it still knows what it learnt."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from histoloop.errors import ModelError
from histoloop.models import architectures
from histoloop.models.architectures import efficientnet_lite

MILITARY_UNIFORM = 652
"""Of ImageNet's classes the one that a photo shows which comes with matplotlib."""


def photo(side=224):
    from matplotlib.cbook import get_sample_data

    pixels = get_sample_data("grace_hopper.jpg", asfileobj=True)
    image = cv2.cvtColor(
        cv2.imdecode(np.frombuffer(pixels.read(), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
    )
    width = image.shape[1]
    return cv2.resize(image[:width], (side, side), interpolation=cv2.INTER_AREA)


def classified(features, weights):
    """What the published head, which our networks leave out, makes of the features."""
    head = features @ weights["_conv_head.weight"][:, :, 0, 0].T
    mean, variance = weights["_bn1.running_mean"], weights["_bn1.running_var"]
    head = (head - mean) / np.sqrt(variance + 1e-3) * weights["_bn1.weight"] + weights["_bn1.bias"]
    return np.clip(head, 0, 6).mean((1, 2)) @ weights["_fc.weight"].T + weights["_fc.bias"]


def test_a_photo_is_recognised():
    import keras

    pixels = keras.Input((None, None, 3))
    encoder = keras.Model(pixels, efficientnet_lite.encode(pixels)[-1])
    efficientnet_lite.load_imagenet(encoder)
    features = np.asarray(encoder(photo()[None].astype(np.float32) / 127.5 - 1))
    scores = classified(features, efficientnet_lite.imagenet_weights())[0]
    assert scores.argmax() == MILITARY_UNIFORM


def test_every_layer_of_the_encoder_starts_from_imagenet():
    import keras

    keras.utils.set_random_seed(1)
    blank = architectures.build("efficientnet-lite-unet", 1, weights="random")
    taught = architectures.build("efficientnet-lite-unet", 1)
    for one, other in zip(blank.layers, taught.layers, strict=True):
        if one.name.startswith(efficientnet_lite.PREFIX) and one.weights:
            for before, after in zip(one.get_weights(), other.get_weights(), strict=True):
                assert not np.array_equal(before, after), one.name


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "_PUBLISHED", ("no_such_package", "x.pth"))
    with pytest.raises(ModelError, match="not installed"):
        architectures.build("efficientnet-lite-unet", 1)
