"""From pictures with truth to weights."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.support.pictures import noise

from histoloop.errors import DatasetError, MissingScaleError
from histoloop.geometry import Mpp, Size
from histoloop.models import architectures
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.augmentation import IGNORED, Augmentation, cut_patch, jitter_colour
from histoloop.training.patches import PatchSource
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import Sample, digest_of, load_split, patient_of, refuse_leak
from histoloop.training.trainer import Trainer

SIDE = 64
STILL = Augmentation(0, 0, 0, 0, 0, 0.1, 0)


def sample(name="one", patient=None, seed=0, side=96) -> Sample:
    """Purple discs on pink; the truth is where it is purple."""
    random = np.random.default_rng(seed)
    truth = np.zeros((side, side), np.uint8)
    for x, y in random.integers(0, side, (5, 2)):
        cv2.circle(truth, (int(x), int(y)), 14, 1, -1)
    image = np.where(truth[..., None] == 1, (110, 60, 140), (225, 170, 200)).astype(np.uint8)
    return Sample(name, patient or name, image, truth, digest=f"{name}{seed}")


@given(st.integers(0, 10**6), st.floats(0, 96), st.floats(0, 96))
def test_augmentation_moves_image_and_truth_together(seed, x, y):
    one = sample()
    image, truth = cut_patch(
        one.image, one.truth, (x, y), SIDE, Augmentation(), np.random.default_rng(seed)
    )
    purple = image[..., 1].astype(int) < 115  # halfway between the two greens
    core = (
        cv2.erode(
            (truth == 1).astype(np.uint8),
            np.ones((5, 5)),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        > 0
    )
    back = (
        cv2.erode(
            (truth == 0).astype(np.uint8),
            np.ones((5, 5)),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        > 0
    )
    assert purple[core].all()
    assert not purple[back].any()


def test_beyond_the_picture_nothing_is_known():
    one = sample()
    _, truth = cut_patch(one.image, one.truth, (0, 0), SIDE, STILL, np.random.default_rng(0))
    assert 0.5 < (truth == IGNORED).mean() < 0.9
    _, inside = cut_patch(one.image, one.truth, (48, 48), 32, STILL, np.random.default_rng(0))
    assert not (inside == IGNORED).any()


def test_colour_jitter_of_zero_changes_nothing():
    patch = noise(Size(40, 40))
    smooth = cv2.GaussianBlur(patch, (0, 0), 3)
    same = jitter_colour(smooth, STILL, np.random.default_rng(1))
    assert np.abs(same.astype(int) - smooth).max() <= 3


def test_colour_jitter_changes_colour_and_differs_from_draw_to_draw():
    image = sample().image
    one, other = (jitter_colour(image, Augmentation(), np.random.default_rng(s)) for s in (1, 2))
    assert np.abs(one.mean((0, 1)) - other.mean((0, 1))).max() > 5


def test_ignored_pixels_weigh_nothing_and_are_no_class():
    one = sample()
    one.truth[:48] = IGNORED
    _, truth, weight = next(iter(PatchSource([one], 1, SIDE, 8, 0)))
    assert 0.1 < (weight == 0).mean() < 1
    assert truth[weight == 0].max() == 0
    assert set(np.unique(weight)) <= {0.0, 1.0}


def test_the_same_seed_draws_the_same_patches():
    first, again = (next(iter(PatchSource([sample()], 1, SIDE, 4, 7))) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    other = next(iter(PatchSource([sample()], 1, SIDE, 4, 8)))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("TCGA-A2-A0D2-DX1_rgb", "TCGA-A2-A0D2"),
        ("TCGA-A2-A0D2-01Z-00-DX1.8A2E3094-5755-42BC", "TCGA-A2-A0D2"),
        ("region_of_TCGA-E2-A14P-01", "TCGA-E2-A14P"),
        ("tcga-lower", "tcga-lower"),
        ("10671", "10671"),
    ],
)
def test_the_patient_is_read_from_a_tcga_barcode(name, patient):
    assert patient_of(name) == patient


def test_a_patient_in_two_splits_is_refused_by_name():
    splits = {"train": [sample("a", "P1")], "valid": [sample("b", "P1")], "test": []}
    with pytest.raises(DatasetError, match=r"P1.*train.*valid"):
        refuse_leak(splits)
    refuse_leak({"train": [sample("a", "P1"), sample("b", "P1")], "valid": [sample("c", "P2")]})


def test_the_digest_of_a_set_does_not_depend_on_its_order():
    one, two = sample("a"), sample("b")
    assert digest_of([one, two]) == digest_of([two, one]) != digest_of([one])


@pytest.fixture
def folder(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / "train" / kind).mkdir(parents=True)
    one = sample(side=100)
    write_pyramid(
        tmp_path / "train/images/TCGA-A2-A0D2-x.tiff",
        Size(100, 100),
        Mpp(1.0, 0.5),
        [one.image],
        lossless=True,
    )
    Image.fromarray(one.truth * 255).save(tmp_path / "train/masks/TCGA-A2-A0D2-x.png")
    return tmp_path


def test_a_picture_and_its_mask_come_at_the_model_s_scale(folder):
    (one,) = load_split(folder, "train", 1.0)
    assert one.image.shape == (50, 100, 3)
    assert one.truth.shape == (50, 100)
    assert set(np.unique(one.truth)) == {0, 1}
    assert one.patient == "TCGA-A2-A0D2"
    core = cv2.erode((one.truth == 1).astype(np.uint8), np.ones((3, 3))) > 0
    assert (one.image[core][:, 1] < 90).all()


def test_data_that_does_not_fit_is_refused(folder):
    image = Image.fromarray(sample().image)
    image.save(folder / "train/images/bare.png")
    with pytest.raises(DatasetError, match="bare"):
        load_split(folder, "train", 1.0)
    Image.new("L", (5, 5)).save(folder / "train/masks/bare.png")
    with pytest.raises(MissingScaleError):
        load_split(folder, "train", 1.0)
    with pytest.raises(DatasetError, match="5"):
        load_split(folder, "train", 1.0, assumed=1.0)


PLAN = TrainingPlan(
    epochs=3, steps=20, side=32, batch=4, learning_rate=1e-2, average=0.8, augmentation=STILL
)


def trained(seed=0):
    plan = TrainingPlan(**{**vars(PLAN), "seed": seed})
    config = {"levels": 2, "base_filters": 4, "dropout": 0.0}
    trainer = Trainer(lambda: architectures.build("unet", 1, **config), 1, plan)
    one = sample()
    return trainer, list(trainer.fit([one], [one]))


@pytest.fixture(scope="module")
def first():
    return trained()


def test_a_small_network_learns_one_picture_by_heart(first):
    _, epochs = first
    assert epochs[-1].loss < 0.5 * epochs[0].loss
    assert epochs[-1].dice[0] > 0.9


def test_the_same_seed_gives_the_same_weights(first):
    again, _ = trained()
    other, _ = trained(seed=1)
    mine = first[0].network.get_weights()
    for one, two in zip(mine, again.network.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    pairs = zip(mine, other.network.get_weights(), strict=True)
    assert any(np.abs(one - two).max() > 0.01 for one, two in pairs)


def test_a_shift_moves_the_log_odds_of_every_pixel_alike(first):
    def log_odds():
        p = np.asarray(network(pixels), np.float64)
        return np.log(p) - np.log1p(-p)

    network = first[0].network
    before, weights = first[0].plan, network.get_weights()
    pixels = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    plain = log_odds()
    try:
        first[0].plan = replace(before, shift=-0.75)
        first[0].shift()
        np.testing.assert_allclose(log_odds(), plain - 0.75, atol=1e-3)
    finally:
        first[0].plan = before
        network.set_weights(weights)


def test_a_network_trained_in_half_precision_is_saved_in_full(tmp_path):
    import keras

    plan = TrainingPlan(**{**vars(PLAN), "epochs": 1, "steps": 2, "precision": "mixed_bfloat16"})
    config = {"levels": 2, "base_filters": 4}
    trainer = Trainer(lambda: architectures.build("unet", 1, **config), 1, plan)
    list(trainer.fit([sample()], []))
    trainer.network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    assert {weight.dtype for weight in loaded.get_weights()} == {np.dtype("float32")}
    assert keras.mixed_precision.global_policy().name == "float32"


@settings(max_examples=6)
@given(st.integers(1, 3), st.integers(1, 3))
def test_an_architecture_gives_probabilities_as_large_as_its_input(classes, levels):
    network = architectures.build("unet", classes, levels=levels + 1, base_filters=2)
    found = np.asarray(network(np.zeros((1, 32, 48, 3), np.float32)))
    assert found.shape == (1, 32, 48, classes)
    assert 0 <= found.min() <= found.max() <= 1
    if classes > 1:
        assert found.sum(axis=-1) == pytest.approx(1, abs=1e-5)
