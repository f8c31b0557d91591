"""Bad training data: all that is wrong in one line, before anything is trained."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from histoloop.errors import DatasetError, MissingScaleError
from histoloop.training.checks import load_checked

COMMAND = Path(sys.executable).with_name("histoloop")
SIDE = 48


def picture(seed):
    return np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)


def mask(*codes):
    """Bands of codes, from left to right."""
    return np.repeat(np.array(codes, np.uint8), SIDE // len(codes))[None].repeat(SIDE, 0)


def put(folder, split, name, codes, image=None):
    for kind in ("images", "masks"):
        (folder / split / kind).mkdir(parents=True, exist_ok=True)
    pixels = picture(sum(name.encode())) if image is None else image
    Image.fromarray(pixels).save(folder / split / "images" / f"{name}.png")
    Image.fromarray(codes).save(folder / split / "masks" / f"{name}.png")


@pytest.fixture
def folder(tmp_path):
    put(tmp_path, "train", "a", mask(0, 255))
    put(tmp_path, "train", "b", mask(0, 0, 255))
    put(tmp_path, "valid", "c", mask(0, 255))
    return tmp_path


def check(folder, *names, assumed=1.0, **options):
    return load_checked(folder, names or ("tumor",), 1.0, assumed, **options)


def refused(folder, *words, names=()):
    with pytest.raises(DatasetError) as found:
        check(folder, *names)
    assert all(word in str(found.value) for word in words), str(found.value)
    return found.value


def test_good_data_passes(folder):
    splits = check(folder)
    assert [len(splits[split]) for split in ("train", "valid", "test")] == [2, 1, 0]
    assert set(np.unique(splits["train"][0].truth)) == {0, 1}


def test_picture_and_mask_of_different_sizes(folder):
    put(folder, "train", "d", mask(0, 255)[:10])
    refused(folder, "train/masks/d.png", "48 × 10", "48 × 48")


def test_a_missing_mask_and_a_mask_without_a_picture(folder):
    (folder / "train/masks/a.png").rename(folder / "train/masks/z.png")
    refused(folder, "train/images/a.png: has no mask", "train/masks/z: has no picture")


def test_two_masks_of_one_picture(folder):
    Image.fromarray(mask(0)).save(folder / "train/masks/a.tif")
    refused(folder, "a.png", "2 masks")


def test_two_pictures_of_one_name(folder):
    Image.fromarray(picture(0)).save(folder / "train/images/a.jpg")
    refused(folder, "2 pictures are called a")


def test_codes_of_no_class_are_named_and_counted(folder):
    put(folder, "train", "d", mask(0, 1, 7, 9))
    put(folder, "valid", "e", mask(3, 1))
    (folder / "train/masks/a.png").unlink()
    (folder / "train/images/a.png").unlink()
    (folder / "train/masks/b.png").unlink()
    (folder / "train/images/b.png").unlink()
    shutil.rmtree(folder / "test", ignore_errors=True)
    put(folder, "valid", "c", mask(0, 1))
    said = "train/masks/d.png", "7 (576 px), 9 (576 px)", "valid/masks/e.png", "3 (", "0, 1, 255"
    refused(folder, *said)
    names = tuple("ABCDEFG")
    refused(folder, "train/masks/d.png", "9 (576 px)", names=names)


def test_255_is_a_class_or_unknown_but_not_both(folder):
    put(folder, "train", "d", mask(0, 1))
    refused(folder, "0 and 255", "whether 255 is a class")
    put(folder, "train", "d", mask(0, 1, 255))
    assert set(np.unique(check(folder)["train"][0].truth)) == {0, 255}


@pytest.mark.parametrize(
    ("codes", "names", "word"),
    [((0, 0), ("tumor",), "is tumor"), ((255, 255), ("tumor",), "every known pixel")],
)
def test_data_of_one_class_only(tmp_path, codes, names, word):
    put(tmp_path, "train", "a", mask(*codes))
    refused(tmp_path, word, names=names)


def test_a_class_that_never_occurs_in_train_is_named(folder):
    for split, name in (("train", "a"), ("train", "b"), ("valid", "c")):
        put(folder, split, name, mask(0, 1))
    put(folder, "valid", "d", mask(0, 1, 2))
    refused(folder, "no pixel of the 2 masks in train is stroma", names=("tumor", "stroma"))


def test_a_patient_in_two_splits(folder):
    (folder / "patients.csv").write_text("name,patient\na,P1\nc,P1\n")
    refused(folder, "patient P1", "train", "valid")


def test_the_same_picture_in_two_splits_under_another_name(folder):
    put(folder, "valid", "other", mask(0, 255), picture(sum(b"a")))
    refused(folder, "other.png", "same picture", "train/images/a.png")


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_files_that_cannot_be_read_are_all_named(folder, kind):
    (folder / "train" / kind / "a.png").write_bytes(b"no picture")
    whole = (folder / "valid" / kind / "c.png").read_bytes()
    (folder / "valid" / kind / "c.png").write_bytes(whole[: len(whole) // 2])
    found = refused(folder, f"train/{kind}/a.png")
    if kind == "masks":
        assert f"valid/{kind}/c.png" in str(found)
    else:  # its header is whole: seen when it is decoded
        Image.fromarray(picture(4)).save(folder / "train/images/a.png")
        refused(folder, "valid/images/c.png")


def test_many_bad_files_are_counted(folder):
    for index in range(9):
        put(folder, "train", f"x{index}", mask(0)[:5])
    assert "and 4 more" in str(refused(folder, "9 files", "x0", "x4"))


def test_an_empty_split(folder):
    (folder / "valid/images/c.png").unlink()
    (folder / "valid/masks/c.png").unlink()
    refused(folder, "valid: holds no pictures")
    shutil.rmtree(folder / "valid")
    check(folder)
    shutil.rmtree(folder / "train")
    refused(folder, "no pictures to train on")
    refused(folder / "nowhere", "no such folder")


def test_a_held_out_patient_must_be_there(folder):
    assert [one.name for one in check(folder, hold_out="a")["test"]] == ["a"]
    with pytest.raises(DatasetError, match="a, b"):
        check(folder, hold_out="nobody")


def test_pictures_without_scale_are_counted(folder):
    with pytest.raises(MissingScaleError, match=r"3 files.*assume-mpp"):
        check(folder, assumed=None)


def test_grey_masks_of_three_channels_and_palettes_are_masks(folder):
    Image.fromarray(mask(0, 255)).convert("RGB").save(folder / "train/masks/a.png")
    painted = Image.fromarray(mask(0, 255) // 255, "P")
    painted.putpalette([0, 0, 0, 255, 255, 255])
    painted.save(folder / "train/masks/b.png")
    one, two = check(folder)["train"]
    assert np.array_equal(one.truth, two.truth)
    assert set(np.unique(one.truth)) == {0, 1}


def test_indices_of_a_coloured_palette_are_codes(tmp_path):
    put(tmp_path, "train", "a", mask(0, 1, 2))
    painted = Image.fromarray(mask(0, 1, 2), "P")
    painted.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    painted.save(tmp_path / "train/masks/a.png")
    (one,) = check(tmp_path, "tumor", "stroma")["train"]
    assert np.array_equal(one.truth, mask(0, 1, 2))


def test_a_coloured_mask_is_refused(folder):
    Image.fromarray(picture(1)).save(folder / "train/masks/a.png")
    refused(folder, "train/masks/a.png", "coloured")


def test_a_mask_of_16_bits_is_taken_if_its_values_fit(folder):
    Image.fromarray(mask(0, 255).astype(np.uint16)).save(folder / "train/masks/a.png")
    check(folder)
    Image.fromarray(mask(0, 255).astype(np.uint16) * 257).save(folder / "train/masks/a.png")
    refused(folder, "65535", "8 bits")


def test_a_jpeg_of_0_and_255_is_put_right_and_said(folder):
    said = []
    for name in "ab":
        content = np.asarray(Image.open(folder / f"train/masks/{name}.png"))
        (folder / f"train/masks/{name}.png").unlink()
        Image.fromarray(content).save(folder / f"train/masks/{name}.jpg", quality=75)
    splits = check(folder, say=said.append)
    assert np.array_equal(splits["train"][0].truth, mask(0, 1))
    assert any("2 masks are JPEGs" in line for line in said)
    Image.fromarray(mask(0, 1, 2)).save(folder / "train/masks/a.jpg", quality=95)
    refused(folder, "a.jpg", "PNG")


def run(folder, *more):
    out = folder.with_name("model")
    command = [str(COMMAND), "train", "--data", str(folder), "--out", str(out), "--mpp", "1"]
    command += ["--side", "32", "--assume-mpp", "1", "--epochs", "1", "--steps", "1", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_command_says_it_in_one_line(tmp_path):
    folder = tmp_path / "data"
    put(folder, "train", "a", mask(0, 255)[:10])
    (folder / "train/images/b.png").write_bytes(b"nothing")
    found = run(folder)
    assert found.returncode in (1, 2)
    (line,) = found.stderr.strip().splitlines()
    assert "2 files" in line
    assert "a.png" in line
    assert "b.png" in line
    assert "epoch" not in found.stdout
    assert not (tmp_path / "model").exists()
