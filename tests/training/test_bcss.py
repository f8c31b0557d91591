"""BCSS as it is published: GT codes, groups, hospitals, and a scale that names do not tell."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image
from tests.training.test_checks import run

from histoloop.errors import DatasetError, UsageError
from histoloop.geometry import MppSource
from histoloop.training.augmentation import IGNORED
from histoloop.training.bcss import GROUPS, find_bcss, groups, splits_of
from histoloop.training.checks import load_checked

ROIS = {"TCGA-A2-A0D2-DX1": 0.2844, "TCGA-A2-A1G6-DX1": 0.2656}
MARGIN = 20
STEP = 8


def name_of(roi):
    return f"{roi}_xmin1000_ymin2000_MPP-0.2500.png"


@pytest.fixture
def folder(data, tmp_path):
    """Two regions, reduced; tumour 1, the rest stroma 2, nothing known around."""
    root = tmp_path / "BCSS"
    for kind in ("rgbs_colorNormalized", "masks", "meta"):
        (root / kind).mkdir(parents=True)
    for roi in ROIS:
        image = Image.open(data / "bcss" / f"{roi}_rgb.jpg").reduce(STEP)
        tumor = np.asarray(Image.open(data / "bcss" / f"{roi}_tumor.png"))[::STEP, ::STEP]
        codes = np.where(tumor > 0, 1, 2).astype(np.uint8)
        codes[:MARGIN] = 0
        image.save(root / "rgbs_colorNormalized" / name_of(roi))
        Image.fromarray(codes).save(root / "masks" / name_of(roi))
    shutil.copyfile(data / "bcss/gtruth_codes.tsv", root / "meta/gtruth_codes.tsv")
    return root


def test_the_groups_are_those_of_the_published_results():
    codes = [code for one in GROUPS for code in one.codes]
    assert sorted(codes) == list(range(1, 22))
    assert {one.name: one.codes for one in GROUPS[:4]} == {
        "tumor": (1, 19, 20),
        "stroma": (2,),
        "inflammatory": (3, 10, 11),
        "necrosis": (4,),
    }
    assert [one.name for one in groups(["necrosis", "tumor"])] == ["necrosis", "tumor"]
    with pytest.raises(UsageError, match="choose from tumor"):
        groups(["tumour"])


def test_the_published_hospitals_test_and_whole_hospitals_validate(data):
    rows = (data / "bcss/roiBounds.csv").read_text().splitlines()[1:]
    patients = [row[:12] for row in rows]
    splits = splits_of(patients)
    assert [splits.count(split) for split in ("train", "valid", "test")] == [90, 16, 45]
    by_site = {}
    for patient, split in zip(patients, splits, strict=True):
        by_site.setdefault(patient[5:7], set()).add(split)
    assert all(len(found) == 1 for found in by_site.values())
    assert {site for site, found in by_site.items() if found == {"test"}} == {
        "OL", "LL", "E2", "EW", "GM", "S3",
    }  # fmt: skip


def test_codes_become_classes_and_outside_the_roi_nothing_is_known(folder):
    splits = load_checked(folder, ("tumor", "stroma"), 4.0)
    assert [len(splits[split]) for split in ("train", "valid", "test")] == [2, 0, 0]
    one = splits["train"][0]
    assert one.patient == "TCGA-A2-A0D2"
    assert set(np.unique(one.truth)) == {1, 2, IGNORED}
    assert (one.truth[0] == IGNORED).all()
    (alone, _) = load_checked(folder, ("tumor",), 4.0)["train"]
    assert np.array_equal(alone.truth == 1, one.truth == 1)
    assert np.array_equal(alone.truth == 0, one.truth == 2)


def scale_of(folder):
    return next(iter(find_bcss(folder).pictures("train"))).mpp


def test_what_is_called_0_25_has_0_30(folder):
    assert scale_of(folder).x == pytest.approx(0.30)
    assert scale_of(folder).source is MppSource.ASSUMED


def test_the_tables_know_better_than_the_name(folder, data):
    for table in ("roiBounds.csv", "slide_magnifications.csv"):
        shutil.copyfile(data / "bcss" / table, folder / "meta" / table)
    found = scale_of(folder)  # these two were resampled and are not square
    assert found.x == pytest.approx(0.2844 * STEP, rel=0.02)
    assert found.y == pytest.approx(0.2840 * STEP, rel=0.02)
    said = []
    load_checked(folder, ("tumor",), 4.0, say=said.append)
    assert any("--assume-mpp" in line for line in said)


def test_what_the_user_says_is_the_scale(folder):
    fine, coarse = (
        load_checked(folder, ("tumor",), 4.0, assumed)["train"][0].size for assumed in (1.0, 4.0)
    )
    assert coarse.width == pytest.approx(4 * fine.width, abs=4)


def test_codes_that_its_table_does_not_have_are_refused(folder):
    name = name_of("TCGA-A2-A1G6-DX1")
    codes = np.array(Image.open(folder / "masks" / name))
    codes[30, :7] = 77
    Image.fromarray(codes).save(folder / "masks" / name)
    with pytest.raises(DatasetError, match=r"77 \(7 px\)"):
        load_checked(folder, ("tumor",), 4.0)


def test_a_class_that_is_not_there_is_named(folder):
    with pytest.raises(DatasetError, match="necrosis"):
        load_checked(folder, tuple(one.name for one in GROUPS), 4.0)


def test_a_broken_table_is_refused(folder):
    (folder / "meta/gtruth_codes.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(DatasetError, match="gtruth_codes"):
        load_checked(folder, ("tumor",), 4.0)
    (folder / "meta/gtruth_codes.tsv").unlink()
    assert find_bcss(folder) is None


def test_the_command_trains_on_it(folder):
    small = ("--architecture", "lean-unet", "--classes", "tumor", "--mpp", "4", "--batch", "1")
    found = run(folder, *small)
    assert found.returncode == 0, found.stderr
    assert "epoch 1/1" in found.stdout
    assert "assume-mpp" not in found.stderr
    found = run(folder, "--classes", "tumour")
    assert found.returncode == 2
    assert "BCSS has no class tumour" in found.stderr
