"""`evaluate` as it is typed: what it says of a model, and what it refuses."""

from __future__ import annotations

import csv
import html
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, write_case
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import save_tiny_model, tiny_network
from tests.support.typed import run

from histoloop.errors import DatasetError, NotFoundError, UsageError
from histoloop.geometry import Box, Mpp, Size
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.evaluate import EvaluateParameters, evaluate
from histoloop.jobs.plan import SegmentParameters, make_plan
from histoloop.jobs.segment import segment
from histoloop.jobs.whole_picture import predict_whole
from histoloop.masks.mask import Mask
from histoloop.models.card import ClassCard
from histoloop.models.registry import ModelRegistry
from histoloop.models.runtimes import RuntimeName
from histoloop.slides.folder import SlideFile
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.augmentation import IGNORED

SIZE = Size(300, 260)
MPP = 2.0
ODD = "b[1] <script>alert(1)& 'c'"


def picture(folder: Path, name: str, seed: int) -> Path:
    path = folder / "test/images" / f"{name}.tiff"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pyramid(path, SIZE, Mpp.square(MPP), [tissue_picture(SIZE, seed)], lossless=True)
    return path


def mask(folder: Path, name: str, codes: np.ndarray) -> None:
    path = folder / "test/masks" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(codes.astype(np.uint8)).save(path)


