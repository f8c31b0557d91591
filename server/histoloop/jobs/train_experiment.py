"""What an experiment does around a training: whole epochs before it, a test after it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from histoloop.errors import DatasetError, OutputError
from histoloop.jobs import evaluation_report
from histoloop.jobs.context import Executor
from histoloop.jobs.evaluate import EvaluateParameters, evaluate
from histoloop.jobs.evaluation_summary import summary
from histoloop.jobs.train import TrainParameters
from histoloop.models.card import read_card
from histoloop.models.registry import ModelRegistry
from histoloop.models.weights import load_network
from histoloop.slides.folder import open_slide
from histoloop.training.augmentation import IGNORED
from histoloop.training.evaluation import predict_picture
from histoloop.training.losses import named
from histoloop.training.replicas import place_of_this_process
from histoloop.training.samples import each_picture, pictures

EVALUATION = "evaluation"
TABLE = "evaluation.csv"
REPORT = "report.json"


def patches_of(data: Path, side: int, mpp: float, batch: int) -> int:
    """Batches in which every part of every training picture can stand once.

    Args:
        side: of a patch, px at ``mpp``; a picture without a scale is taken as it is.

    Raises:
        DatasetError: a mask is missing, or there are no pictures.
    """
    total = 0
    for picture in pictures(data, "train"):
        slide = open_slide(picture.image)
        x, y = (slide.mpp.x / mpp, slide.mpp.y / mpp) if slide.mpp else (1.0, 1.0)
        total += int(np.ceil(slide.size.width * x / side) * np.ceil(slide.size.height * y / side))
    if not total:
        raise DatasetError(
            f"{data}: holds no pictures in train/images", hint="--data names the folder above"
        )
    return -(-total // batch)


def judge_test(parameters: TrainParameters, home: Path, executor: Executor) -> Iterator[str]:
    """Judge the trained model on the test pictures, if there are any; yields what to say.

    Of several workers the chief judges. Weights that are judged already are not judged again.

    Writes ``OUT/evaluation/`` as `histoloop evaluate` does, and ``OUT/evaluation.csv`` with loss
    and binary accuracy.

    Raises:
        OutputError: a file cannot be written.
    """
    p = parameters
    if place_of_this_process()[0] or p.hold_out or not any(pictures(p.data, "test")):
        return
    if _is_judged(p.out):
        yield f"{p.out / EVALUATION}: already judged"
        return
    (p.out / TABLE).unlink(missing_ok=True)  # the last file of a whole verdict
    asked = EvaluateParameters(str(p.out), p.data, assumed_mpp=p.assumed_mpp)
    found = evaluate(asked, home, executor, lambda *_: None)
    evaluation_report.write(found, p.out / EVALUATION)
    rows = [
        ("loss", f"{loss_on_test(p, home):.4f}"),
        ("binary_accuracy", f"{_accuracy(found.judgement.pooled.confusion):.4f}"),
    ]
    try:
        with (p.out / TABLE).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    except OSError as error:
        raise OutputError(f"{p.out / TABLE}: cannot be written ({error.strerror})") from error
    yield from summary(found)
    yield "test: " + ", ".join(f"{name} {value}" for name, value in rows)
    yield f"→ {p.out / EVALUATION / 'index.html'}"


def _is_judged(out: Path) -> bool:
    """Whether the verdict there is whole, and of the weights that are there."""
    try:
        said = json.loads((out / EVALUATION / REPORT).read_text(encoding="utf-8"))
        return (out / TABLE).is_file() and said["model"]["digest"] == read_card(out).digest
    except (OSError, ValueError, KeyError, TypeError):
        return False


def loss_on_test(parameters: TrainParameters, home: Path) -> float:
    """Mean over the test pictures of the loss that was trained with."""
    p = parameters
    model = ModelRegistry(home).get(str(p.out))
    network, classes = load_network(model), len(model.card.classes)
    loss, found = named(p.plan.loss, classes), []
    for _, sample in each_picture(p.data, "test", p.mpp, p.assumed_mpp):
        codes = sample.truth[None, ..., None]
        truth = (codes == np.arange(1, classes + 1)).astype(np.float32)
        known = (codes != IGNORED).astype(np.float32)
        found.append(float(loss(truth, predict_picture(network, sample.image)[None], known)))
    return float(np.mean(found))


def _accuracy(confusion: np.ndarray) -> float:
    """Share of the known pixels whose class is right, none included."""
    return float(np.trace(confusion) / max(confusion.sum(), 1))
