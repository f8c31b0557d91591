"""The locked test: it grows, it never shrinks, and nothing of it is trained on."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, write_case

from histoloop.config import Settings
from histoloop.errors import DatasetError
from histoloop.jobs.dataset import DatasetParameters, build_dataset
from histoloop.training.locked_test import LIST, LockedTest
from histoloop.training.samples import each_picture
from histoloop.training.snapshot_split import SplitPlan


def put(data: Path, split: str, name: str, seed: int, patient: str = "", mask: int = 1) -> None:
    """A picture with a mask, of a patient of its own unless another is named."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)
    truth = np.zeros((40, 50), np.uint8)
    truth[10:30, 10:30] = mask
    for kind, values in (("images", pixels), ("masks", truth)):
        path = data / split / kind / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
    table = data / "patients.csv"
    rows = list(csv.DictReader(table.open())) if table.is_file() else []
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("name", "patient"))
        writer.writeheader()
        writer.writerows([*rows, {"name": name, "patient": patient or name}])


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    for seed, (split, name) in enumerate((("train", "t1"), ("valid", "v1"), ("test", "x1"))):
        put(folder, split, name, seed)
    return folder


@pytest.fixture
def locked(tmp_path) -> LockedTest:
    return LockedTest.of(tmp_path / "home", "tumor")


def names(locked: LockedTest) -> list[str]:
    found = [each_picture(one.data, "test", 1.0, one.assumed_mpp) for one in locked.batches()]
    return [sample.name for batch in found for _, sample in batch]


def test_it_takes_in_the_test_pictures_and_keeps_them_apart_from_their_source(data, locked):
    said = locked.grow(data, "Ada", assumed_mpp=1.0)
    assert said == ["1 picture of 1 patient locked for the test"]
    shutil.rmtree(data)
    assert names(locked) == ["x1"]
    assert locked.read().patients == {"x1"}
    assert locked.read().batches[0].by == "Ada"


def test_it_grows_by_what_is_new_and_its_digest_says_so(data, locked):
    locked.grow(data, "Ada", assumed_mpp=1.0)
    before = locked.read().digest
    assert locked.grow(data, "Ada", assumed_mpp=1.0) == []
    assert locked.read().digest == before
    put(data, "test", "x2", seed=7, patient="x1")
    put(data, "test", "x3", seed=8)
    assert locked.grow(data, "Bob", assumed_mpp=1.0) == [
        "2 pictures of 2 patients locked for the test"
    ]
    assert names(locked) == ["x1", "x2", "x3"]
    assert locked.read().digest != before


def test_what_is_taken_out_of_the_data_stays_locked(data, locked):
    put(data, "test", "x2", seed=7)
    locked.grow(data, "Ada", assumed_mpp=1.0)
    for kind in ("images", "masks"):
        (data / "test" / kind / "x1.png").unlink()
    locked.grow(data, "Ada", assumed_mpp=1.0)
    assert names(locked) == ["x1", "x2"]


def test_another_mask_for_a_locked_picture_is_said_and_does_not_count(data, locked):
    locked.grow(data, "Ada", assumed_mpp=1.0)
    before = locked.read()
    put(data, "test", "x1", seed=2, mask=0)
    assert locked.grow(data, "Ada") == ["x1: is locked with another mask, which stays"]
    assert locked.read() == before


def test_a_patient_that_a_version_was_trained_on_is_no_test(data, locked):
    said = locked.grow(data, "Ada", trained={"x1": "tumor@3"})
    assert said == ["x1: tumor@3 was trained on x1: no test, not locked"]
    with pytest.raises(DatasetError, match="no pictures are locked for the test"):
        locked.batches()


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_locked_patient_is_not_trained_on(data, locked, split):
    locked.grow(data, "Ada")
    locked.refuse_trained(data)
    put(data, split, "t2", seed=9, patient="x1")
    with pytest.raises(DatasetError, match=f"patient x1 is in {split}, but locked for the test"):
        locked.refuse_trained(data)


def test_a_locked_picture_is_not_trained_on_under_another_name(data, locked):
    locked.grow(data, "Ada")
    put(data, "train", "t2", seed=2, patient="somebody")
    with pytest.raises(DatasetError, match=r"t2\.png: is x1, which is locked for the test"):
        locked.refuse_trained(data)


@pytest.mark.parametrize("change", ["remove", "repaint"])
def test_a_picture_that_is_missing_or_changed_is_an_error(data, locked, change):
    locked.grow(data, "Ada")
    mask = locked.folder / "0001/test/masks/x1.png"
    mask.unlink()
    if change == "repaint":
        Image.fromarray(np.zeros((40, 50), np.uint8)).save(mask)
    with pytest.raises(DatasetError, match=r"masks/x1\.png: is missing or was changed"):
        locked.batches()


def test_a_damaged_list_is_said_not_taken_for_an_empty_one(data, locked):
    locked.grow(data, "Ada")
    (locked.folder / LIST).write_text("{")
    with pytest.raises(DatasetError, match=rf"{LIST}: cannot be read"):
        locked.grow(data, "Ada")


def test_a_copy_that_was_cut_off_is_made_again(data, locked):
    half = locked.folder / "0001" / "test" / "images"
    half.mkdir(parents=True)
    (half / "junk.png").write_bytes(b"half")
    locked.grow(data, "Ada", assumed_mpp=1.0)
    assert names(locked) == ["x1"]


def test_masks_that_mean_something_else_on_their_own_are_refused(tmp_path, locked):
    data = tmp_path / "data"
    put(data, "train", "t1", seed=0)
    both = np.array([[0, 1], [255, 0]], np.uint8).repeat(20, 0).repeat(25, 1)
    Image.fromarray(both).save(data / "train" / "masks" / "t1.png")
    put(data, "test", "x1", seed=1, mask=255)  # not known there, as the mask of t1 shows
    with pytest.raises(DatasetError, match="255 means something else"):
        locked.grow(data, "Ada")
    assert not locked.read().batches
    assert not (locked.folder / "0001").exists()


def test_the_test_of_a_snapshot_keeps_its_classes(tmp_path, locked):
    slides, codes = tmp_path / "slides", tmp_path / "codes.csv"
    codes.write_text(GTCODES)
    for number in range(3):
        write_case(slides, f"TCGA-A2-A0A{number}-01Z-00-DX1", seed=number)
    asked = DatasetParameters(
        source=str(slides),
        gtcodes=codes,
        out=tmp_path / "snapshot",
        classes="tumor=1",
        split=SplitPlan(valid=0, test=0.34),
    )
    snapshot = build_dataset(asked, Settings(home=tmp_path), lambda _: None).snapshot
    locked.grow(asked.out, "Ada")
    (batch,) = locked.batches()
    assert locked.read().batches[0].snapshot == snapshot.digest
    found = [sample for _, sample in each_picture(batch.data, "test", 1.0)]
    assert [one.name for one in found] == [one.name for one in snapshot.rois if one.split == "test"]
    assert set(np.unique(found[0].truth)) >= {0, 1}


def test_a_part_of_bcss_cannot_be_locked(tmp_path, locked):
    for folder in ("images", "masks", "meta"):
        (tmp_path / "bcss" / folder).mkdir(parents=True)
    (tmp_path / "bcss" / "meta" / "gtruth_codes.tsv").write_text("label\tGT_code\n")
    with pytest.raises(DatasetError, match="a part cannot be locked"):
        locked.grow(tmp_path / "bcss", "Ada")
