"""Patches: the same ones however they are made, and as the samples say."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from histoloop.errors import SlideError
from histoloop.models.segmenter import normalise
from histoloop.training.augmentation import IGNORED, UNCHANGED
from histoloop.training.patches import PatchSource
from histoloop.training.pipeline import prefetched
from histoloop.training.samples import Sample


def sample(name="one", seed=0, side=96, codes=2) -> Sample:
    """Noise, its truth in squares."""
    random = np.random.default_rng(seed)
    truth = np.kron(random.integers(0, codes, (6, 6)), np.ones((side // 6, side // 6)))
    image = random.integers(0, 255, (side, side, 3)).astype(np.uint8)
    return Sample(name, name, image, truth.astype(np.uint8), digest=name)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def source():
    return PatchSource([sample("a", 1), sample("b", 2)], 1, 32, 2, seed=5)


def test_a_batch_depends_on_its_step_only(source):
    in_turn = list(islice(source, 4))
    assert all(same(source.batch_at(step), in_turn[step]) for step in (3, 0, 2, 1))
    assert not same(in_turn[0], in_turn[1])
    other = PatchSource(source.samples, 1, 32, 2, seed=6)
    assert not same(other.batch_at(0), in_turn[0])


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_keep_the_order(source, workers):
    found = list(islice(prefetched(source, workers=workers), 6))
    assert all(same(batch, source.batch_at(step)) for step, batch in enumerate(found))


def test_a_training_that_goes_on_sees_what_it_would_have_seen(source):
    undisturbed = list(islice(prefetched(source), 5))
    resumed = list(islice(prefetched(source, first=3), 2))
    assert all(same(a, b) for a, b in zip(undisturbed[3:], resumed, strict=True))


def test_what_goes_wrong_in_a_worker_is_raised_at_its_step():
    class Broken(PatchSource):
        def batch_at(self, step):
            if step == 2:
                raise SlideError("slide.svs: tile 3/1/1 cannot be decoded")
            return super().batch_at(step)

    batches = prefetched(Broken([sample()], 1, 32, 2, seed=0))
    list(islice(batches, 2))
    with pytest.raises(SlideError, match="3/1/1"):
        next(batches)


def test_without_augmentation_a_patch_as_large_as_its_picture_is_the_picture():
    one = sample()
    pixels, truth, weight = PatchSource([one], 1, 96, 2, 0, UNCHANGED).batch_at(0)
    assert np.array_equal(pixels[0], normalise(one.image[None])[0])
    assert np.array_equal(truth[0, ..., 0], one.truth)
    assert (weight == 1).all()


@pytest.mark.parametrize("side", [31, 32])
def test_without_augmentation_patches_lie_within_their_picture(side):
    one = sample()
    windows = np.lib.stride_tricks.sliding_window_view(one.image, (side, side, 3))
    known = {window.tobytes() for row in windows for window in row}
    source = PatchSource([one], 1, side, 8, 0, UNCHANGED)
    pixels = np.concatenate([source.batch_at(step)[0] for step in range(4)])
    found = {np.uint8(np.round((patch + 1) * 127.5)).tobytes() for patch in pixels}
    assert found <= known
    assert len(found) > 8


def test_rare_classes_are_seen_as_often_as_others():
    one, two = sample("a", side=192, codes=1), sample("b", side=192, codes=1)
    one.truth[:] = 1
    one.truth[100:110, 20:30] = 3  # 0.3 % of one picture of one patient
    two.truth[:] = 2
    two.truth[:, :64] = IGNORED
    still = UNCHANGED
    source = PatchSource([one, two], 3, 9, 30, seed=0, how=still, positives=1.0)
    batches = [source.batch_at(step)[1] for step in range(10)]
    centres = np.concatenate(batches)[:, 4, 4].sum(axis=0)
    assert 60 < centres.min() <= centres.max() < 140  # of 300


def test_half_of_the_patches_of_several_classes_lie_anywhere():
    one = sample("a", side=192, codes=1)
    one.truth[:8, :8] = 1
    source = PatchSource([one], 2, 9, 40, seed=0, how=UNCHANGED)
    shown = np.concatenate([source.batch_at(step)[1] for step in range(5)])[..., 0].max(axis=(1, 2))
    assert 0.35 < shown.mean() < 0.65


def test_a_weight_is_a_patient_s_share_of_the_patches():
    one, two = sample("a", 1), replace(sample("b", 2), weight=0.25)
    one.truth[:], two.truth[:] = 1, 2
    for classes, positives in ((2, 0.0), (1, 0.5)):
        source = PatchSource([one, two], classes, 9, 50, 0, UNCHANGED, positives)
        shown = np.concatenate([source.batch_at(step)[1] for step in range(6)])
        assert 0.7 < (shown[..., 0].max(axis=(1, 2)) > 0).mean() < 0.9


def test_without_a_pixel_of_any_class_patches_lie_anywhere():
    one = sample("a", codes=1)
    _, truth, weight = PatchSource([one], 2, 16, 3, seed=0).batch_at(0)
    assert truth.max() == 0
    assert weight.max() == 1
