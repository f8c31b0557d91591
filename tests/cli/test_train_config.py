"""`histoloop train --config`: an experiment's file, run as it stands."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image
from tests.support.experiment import write_config
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.cli.train_options import train_parameters
from histoloop.errors import UsageError
from histoloop.models.card import read_card
from histoloop.tiling.grid import Tiling
from histoloop.training.plan import TrainingPlan

SIDE = 512
SPLIT_OF = {"TCGA-A2-A1G6-DX1": "train", "TCGA-A2-A0D2-DX1": "test"}
LEAST = {
    "model__image_width": "128",
    "model__image_height": "128",
    "model__num_layers": "3",
    "model__base_filters": "2",
    "train__epochs": "2",
    "tiledinfer__split_size": "128",
    "tiledinfer__overlapping": "64",
}


def run(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)], catch_exceptions=False)


def put(folder, split, name, image, mask):
    for kind, pixels in (("images", image), ("masks", mask)):
        path = folder / split / kind / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def project(data, tmp_path_factory):
    """A config beside ``dataset/Cancer``, 512 px pictures of two breasts and of lymph nodes."""
    root = tmp_path_factory.mktemp("experiment")
    folder, rows = root / "dataset/Cancer", [("name", "patient")]
    for patient, split in SPLIT_OF.items():
        image = np.asarray(Image.open(data / f"bcss/{patient}_rgb.jpg"))
        mask = np.asarray(Image.open(data / f"bcss/{patient}_tumor.png"))
        for left in (512, 1536):
            box = np.s_[1024 : 1024 + SIDE, left : left + SIDE]
            put(folder, split, f"{patient}_{left}", image[box], mask[box])
    for path in sorted((data / "camelyon/images").iterdir())[:3]:
        mask = np.asarray(Image.open(data / f"camelyon/masks/{path.stem}.png").convert("L"))
        put(folder, "valid", path.stem, np.asarray(Image.open(path).convert("RGB")), mask)
        rows.append((path.stem, "lymph node"))
    with (folder / "patients.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return write_config(root / "project", **LEAST)


@pytest.fixture(scope="module")
def trained(project):
    out = project.parent / "model"
    arguments = ("--config", project, "--out", out, "--steps", 3, "--home", project.parent)
    return run(*arguments), out


def test_an_experiment_runs_and_leaves_what_experiments_leave(trained):
    result, out = trained
    assert result.exit_code == 0, result.output
    for name in ("train_metrics.csv", "train_losses.csv", "history.json", "card.json"):
        assert (out / name).stat().st_size
    for name in ("train_metrics.png", "train_losses.png", "samples/epoch-002.png"):
        assert Image.open(out / name).width > 100
    assert len(json.loads((out / "history.json").read_text())) == 2
    with (out / "evaluation.csv").open() as file:
        figures = {name: float(value) for name, value in csv.reader(file)}
    assert set(figures) == {"loss", "binary_accuracy"}
    assert 0 < figures["loss"] < 5
    report = json.loads((out / "evaluation/report.json").read_text())
    (judged,) = report["model"]["classes"]
    assert figures["binary_accuracy"] == pytest.approx(judged["pooled"]["accuracy"], abs=1e-4)
    assert report["model"]["patients"] == ["TCGA-A2-A0D2"]


def test_run_again_it_says_that_all_is_done_and_judges_nothing(project, trained):
    _, out = trained
    table, report = out / "evaluation.csv", out / "evaluation/report.json"
    written = [path.stat().st_mtime_ns for path in (table, report)]
    arguments = ("--config", project, "--out", out, "--steps", 3, "--home", project.parent)
    again = run(*arguments)
    assert again.exit_code == 0
    assert "already trained" in again.output
    assert "already judged" in again.output
    assert [path.stat().st_mtime_ns for path in (table, report)] == written
    table.unlink()  # killed before the last file
    assert "already judged" not in run(*arguments).output
    assert table.stat().st_size


def test_the_card_keeps_what_became_of_every_key(trained):
    _, out = trained
    card = read_card(out)
    assert card.architecture == "unet-classic"
    assert card.architecture_config["levels"] == 3
    assert card.architecture_config["base_kernel"] == 5
    assert (card.tile, card.halo) == (256, 64)
    assert card.training["plan"]["steps"] == 3
    assert card.training["plan"]["optimizer"] == "adam"
    kept = card.training["config"]["keys"]
    assert kept["model.loss"]["became"].startswith("--loss bce+dice")
    assert kept["mask.blur"]["became"] == "a blurred mask is no longer a class"


def test_what_is_not_used_is_said_once_and_that_the_scale_is_assumed(trained):
    result, _ = trained
    assert result.stderr.count("mask.blur = False: a blurred mask is no longer a class") == 1
    assert "2 of 2 training pictures do not say their µm/px" in result.stderr
    assert "model.loss" not in result.stderr


def test_explain_says_it_all_and_trains_nothing(project):
    result = run("--config", project, "--explain", "--epochs", 7)
    assert result.exit_code == 0
    assert "train.epochs = 2: overruled by --epochs 7" in result.output
    assert 'model.model = "TensorflowUNet": --architecture unet-classic' in result.output
    assert "mask.blur = False" in result.output


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--explain"], "--config"),
        (["--out", "model"], "--data"),
        (["--data", "here"], "--out"),
        (["--data", "here", "--out", "m", "--arch-config", "levels"], "not KEY=VALUE"),
        (["--data", "here", "--out", "m", "--arch-config", "depth=3"], "it takes.*levels"),
        (
            ["--data", "here", "--out", "m", "--architecture", "unet-classic", "--side", "100"],
            "128",
        ),
        (["--data", "here", "--out", "m", "--schedule", "stairs"], "known: cosine, plateau"),
        (["--data", "here", "--out", "m", "--tile", "96", "--halo", "16"], "overlap 32 px do not"),
    ],
)
def test_what_cannot_be_is_one_error(arguments, wanted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=wanted):
        run(*arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("levels", [8, 9])
def test_sides_that_were_not_given_fit_the_network(levels, tmp_path):
    given = {"architecture": "unet-classic", "arch_config": {"levels": levels}}
    card = {"name": "m", "version": 1, "mpp": 2.0}
    open_ones = ("tile", "halo", "classes", "assume_mpp", "init", "hold_out")
    words = dict.fromkeys(("summary", "notice", "licence"), "")
    plan = vars(TrainingPlan()) | {"side": None, "augment": True}
    options = plan | card | words | dict.fromkeys(open_ones) | given
    found = train_parameters(options, given, tmp_path, tmp_path / "out", None)
    assert (found.plan.side, found.tile) == (2 ** (levels - 1), 1024)
    tiling = Tiling(found.tile, found.halo, found.overlap)
    assert tiling.halo >= 128
    assert tiling.step % 2 ** (levels - 1) == 0, "neighbours are in step with the strides"
