"""Segmenting in int8: the bundled model on a real slide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_model import save_tiny_model
from tests.support.typed import run

from histoloop.errors import ModelError, UsageError
from histoloop.geometry import Box
from histoloop.jobs.benchmark import Bare
from histoloop.jobs.context import Context, Progress, SilentListener, ThreadExecutor
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.report import Report
from histoloop.jobs.segment import segment
from histoloop.masks.mask import Mask
from histoloop.models import architectures
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.runtimes import Precision, quantised
from histoloop.models.runtimes.openvino import OpenVinoRuntime, converted
from histoloop.models.segmenter import normalise
from histoloop.slides.folder import SlideFile

REGION = Box(0, 0, 1700, 1700)


class Heard(SilentListener):
    def __init__(self) -> None:
        self.stages: list[str] = []

    def progress(self, progress: Progress) -> None:
        self.stages.append(progress.stage)


def segmented(
    slide: Path, out: Path, home: Path, precision: Precision, model: str = "tumor"
) -> tuple[Report, np.ndarray, list[str]]:
    heard = Heard()
    asked = SegmentParameters(SlideFile(slide), model, out, REGION, precision=precision)
    report = segment(asked, home, Context(ThreadExecutor(2), heard))
    mask = Mask.open(out / "probability.zarr")
    return report, mask.read(Box.of(mask.frame.size)), heard.stages


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nobody else's calibration."""
    return tmp_path_factory.mktemp("int8-home")


def test_labels_stay_what_they_are_and_the_report_says_why(
    bcss: dict[str, Path], own_home: Path, tmp_path: Path
) -> None:
    slide = bcss["TCGA-A2-A0D2-DX1"]
    exact, probabilities, _ = segmented(slide, tmp_path / "fp32", own_home, Precision.FP32)
    assert (exact.precision, exact.calibration, exact.seconds["calibrate"]) == ("fp32", {}, 0)
    eight, other, stages = segmented(slide, tmp_path / "int8", own_home, Precision.INT8)
    assert eight.precision == "int8"
    assert eight.plan != exact.plan, "shards of one are no shards of the other"
    said = eight.calibration
    assert said["slide"] == slide.name
    assert said["fingerprint"] == eight.slide["fingerprint"]
    assert said["dice"] >= quantised.LEAST_DICE
    assert "calibrate" in stages
    assert eight.seconds["calibrate"] > 0
    assert not np.array_equal(probabilities, other), "it is another network"
    one, two = probabilities >= 128, other >= 128
    assert 2 * (one & two).sum() / (one.sum() + two.sum()) > 0.99

    networks = {path: path.stat().st_mtime_ns for path in own_home.rglob("*.int8.*")}
    again, same, _ = segmented(slide, tmp_path / "again", own_home, Precision.INT8)
    now = {path: path.stat().st_mtime_ns for path in own_home.rglob("*.int8.*")}
    assert now == networks, "it is calibrated once"
    assert again.calibration == said
    assert np.array_equal(other, same)


def test_a_benchmark_runs_the_same_network_alone(
    bcss: dict[str, Path], own_home: Path, tmp_path: Path
) -> None:
    slide = SlideFile(bcss["TCGA-A2-A0D2-DX1"])
    asked = SegmentParameters(slide, "tumor", tmp_path, REGION, precision=Precision.INT8)
    kept = quantised.calibration(ModelRegistry(own_home).get("tumor"), own_home / "cache")
    assert kept, "of the test above"
    alone = Bare.of(asked, own_home, ThreadExecutor(1))
    assert alone.task.network == quantised.network(kept, own_home / "cache")


def test_one_that_changes_labels_is_refused_with_the_figure(
    bcss: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantised, "LEAST_DICE", 1.0)
    monkeypatch.setattr(quantised, "EXACT", ((1, 1),))
    with pytest.raises(ModelError, match=r"int8 is refused: .* Dice 0\.9\d+ .*--precision"):
        segmented(bcss["TCGA-A2-A0D2-DX1"], tmp_path / "out", tmp_path, Precision.INT8)
    assert not list(tmp_path.rglob("*.int8.*")), "nothing of it stays"


def test_where_the_model_finds_nothing_int8_cannot_be_judged(
    bcss: dict[str, Path], tmp_path: Path
) -> None:
    import keras

    pixels = keras.Input((None, None, 3))
    never = keras.layers.Conv2D(
        1, 3, padding="same", activation="sigmoid", bias_initializer=keras.initializers.Constant(-9)
    )
    save_tiny_model(tmp_path / "never", keras.Model(pixels, never(pixels)))
    with pytest.raises(ModelError, match="finds nothing"):
        segmented(
            bcss["TCGA-A2-A0D2-DX1"],
            tmp_path / "out",
            tmp_path,
            Precision.INT8,
            model=str(tmp_path / "never"),
        )


def test_tensorflow_has_no_int8(bcss: dict[str, Path], tmp_path: Path) -> None:
    slide, how = bcss["TCGA-A2-A0D2-DX1"], ("--precision", "int8", "--runtime", "tensorflow")
    with pytest.raises(UsageError, match="int8"):
        run("segment", slide, "--out", tmp_path, *how)


def test_transposed_convolutions_are_quantised_too(tmp_path: Path) -> None:
    network = architectures.build("unet-classic", 1, levels=3, base_filters=4)
    card = save_tiny_model(tmp_path / "model", network, tile=64)
    model = Model(tmp_path / "model", card)
    tiles = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    path = tmp_path / "eight.xml"
    quantised.quantise(converted(model, tmp_path), tiles, (1, 1), path)
    eight, whole = (OpenVinoRuntime(model, 1, one) for one in (path, converted(model, tmp_path)))
    pixels = normalise(tiles[:1])
    assert np.abs(eight(pixels) - whole(pixels)).max() < 0.1
    assert "i8" in path.read_text()
