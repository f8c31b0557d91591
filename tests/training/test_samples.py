"""Pictures too large for memory: read by region, they give the patches that memory gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.support.pictures import tissue_picture

from histoloop.errors import DatasetError
from histoloop.geometry import Box, Mpp, Size
from histoloop.slides.pyramid import write_pyramid
from histoloop.training import mask_files, samples
from histoloop.training.augmentation import IGNORED, Augmentation
from histoloop.training.evaluation import sample_overlaps
from histoloop.training.patches import PatchSource
from histoloop.training.pipeline import prefetched
from histoloop.training.samples import Sample, SlideSample, load_split

SIZE = Size(1501, 1103)
STEADY = Augmentation(0.3, 0, 0, 0, 0, 0, 0)
BENT = Augmentation(0.3, 0, 0, 0, 0, 0, 0, elastic=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiled slide of 0.5 × 0.45 µm/px with a tiled mask of two classes and unknown parts."""
    root = tmp_path_factory.mktemp("large")
    for kind in ("images", "masks"):
        (root / "train" / kind).mkdir(parents=True)
    image = cv2.GaussianBlur(tissue_picture(SIZE), (0, 0), 2)
    truth = np.zeros((SIZE.height, SIZE.width), np.uint8)
    random = np.random.default_rng(0)
    for code in (1, 2, 1, IGNORED) * 6:
        x, y = random.integers(0, SIZE.width), random.integers(0, SIZE.height)
        cv2.circle(truth, (int(x), int(y)), 60, code, -1)
    slide, mask = root / "train/images/a.tiff", root / "train/masks/a.tiff"
    mpp = Mpp(0.5, 0.45)
    write_pyramid(slide, SIZE, mpp, [image], lossless=True)
    write_pyramid(mask, SIZE, mpp, [truth], nearest=True)
    return root


@pytest.fixture(scope="module")
def both(folder):
    with pytest.MonkeyPatch.context() as patch:
        (held,) = load_split(folder, "train", 1.0)
        patch.setattr(samples, "LARGEST_HELD", 100_000)
        patch.setattr(mask_files, "LARGEST_HELD", 100_000)
        (read,) = load_split(folder, "train", 1.0)
    return held, read


def test_what_is_large_is_not_held(both):
    held, read = both
    assert type(held) is Sample
    assert isinstance(read, SlideSample)
    assert isinstance(read._mask, mask_files.TiledMask)
    assert held.size == read.size
    assert held.digest == read.digest
    assert np.array_equal(held.image, read.image)
    assert (held.truth != read.truth).mean() < 2e-3  # where two classes share a pixel equally


@pytest.mark.parametrize("how", [STEADY, BENT], ids=["straight", "bent"])
@pytest.mark.parametrize("classes", [1, 2])
def test_both_ways_give_the_same_patches(both, classes, how):
    one, other = (PatchSource([sample], classes, 64, 8, 3, how) for sample in both)
    alike = []
    for step in range(4):
        mine, theirs = one.batch_at(step), other.batch_at(step)
        apart = np.abs(mine[0] - theirs[0]) * 127.5  # OpenCV places to 1/32 px
        shifted = np.percentile(apart, 99, axis=(1, 2, 3)) > 3
        codes = (mine[1] != theirs[1]).mean(axis=(1, 2, 3)) > 0.02
        alike += [*~(shifted | codes)]
    assert np.mean(alike) > (0.9 if classes > 1 else 0.99)  # a tie can move the draw of a pixel


def test_several_workers_read_one_slide(both):
    source = PatchSource([both[1]], 2, 64, 4, 3)
    for step, batch in zip(range(8), prefetched(source, workers=4), strict=False):
        again = source.batch_at(step)
        assert all(np.array_equal(a, b) for a, b in zip(batch, again, strict=True))


@pytest.mark.parametrize("box", [Box(-40, -30, 100, 90), Box(700, 400, 128, 128)])
def test_regions_are_mirrored_and_unknown_beyond_the_edge(both, box):
    held, read = both
    assert np.abs(held.region(box)[0].astype(int) - read.region(box)[0]).max() <= 1
    assert (held.region(box)[1] != read.region(box)[1]).mean() < 0.01
    _, truth = read.region(Box(-40, 0, 40, 20))
    assert (truth == IGNORED).all()


def test_validation_reads_no_more_than_a_piece(both):
    def network(pixels, training):
        assert pixels.shape[1] < 600
        return (pixels[..., :1] < 0.3).astype(np.float32)

    (one,), (other,) = (sample_overlaps(network, sample, 1) for sample in both)
    assert one.dice == pytest.approx(other.dice, abs=1e-3)
    (held, _), known = both, both[0].truth != IGNORED
    assert one.known == known.sum()
    red = held.image[..., 0] / np.float32(127.5) - 1 < np.float32(0.3)
    assert one.predicted == (red & known).sum()


def test_a_large_mask_without_tiles_is_held(monkeypatch, tmp_path):
    monkeypatch.setattr(mask_files, "LARGEST_HELD", 100_000)
    Image.fromarray(np.ones((400, 400), np.uint8)).save(tmp_path / "mask.png")
    mask = mask_files.open_mask(tmp_path / "mask.png")
    assert isinstance(mask, mask_files.HeldMask)
    assert mask.read(Box(390, 0, 10, 400)).shape == (400, 10)


def test_a_large_mask_that_is_coloured_or_blurred_is_refused(folder, monkeypatch):
    monkeypatch.setattr(mask_files, "LARGEST_HELD", 100_000)
    with pytest.raises(DatasetError, match="is too large for a mask that is not grey"):
        mask_files.open_mask(folder / "train/images/a.tiff")


def test_a_large_mask_is_read_as_it_is(folder, monkeypatch):
    path = folder / "train/masks/a.tiff"
    whole = mask_files.content_of(path)
    with Image.open(path) as picture:
        codes = np.asarray(picture)
    monkeypatch.setattr(mask_files, "LARGEST_HELD", 100_000)
    mask = mask_files.open_mask(path)
    for box in (Box.of(SIZE), Box(250, 255, 7, 3), Box(1400, 1000, 101, 103)):
        assert np.array_equal(mask.read(box), codes[box.y : box.bottom, box.x : box.right])
    assert whole.size == mask.size
    assert np.array_equal(whole.pixels, np.bincount(codes.ravel(), minlength=256))
