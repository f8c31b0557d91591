"""From annotations to an immutable training snapshot, and from it to what a trainer sees."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import (
    GTCODES,
    ROI,
    SIZE,
    TUMOR,
    document,
    drawn,
    rectangle,
    write_case,
    write_slide,
)
from tests.support.pictures import PINK, PURPLE

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.errors import DatasetError, MissingScaleError, OutputError, SlideError, UsageError
from histoloop.geometry import Box
from histoloop.slides.folder import open_slide
from histoloop.training.augmentation import IGNORED
from histoloop.training.patches import PatchSource
from histoloop.training.samples import load_split
from histoloop.training.snapshot import MANIFEST, read_snapshot
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_rois import RoiBounds, read_roi_bounds
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import (
    Case,
    SplitBy,
    SplitPlan,
    case_of,
    read_cases,
    split_cases,
)

ALL_TRAIN = SplitPlan(valid=0, test=0)
PATIENT = "TCGA-A2-A0D2"


@pytest.fixture
def codes(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text(GTCODES)
    return read_gtcodes(path)


@pytest.fixture
def slides(tmp_path) -> Path:
    folder = tmp_path / "slides"
    write_case(folder, f"{PATIENT}-01Z-00-DX1")
    return folder


@pytest.fixture
def build(tmp_path, codes, slides):
    """Builds from the slides; keywords go to the request."""

    def run(out="snapshot", classes="tumor=1;stroma=2", **more):
        request = Request(codes, classes_of(codes, classes), **{"split": ALL_TRAIN, **more})
        return build_snapshot(folder_source(slides), request, tmp_path / out, lambda line: None)

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def mask_of(folder: Path) -> np.ndarray:
    (path,) = folder.glob("*/masks/*.png")
    return np.asarray(Image.open(path))


def redraw(slides: Path, *documents) -> None:
    (slides / f"{PATIENT}-01Z-00-DX1.json").write_text(json.dumps(documents))


def test_a_picture_and_its_mask_show_the_roi_at_base_pixels(build, tmp_path):
    built = build()
    assert not built.unchanged
    (roi,) = built.snapshot.rois
    assert roi.box == tuple(ROI)
    (image,) = (tmp_path / "snapshot/train/images").iterdir()
    slide = open_slide(image)
    pixels = slide.read_level(slide.levels[-1].zoom, Box.of(slide.size))
    mask = mask_of(tmp_path / "snapshot")
    assert mask.shape == pixels.shape[:2] == (ROI.height, ROI.width)
    assert (pixels[mask == 1] == PURPLE).all()
    assert (pixels[mask == 2] == PINK).all()
    assert (mask == 1).sum() == TUMOR.area
    assert (slide.mpp.x, slide.mpp.y) == pytest.approx((0.5, 0.6), rel=1e-6)


def test_at_another_scale_picture_and_mask_still_fit(build, tmp_path):
    build(mpp=2.0)
    (image,) = (tmp_path / "snapshot/train/images").iterdir()
    slide = open_slide(image)
    pixels = slide.read_level(slide.levels[-1].zoom, Box.of(slide.size))
    mask = mask_of(tmp_path / "snapshot")
    assert mask.shape == pixels.shape[:2]
    assert mask.shape == pytest.approx((ROI.height * 0.3, ROI.width * 0.25), abs=1.5)
    purple = pixels[..., 1] < (PURPLE[1] + PINK[1]) / 2
    assert ((mask == 1) != purple).mean() < 0.01
    assert slide.mpp.x == pytest.approx(2.0, rel=1e-6)


def test_what_the_trainer_sees_is_classes_and_outside_the_roi_nothing(build, slides, tmp_path):
    turned = {**rectangle(ROI, "roi"), "rotation": 0.3}
    other = rectangle(Box(150, 100, 20, 20), "exclude")
    redraw(slides, document(turned, rectangle(TUMOR, "mostly_tumor"), other))
    build(classes="stroma=2;tumor=1")
    (sample,) = load_split(tmp_path / "snapshot", "train", 1.0)
    assert sample.patient == PATIENT
    shares = {code: (sample.truth == code).mean() for code in (0, 1, 2, IGNORED)}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0.005
    assert sample.truth[0, 0] == IGNORED
    purple = sample.image[..., 1] < (PURPLE[1] + PINK[1]) / 2
    inside = sample.truth != IGNORED
    assert ((sample.truth == 2) == purple)[inside].mean() > 0.98
    _, truth, weight = next(iter(PatchSource([sample], 2, 64, 8, 0)))
    assert 0 < weight.mean() < 1
    assert truth[(weight == 0)[..., 0]].max() == 0


def test_the_same_inputs_give_the_same_digest_and_the_same_bytes(build, tmp_path):
    one, other = build("one").snapshot, build("other").snapshot
    assert one.digest == other.digest
    assert files(tmp_path / "one") == files(tmp_path / "other")


@pytest.mark.parametrize(
    "change",
    [
        {"mpp": 1.0},
        {"classes": "tumor=1;stroma=2;none=7"},
        {"split": SplitPlan(valid=0, test=0, seed=1)},
    ],
)
def test_another_request_gives_another_digest(build, change):
    assert build("one").snapshot.digest != build("other", **change).snapshot.digest


def test_one_vertex_moved_by_less_than_a_pixel_gives_another_digest(build, slides):
    before = build("before").snapshot
    (one,) = drawn()
    one["annotation"]["elements"][1]["center"][0] += 0.01
    redraw(slides, one)
    after = build("after").snapshot
    assert after.digest != before.digest
    assert after.inputs != before.inputs
    assert after.rois[0].pixels == before.rois[0].pixels


def test_a_second_build_says_that_it_is_there_and_another_one_is_refused(build, tmp_path):
    first = build()
    before = files(tmp_path / "snapshot")
    again = build()
    assert again.unchanged
    assert "already" in str(again)
    assert again.snapshot == first.snapshot
    with pytest.raises(OutputError, match=r"another snapshot.*choose another"):
        build(mpp=1.0)
    assert files(tmp_path / "snapshot") == before


def test_a_snapshot_that_somebody_changed_is_found_out(build, tmp_path):
    build()
    (mask,) = (tmp_path / "snapshot").glob("*/masks/*.png")
    mask.chmod(0o644)
    mask.write_bytes(mask.read_bytes() + b"!")
    with pytest.raises(DatasetError, match=r"masks/.*is not what"):
        build()
    manifest = tmp_path / "snapshot" / MANIFEST
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace(PATIENT, "TCGA-A2-XXXX"))
    with pytest.raises(DatasetError, match="changed after it was built"):
        read_snapshot(tmp_path / "snapshot")
    manifest.write_text("{}")
    with pytest.raises(DatasetError, match="is no snapshot's manifest"):
        read_snapshot(tmp_path / "snapshot")


def test_nothing_is_written_over_and_nothing_is_left_of_a_failure(build, slides, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("precious")
    with pytest.raises(OutputError, match="no snapshot"):
        build("mine")
    whole = (slides / f"{PATIENT}-01Z-00-DX1.tiff").read_bytes()
    write_case(slides, "TCGA-A2-A0D3-01Z-00-DX1", seed=2)
    before = {path.name for path in tmp_path.iterdir()}
    request_saw = []

    def spoil(line):
        """The second slide goes while the first is written."""
        request_saw.append(line)
        if line.startswith("[1/2]"):
            (slides / "TCGA-A2-A0D3-01Z-00-DX1.tiff").write_bytes(whole)

    codes = read_gtcodes(tmp_path / "codes.csv")
    request = Request(codes, classes_of(codes, None), split=ALL_TRAIN)
    with pytest.raises((DatasetError, SlideError), match="replaced"):
        build_snapshot(folder_source(slides), request, tmp_path / "out", spoil)
    assert request_saw[-1].startswith(("[1/2]", "[2/2]"))
    assert {path.name for path in tmp_path.iterdir()} == before


def test_the_newest_drawing_is_on_top_where_several_people_drew(build, slides, tmp_path):
    anna, bert = Box(60, 50, 40, 40), Box(80, 60, 60, 50)
    older = document(rectangle(ROI, "roi"), rectangle(anna, "mostly_tumor"), updated="2020-01-02")
    newer = document(rectangle(bert, "exclude"), who="bert", updated="2021-01-01")
    redraw(slides, newer, older)
    snapshot = build("one").snapshot
    assert snapshot.annotators == ("anna", "bert")
    mask = mask_of(tmp_path / "one")
    assert (mask == 7).sum() == bert.area
    assert (mask == 1).sum() == anna.area - anna.intersect(bert).area
    corrected = document(rectangle(Box(70, 55, 20, 20), "mostly_stroma"), updated="2022-01-01")
    redraw(slides, newer, older, corrected)
    build("two")
    mask = mask_of(tmp_path / "two")
    assert (mask == 1).sum() + (mask[25:45, 50:70] == 2).sum() == anna.area
    assert (mask == 7).sum() == bert.area - anna.intersect(bert).area


def test_what_a_model_wrote_is_no_truth(build, slides, tmp_path):
    predicted = document(rectangle(ROI, "exclude"))
    predicted["annotation"]["attributes"] = {"run": "r1", "model": "tumor@1"}
    redraw(slides, *drawn(), predicted)
    build()
    assert 7 not in mask_of(tmp_path / "snapshot")


def test_an_area_of_an_unknown_group_is_ignored_and_named(build, slides, tmp_path):
    strange = Box(100, 60, 10, 10)
    redraw(slides, *drawn(), document(rectangle(strange, "tumour"), {"type": "pixelmap"}))
    snapshot = build().snapshot
    assert (mask_of(tmp_path / "snapshot") == 0).sum() == strange.area
    assert any("'tumour'" in line and "ignored" in line for line in snapshot.complaints)
    assert any("pixelmap refused" in line for line in snapshot.complaints)


def test_the_same_roi_outlined_twice_is_one_sample(build, slides):
    again = document(rectangle(Box(22, 31, 199, 150), "roi"), updated="2024-01-01")
    redraw(slides, *drawn(updated="2023-01-01"), again)
    snapshot = build().snapshot
    (roi,) = snapshot.rois
    assert roi.box[0] == 22
    assert any("outlined again" in line for line in snapshot.complaints)


def test_an_roi_beyond_the_slide_is_cut_or_left_out(build, slides):
    edge = rectangle(Box(200, 100, 200, 300), "roi")
    away = rectangle(Box(5000, 100, 200, 300), "roi")
    redraw(slides, document(edge, away))
    snapshot = build().snapshot
    (roi,) = snapshot.rois
    assert roi.size == (SIZE.width - 200, SIZE.height - 100)
    assert any("outside the slide" in line for line in snapshot.complaints)


def test_slides_of_one_name_are_told_apart(build, slides):
    write_case(slides / "deeper", f"{PATIENT}-01Z-00-DX1", seed=3)
    names = {roi.name for roi in build().snapshot.rois}
    assert len(names) == 2
    assert len({name.split("_top-")[0] for name in names}) == 1


def test_a_slide_without_scale_needs_one(build, slides):
    shutil.rmtree(slides)
    slides.mkdir()
    Image.new("RGB", SIZE, PINK).save(slides / "plain.png")
    (slides / "plain.json").write_text(json.dumps(drawn()))
    with pytest.raises(MissingScaleError, match=r"plain.*--slide-mpp"):
        build()
    assert build(slide_mpp=0.25).snapshot.rois[0].mpp == (0.25, 0.25)


def test_without_an_roi_there_is_nothing_to_build(build, slides, tmp_path):
    redraw(slides, document(rectangle(TUMOR, "mostly_tumor")))
    with pytest.raises(DatasetError, match=r"no slide has an ROI.*as roi"):
        build()
    assert not (tmp_path / "snapshot").exists()


def test_a_table_of_bounds_chooses_rois_and_says_what_differs(build, slides):
    other = Box(230, 10, 50, 40)
    redraw(slides, *drawn(), document(rectangle(other, "roi")))
    assert len(build("all").snapshot.rois) == 2
    wanted = {f"{PATIENT}-DX1": (ROI, Box(100, 200, 30, 30))}
    snapshot = build("some", bounds=RoiBounds(wanted)).snapshot
    assert [roi.box for roi in snapshot.rois] == [tuple(ROI)]
    said = " ".join(snapshot.complaints)
    assert "230,10 (50 × 40) is not in the table" in said
    assert "nobody has outlined the ROI (100, 200, 30, 30)" in said
    shifted = RoiBounds({f"{PATIENT}-DX1": (Box(40, 30, 200, 150),)})
    assert "by 82% only" in " ".join(build("near", bounds=shifted).snapshot.complaints)


def test_a_class_is_made_of_codes_or_groups_or_of_all_the_rest(codes):
    each = classes_of(codes, None)
    assert [one.codes for one in each] == [(1,), (2,), (7,)]
    tumor, other = classes_of(codes, " tumor = tumor ; other=* ")
    assert (tumor.codes, tumor.color, other.codes) == ((1,), "#ff0000", (2, 7))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tumor", "cannot be understood"),
        ("", "cannot be understood"),
        ("a=1;a=2", "cannot be understood"),
        ("a=1;b=1,2", r"\[1\] are in two classes"),
        ("a=9", "'9' is no class"),
        ("a=roi", "'roi' is no class"),
        ("a=1,2,7;b=*", "nothing is left"),
        ("a=*;b=*", "nothing is left"),
    ],
)
def test_classes_that_make_no_sense_are_refused(codes, text, said):
    with pytest.raises(UsageError, match=said):
        classes_of(codes, text)


def published(data) -> list[Case]:
    with (data / "bcss/roiBounds.csv").open() as file:
        return [case_of(f"{row['']}.svs", {}) for row in csv.DictReader(file)]


def test_the_split_by_site_is_the_one_that_bcss_has_published(data):
    cases = published(data)
    splits = split_cases(cases, SplitPlan(SplitBy.SITE))
    counts = Counter(splits)
    assert counts["test"] == 45
    assert counts["train"] + counts["valid"] == 106
    assert 8 <= counts["valid"] <= 24
    sites = {
        split: {c.site for c, s in zip(cases, splits, strict=True) if s == split}
        for split in counts
    }
    assert sites["test"] == {"OL", "LL", "E2", "EW", "GM", "S3"}
    assert not sites["train"] & sites["valid"]


def test_a_split_by_patient_fills_its_shares_and_the_seed_decides(data):
    cases = published(data)
    counts = Counter(split_cases(cases, SplitPlan()))
    assert counts["test"] == pytest.approx(0.2 * 151, abs=1)
    assert counts["valid"] == pytest.approx(0.15 * 151, abs=1)
    assert split_cases(cases, SplitPlan()) == split_cases(cases, SplitPlan())
    assert split_cases(cases, SplitPlan()) != split_cases(cases, SplitPlan(seed=1))


def test_all_rois_of_a_patient_go_one_way():
    cases = [Case(f"P{number % 10}") for number in range(50)]
    splits = split_cases(cases, SplitPlan())
    for patient in {case.patient for case in cases}:
        assert len({s for c, s in zip(cases, splits, strict=True) if c.patient == patient}) == 1


def test_a_patient_or_site_in_two_splits_is_refused_by_name():
    torn = [Case("P7", "A1", "train"), Case("P7", "A1", "test")]
    with pytest.raises(DatasetError, match=r"patient P7 is in train and in test"):
        split_cases(torn, SplitPlan())
    torn = [Case("P1", "A1", "train"), Case("P2", "A1", "valid")]
    with pytest.raises(DatasetError, match=r"site A1 is in train and in valid"):
        split_cases(torn, SplitPlan(SplitBy.SITE))
    with pytest.raises(DatasetError, match=r"patient P1.*which site"):
        split_cases([Case("P1")], SplitPlan(SplitBy.SITE))
    with pytest.raises(DatasetError, match="nothing is left to train on"):
        split_cases([Case("P1", "OL")], SplitPlan(SplitBy.SITE))


def test_one_slide_under_two_patients_names_is_refused(build, slides):
    """Told by content: the copy would stand on both sides."""
    write_case(slides, "TCGA-OL-A6VO-01Z-00-DX1")
    with pytest.raises(DatasetError, match=r"A0D2.*A6VO.*are the same slide"):
        build(split=SplitPlan(SplitBy.SITE, valid=0))


def test_a_table_says_whose_slides_they_are(build, slides, tmp_path):
    write_case(slides, "second", seed=1)
    write_case(slides, "third", seed=2)
    table = tmp_path / "patients.csv"
    table.write_text("name,patient,site,split\nsecond,P2,X1,valid\nthird.tiff,P3,X2,test\n")
    snapshot = build(cases=read_cases(table)).snapshot
    assert {roi.name.split("_")[0]: roi.split for roi in snapshot.rois} == {
        f"{PATIENT}-01Z-00-DX1": "train",
        "second": "valid",
        "third": "test",
    }
    assert {slide.patient for slide in snapshot.slides} == {PATIENT, "P2", "P3"}
    patients = (tmp_path / "snapshot/patients.csv").read_text()
    assert "P2" in patients
    table.write_text("name,patient,split\nx,P,sometimes\n")
    with pytest.raises(DatasetError, match="sometimes"):
        read_cases(table)
    table.write_text("slide\nx\n")
    with pytest.raises(DatasetError, match="name,patient"):
        read_cases(table)


def test_published_bounds_are_found_by_barcode(data, tmp_path):
    bounds = read_roi_bounds(data / "bcss/roiBounds.csv")
    (box,) = bounds.of("TCGA-A2-A0D2-01Z-00-DX1.ECD890F5-BA01-4998-B472-7B683BD6D7B1.svs")
    assert box == Box.between(96887, 22299, 100989, 25225)
    assert bounds.of("TCGA-A2-A0D2-DX1.tiff") == (box,)
    assert bounds.of("something.svs") == ()
    (tmp_path / "bad.csv").write_text(",xmin\na,1\n")
    with pytest.raises(DatasetError, match="xmin,ymin,xmax,ymax"):
        read_roi_bounds(tmp_path / "bad.csv")


def test_a_slide_is_read_by_its_rois_only(build, slides, monkeypatch):
    """Bands as high as the ROI, never the whole slide."""
    write_slide(slides / "unannotated.tiff", seed=9)
    seen = []
    from histoloop.training import snapshot_build

    true = snapshot_build.read
    monkeypatch.setattr(snapshot_build, "_BAND", 64)
    monkeypatch.setattr(
        snapshot_build, "read", lambda s, box, scale: seen.append(box) or true(s, box, scale)
    )
    build()
    assert sum(box.area for box in seen) == ROI.area
    assert max(box.height for box in seen) == 64
