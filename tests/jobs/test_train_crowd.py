"""`train --crowd` as it is typed: annotations of several people to a model that knows them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case
from tests.support.typed import run
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.errors import DatasetError, StateError
from histoloop.models.card import read_card
from histoloop.models.registry import ModelRegistry
from histoloop.models.weights import load_network

FEW = (
    *("--architecture", "unet", "--arch-config", "levels=2", "--arch-config", "base_filters=4"),
    *("--mpp", 2, "--side", 32, "--batch", 4, "--epochs", 2, "--steps", 150, "--average", 0),
    *("--learning-rate", 0.01, "--loss", "bce", "--no-augment"),
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Each region by one of three: two of them right, one calls stroma what is tumour."""
    folder = tmp_path_factory.mktemp("crowd")
    gtcodes = folder / "GTCodes.csv"
    gtcodes.write_text(GTCODES)
    for number, who in enumerate(("anna", "bert", "carl", "anna")):
        roi = ROI._replace(x=ROI.x + 4 * number)
        wrong = [rectangle(roi, "mostly_tumor"), rectangle(TUMOR, "mostly_stroma")]
        drawn = wrong if who == "carl" else [rectangle(TUMOR, "mostly_tumor")]
        documents = [document(rectangle(roi, "roi"), *drawn, who=who)]
        write_case(folder / "slides", f"TCGA-A2-A0D{number}-01Z-00-DX1", documents, seed=number)
    patients = folder / "patients.csv"
    patients.write_text(
        "name,patient,split\n"
        + "".join(
            f"TCGA-A2-A0D{number}-01Z-00-DX1.tiff,p{number},{'valid' if number == 3 else 'train'}\n"
            for number in range(4)
        )
    )
    words = ("--gtcodes", gtcodes, "--classes", "tumor=1", "--patients", patients)
    run("dataset", "build", "--source", folder / "slides", *words, "--out", folder / "snapshot")
    return folder / "snapshot"


@pytest.fixture(scope="module")
def trained(snapshot):
    out = snapshot.parent / "model"
    return run("train", "--data", snapshot, "--out", out, *FEW, "--crowd"), out


def test_a_lab_sees_who_confuses_what(trained):
    said, out = trained
    assert "3 annotators have labelled 3 pictures, 1.0 of them each" in said.stdout
    found = json.loads((out / "annotators.json").read_text())
    assert found["classes"] == ["none", "tumor"]
    matrices = {one["annotator"]: np.array(one["confusion"]) for one in found["annotators"]}
    assert list(matrices) == ["anna", "bert", "carl"]
    assert all(one.sum(axis=1) == pytest.approx([1, 1], abs=1e-3) for one in matrices.values())
    assert np.diagonal(matrices["anna"]).min() > 0.7
    assert np.diagonal(matrices["carl"]).max() < 0.4
    assert found["annotators"][0]["pixels"] == pytest.approx(ROI.area * 0.5 * 0.6 / 2**2, rel=0.05)
    assert Image.open(out / "annotators.png").width > 300
    card = read_card(out)
    assert card.training["annotators"] == found
    assert card.training["plan"]["crowd"] is True
    (dice,) = card.metrics["dice"]["valid"].values()
    assert dice["tumor"] > 0.9
    (line,) = (one for one in said.stdout.splitlines() if one.startswith("carl calls"))
    assert "of tumor by its name" in line


def test_what_has_ended_is_not_trained_again_and_nothing_else_is_taken_for_it(snapshot, trained):
    _, out = trained
    again = run("train", "--data", snapshot, "--out", out, *FEW, "--crowd")
    assert "already trained" in again.stdout
    with pytest.raises(StateError, match="plan crowd was true, is now false"):
        run("train", "--data", snapshot, "--out", out, *FEW)


def test_stopped_and_run_again_it_ends_with_the_same_matrices_and_weights(
    snapshot, trained, tmp_path, monkeypatch
):
    words = ("train", "--data", snapshot, "--out", tmp_path, *FEW, "--crowd")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("histoloop.cli.train._line", stop)
        cut = CliRunner().invoke(app, [str(word) for word in words])
    assert cut.exit_code == 130
    assert (tmp_path / "annotators.json").exists()
    assert not (tmp_path / "card.json").exists()
    assert "going on after epoch 1 of 2" in run(*words).stdout
    _, out = trained
    told, whole = ((folder / "annotators.json").read_bytes() for folder in (tmp_path, out))
    assert told == whole
    pairs = zip(*(weights_of(folder) for folder in (tmp_path, out)), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


def weights_of(folder):
    return load_network(ModelRegistry(folder).get(str(folder))).get_weights()


def test_the_page_of_an_evaluation_says_whom_the_model_has_learnt_from(snapshot, trained):
    _, out = trained
    page = snapshot.parent / "page"
    run("evaluate", "--model", out, "--data", snapshot, "--split", "valid", "--out", page)
    shown = (page / "index.html").read_text()
    assert "Annotators, as they were learnt" in shown
    assert "carl" in shown


def test_pictures_that_do_not_say_who_drew_are_refused_before_training(snapshot, tmp_path):
    words = ("--data", snapshot, "--out", tmp_path / "out", *FEW)
    plain = tmp_path / "plain"
    for kind in ("images", "masks"):
        (plain / "train" / kind).mkdir(parents=True)
        for path in (snapshot / "train" / kind).iterdir():
            (plain / "train" / kind / path.name).symlink_to(path)
    with pytest.raises(DatasetError, match="does not say who has labelled what"):
        run("train", "--data", plain, *words[2:], "--crowd", "--classes", "tumor,stroma")
    assert not (tmp_path / "out").exists()
