"""The same places after every epoch."""

from __future__ import annotations

import numpy as np
from PIL import Image
from tests.training.test_trainer import trainer
from tests.training.test_training import sample

from histoloop.masks.labels import LabelClass
from histoloop.training.example_pictures import Examples, forget
from histoloop.training.worst_tiles import SIDE

CLASSES = (LabelClass("tumor", 1, "#e6194b"),)
VALID = [sample(str(seed), seed=seed, side=600) for seed in range(5)]


def places(seed):
    found = Examples.choose(VALID, CLASSES, seed).places
    return [(one.name, box) for one, box in found]


def test_the_seed_alone_chooses_few_places_with_something_to_see():
    assert places(1) == places(1)
    assert any(places(seed) != places(1) for seed in range(2, 6))
    chosen = Examples.choose(VALID, CLASSES, 1).places
    assert len({one.name for one, _ in chosen}) == len(chosen) == 3
    for one, box in chosen:
        assert max(box.width, box.height) <= SIDE
        assert (one.region(box)[1] == 1).any()


def test_every_epoch_has_a_picture_of_picture_truth_and_prediction(tmp_path):
    folder, network = tmp_path / "samples", trainer().network
    examples = Examples.choose(VALID[:1], CLASSES, 0)
    before = network.get_weights()
    examples.write(folder, network, 1)
    examples.write(folder, network, 12)
    assert sorted(one.name for one in folder.iterdir()) == ["epoch-001.png", "epoch-012.png"]
    ((one, box),) = examples.places
    shown = np.asarray(Image.open(folder / "epoch-001.png"))
    image, _ = one.region(box)
    assert shown.shape == (box.height, 3 * SIDE + 16, 3)
    assert np.array_equal(shown[: box.height, : box.width], image)
    assert not np.array_equal(shown[:, SIDE + 8 : SIDE + 8 + box.width], image)
    pairs = zip(before, network.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    forget(folder)
    assert not list(folder.iterdir())


def test_without_validation_pictures_nothing_is_written(tmp_path):
    Examples.choose([], CLASSES, 0).write(tmp_path / "samples", trainer().network, 1)
    assert not list(tmp_path.iterdir())