def predicted(model, path, home, folder) -> np.ndarray:
    """What `segment` writes: its stored probability at 0.5."""
    asked = SegmentParameters(SlideFile(path), str(model.folder), folder)
    segment(asked, home, Context())
    stored = Mask.open(folder / "probability.zarr").read(Box.of(SIZE))
    return stored[0] >= 128


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Holds `tiny`, whose patients are told, and `other`, which tells nothing."""
    home = tmp_path_factory.mktemp("home")
    known = {"patients": {"train": ["a"], "valid": ["P2"], "test": []}}
    save_tiny_model(home / "models/tiny", training=known)
    save_tiny_model(home / "models/other", tiny_network(seed=8), name="other")
    return home


@pytest.fixture(scope="module")
def pictures(home, tmp_path_factory) -> Path:
    """Three pictures: the model's own answer as truth, its half, and its opposite."""
    folder = tmp_path_factory.mktemp("data")
    model = ModelRegistry(home).get("tiny")
    for seed, name in enumerate(["a", ODD, "c"]):
        path = picture(folder, name, seed)
        answer = predicted(model, path, home, tmp_path_factory.mktemp("run") / "out")
        assert 0.05 < answer.mean() < 0.95
        truth = np.where(answer, 1, 0)
        if name == "c":
            truth = 1 - truth
        if name == ODD:
            truth[:, : SIZE.width // 2] = IGNORED
        mask(folder, name, truth)
    rows = [("name", "patient"), ("a", "a"), (ODD, "P2"), ("c", "P3")]
    with (folder / "patients.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def written(home, pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    words = ("--model", "tiny", "--compare", "other", "--data", pictures, "--home", home)
    return out, run("evaluate", *words, "--out", out)


def test_the_prediction_is_the_one_that_segment_stores(home, tissue_slide, tmp_path):
    model = ModelRegistry(home).get("tiny")
    asked = SegmentParameters(SlideFile(tissue_slide), "tiny", tmp_path / "a")
    plan = make_plan(asked, SlideFile(tissue_slide).open(), model, None)
    assert len(plan.cells) > 4
    segment(SegmentParameters(SlideFile(tissue_slide), "tiny", tmp_path / "b"), home, Context())
    stored = Mask.open(tmp_path / "b/probability.zarr").read(Box.of(plan.frame))
    assert np.array_equal(predict_whole(plan, home, ThreadExecutor(2)), stored)


def test_figures_are_those_of_what_users_get(written):
    out, said = written
    report = json.loads((out / "report.json").read_text())
    slides = {one["name"]: one for one in report["model"]["slides"]}
    dice = {name: one["classes"]["tumor"]["dice"] for name, one in slides.items()}
    assert dice == {"a": 1.0, ODD: 1.0, "c": 0.0}
    assert slides[ODD]["known_px"] == SIZE.height * SIZE.width // 2
    (tumor,) = report["model"]["classes"]
    assert tumor["worst"] == {"name": "c", "dice": 0.0}
    assert tumor["mean_dice"] == pytest.approx(2 / 3)
    assert 0 < tumor["pooled"]["dice"] < 1
    pixels = np.array(report["model"]["confusion"]["true_by_predicted_px"])
    assert pixels.sum() == 2.5 * SIZE.height * SIZE.width
    hits = pixels[1, 1]
    assert tumor["pooled"]["dice"] == 2 * hits / (pixels[1].sum() + pixels[:, 1].sum())
    assert "worst slide c" in said.stdout


def test_a_report_names_who_was_trained_on_and_who_is_too_few(written):
    out, said = written
    report = json.loads((out / "report.json").read_text())
    text = " ".join(report["warnings"])
    assert "LEAK: tiny@1 was trained on 1 of these 3 patients (a)" in text
    assert "watched on while it was trained 1 of these 3 patients (P2)" in text
    assert "by their names new to tiny@1: P3; Dice there 0.000 for tumor" in text
    assert "other@1 does not say which patients" in text
    assert "warning: LEAK" in said.stdout
    (tumor,) = report["model"]["classes"]
    assert tumor["dice_interval"]["low"] is None
    assert "3 patients, too few" in tumor["dice_interval"]["words"]
    (one,) = report["comparison"]
    assert one["model"] == "other@1"
    assert report["other"] == report["others"][0]
    assert one["verdict"].startswith("not distinguishable on 3 slides of 3 patients")
    assert one["verdict"] in said.stdout


def test_the_table_has_a_row_per_model_slide_and_class(written):
    with (written[0] / "per_slide.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["slide"]) for row in rows] == [
        (model, name) for model in ("tiny@1", "other@1") for name in ("a", ODD, "c")
    ]
    assert [row["seen_in"] for row in rows[:3]] == ["train", "valid", ""]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_shows_pictures_beside_it_and_names_as_text_only(written):
    text = (written[0] / "index.html").read_text()
    tags = Tags(text)
    assert "script" not in tags.names
    assert html.escape(ODD) in text
    assert tags.links
    for name in tags.links:
        shown = np.asarray(Image.open(written[0] / name))
        assert shown.std() > 5


def test_worst_tiles_show_picture_truth_and_prediction(written):
    first = np.asarray(Image.open(written[0] / "worst-01.png")).astype(int)
    image, truth, answer = first[:, :256], first[:, 264:520], first[:, 528:784]
    changed = [np.abs(panel - image).max(axis=2) > 0 for panel in (truth, answer)]
    inner = changed[0] ^ changed[1]
    assert inner.mean() > 0.5  # opposite answers: hardly a pixel is tinted in both


@pytest.fixture(scope="module")
def six(tmp_path_factory) -> Path:
    """Six patients, two pictures of the last: enough for intervals."""
    folder = tmp_path_factory.mktemp("six")
    rows = [("name", "patient")]
    for seed in range(7):
        path = picture(folder, f"p{seed}", 20 + seed)
        dark = np.asarray(Image.open(path)).astype(int).sum(axis=2) < 480
        mask(folder, f"p{seed}", dark)
        rows.append((f"p{seed}", f"P{min(seed, 5)}"))
    with (folder / "patients.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def three(home, six, tmp_path_factory):
    """`tiny` beside `other`, and beside a copy of itself in a folder that says `tiny@1`, too."""
    copy, out = tmp_path_factory.mktemp("copy") / "copy", tmp_path_factory.mktemp("three")
    shutil.copytree(home / "models/tiny", copy)
    words = ("--model", "tiny", "--compare", "other", "--compare", copy, "--data", six)
    said = run("evaluate", *words, "--home", home, "--out", out)
    return out, said, f"tiny@1 ({copy})"


def test_several_models_stand_in_one_table_each_with_its_interval(three):
    out, said, copy = three
    report = json.loads((out / "report.json").read_text())
    labels = ["tiny@1 (tiny)", "other@1", copy]
    assert [row["model"] for row in report["table"]] == labels
    assert [one["label"] for one in report["others"]] == labels[1:]
    assert report["other"]["name"] == "other"
    for row, judged in zip(report["table"], (report["model"], *report["others"]), strict=True):
        (tumor,) = judged["classes"]
        assert row["dice"] == tumor["pooled"]["dice"]
        assert (row["dice_low"], row["dice_high"]) == (
            tumor["dice_interval"]["low"],
            tumor["dice_interval"]["high"],
        )
        assert row["dice_low"] <= row["dice"] <= row["dice_high"]
        assert row["patients"] == 6
    with (out / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{key: one or None for key, one in row.items()} for row in rows] == [
        {key: None if one is None else str(one) for key, one in row.items()}
        for row in report["table"]
    ]
    text = (out / "index.html").read_text()
    assert all(html.escape(label) in text for label in labels)
    assert "Against 2 others" in text
    for one in report["comparison"]:
        assert html.escape(one["verdict"]) in text
        assert f"{one['model']} {one['other']:.3f}: {one['verdict']}" in said.stdout


def test_differences_are_paired_by_patient(three):
    """A slow twin: the same patients drawn for both, the pictures of one patient together."""
    out, _, copy = three
    report = json.loads((out / "report.json").read_text())

    with (out / "per_slide.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 7

    def dice(model, patients):
        hits = total = 0
        for patient in patients:
            for row in (r for r in rows if (r["model"], r["patient"]) == (model, patient)):
                area = int(row["true_px"]) + int(row["predicted_px"])
                hits, total = hits + float(row["dice"]) * area, total + area
        return hits / total

    patients = sorted({row["patient"] for row in rows})
    first, other = "tiny@1 (tiny)", "other@1"
    drawn = np.random.default_rng(0).integers(6, size=(2000, 6))
    draws = [[patients[at] for at in one] for one in drawn[:300]]
    found = [dice(first, one) - dice(other, one) for one in draws]
    row = next(one for one in report["table"] if one["model"] == other)
    assert row["first_minus_this"] == pytest.approx(dice(first, patients) - dice(other, patients))
    low, high = np.percentile(found, [2.5, 97.5])
    spread = high - low
    assert row["first_minus_this_low"] == pytest.approx(low, abs=0.25 * spread)
    assert row["first_minus_this_high"] == pytest.approx(high, abs=0.25 * spread)
    same = next(one for one in report["table"] if one["model"] == copy)
    assert same["first_minus_this_low"] == same["first_minus_this_high"] == 0
    assert report["table"][0]["first_minus_this"] is None


def test_a_comparison_of_before_does_not_stay(home, six, three, tmp_path):
    shutil.copytree(three[0], tmp_path / "out")
    words = ("--model", "tiny", "--data", six, "--home", home, "--out", tmp_path / "out")
    run("evaluate", *words)
    assert not (tmp_path / "out/comparison.csv").exists()
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert (report["other"], report["others"], report["comparison"]) == (None, [], [])
    assert len(report["table"]) == 1


def test_codes_of_a_plain_folder_are_channels_and_others_are_refused(home, tmp_path):
    two = tuple(
        ClassCard(name=name, code=code, color="#336699")
        for code, name in enumerate(("tumor", "stroma"), start=1)
    )
    save_tiny_model(tmp_path / "two", tiny_network(2), name="two", classes=two)
    folder = tmp_path / "codes"
    picture(folder, "a", 1)
    codes = np.zeros((SIZE.height, SIZE.width))
    codes[50:150, 50:150], codes[150:, 150:] = 1, 2
    mask(folder, "a", codes)
    given = EvaluateParameters(str(tmp_path / "two"), folder, runtime=RuntimeName.OPENVINO)
    found = evaluate(given, home, ThreadExecutor(1), lambda name, slide: None).judgement.pooled
    assert found.confusion.sum(axis=1).tolist() == [np.sum(codes == c) for c in range(3)]
    codes[0, 0] = 7
    mask(folder, "a", codes)
    with pytest.raises(DatasetError, match=r"a: its mask has codes 7"):
        evaluate(given, home, ThreadExecutor(1), lambda name, slide: None)


def test_classes_of_a_snapshot_are_found_by_name_and_outside_its_rois_nothing_counts(tmp_path):
    home, codes, built = tmp_path / "home", tmp_path / "codes.csv", tmp_path / "snapshot"
    codes.write_text(GTCODES)
    write_case(tmp_path / "slides", "TCGA-A2-A0D0-01Z-00-DX1")
    words = ("--source", tmp_path / "slides", "--gtcodes", codes, "--out", built)
    split = ("--classes", "stroma=2;tumor=1", "--test", 0, "--valid", 0)
    run("dataset", "build", *words, *split)
    save_tiny_model(home / "models/tiny", mpp=0.5)  # knows tumour only, which is code 2 there
    given = EvaluateParameters("tiny", built, "train")
    found = evaluate(given, home, ThreadExecutor(1), lambda name, slide: None).judgement.pooled
    mpp = (0.5, 0.6)
    area = [one.area * mpp[1] / mpp[0] for one in (TUMOR, ROI)]
    assert found.confusion.sum(axis=1)[1] == pytest.approx(area[0], rel=0.02)
    assert found.confusion.sum() == pytest.approx(area[1], rel=0.02)
    stranger = (ClassCard(name="bone", code=1, color="#ffffff"),)
    save_tiny_model(home / "models/bone", name="bone", classes=stranger)
    with pytest.raises(DatasetError, match=r"no truth for bone of bone@1 .*stroma, tumor"):
        run("evaluate", "--model", "bone", "--data", built, "--split", "train", "--home", home)


def test_what_cannot_be_judged_is_refused(home, pictures, tmp_path):
    words = ("--data", pictures, "--home", home)
    with pytest.raises(NotFoundError, match="nobody"):
        run("evaluate", "--model", "nobody", *words)
    with pytest.raises(UsageError, match="all"):
        run("evaluate", "--model", "tiny", *words, "--split", "all")
    with pytest.raises(UsageError, match=r"threshold 1\.5"):
        run("evaluate", "--model", "tiny", *words, "--threshold", 1.5)
    with pytest.raises(DatasetError, match="valid/images"):
        run("evaluate", "--model", "tiny", *words, "--split", "valid")
    stranger = (ClassCard(name="bone", code=1, color="#ffffff"),)
    save_tiny_model(tmp_path / "bone", name="bone", classes=stranger)
    with pytest.raises(UsageError, match=r"no class in common .*tumor.*bone"):
        run(
            "evaluate",
            "--model",
            "tiny",
            *words,
            "--compare",
            "other",
            "--compare",
            tmp_path / "bone",
        )
    broken = tmp_path / "broken"
    shutil.copytree(pictures, broken)
    (broken / "test/masks/c.png").unlink()
    with pytest.raises(DatasetError, match=r"c\.tiff: has no mask"):
        run("evaluate", "--model", "tiny", "--data", broken, "--home", home)


def test_the_bundled_model_scores_what_its_card_says(data, bcss, home, tmp_path):
    """On a region that it was trained on, and that is said."""
    name, model = "TCGA-A2-A1G6-DX1", ModelRegistry(home).get("tumor")
    for kind in ("images", "masks"):
        (tmp_path / "test" / kind).mkdir(parents=True)
    shutil.copy(bcss[name], tmp_path / "test/images")
    shutil.copy(data / "bcss" / f"{name}_tumor.png", tmp_path / "test/masks" / f"{name}.png")
    given = EvaluateParameters("tumor", tmp_path)
    found = evaluate(given, home, ThreadExecutor(2), lambda name, slide: None)
    told = model.card.metrics["dice_on_training_regions"][name]
    assert found.judgement.slides[0].dice(0) == pytest.approx(told, abs=0.02)  # JPEG against raw
    assert "LEAK: tumor" in found.warnings[0]
