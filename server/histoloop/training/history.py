"""The course of a training, as tables and pictures that are there while it goes on."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

from histoloop.training.trainer import Epoch

HISTORY = "history.json"


def write(folder: Path, classes: Sequence[str], epochs: Sequence[Epoch]) -> None:
    """Write train_losses.csv, train_metrics.csv, their plots and history.json."""
    names = ["loss"] if epochs[-1].valid_loss is None else ["loss", "val_loss"]
    losses = [[one.number, one.loss, one.valid_loss or 0.0][: 1 + len(names)] for one in epochs]
    columns, metrics = _metrics(classes, epochs)
    _table(folder / "train_losses.csv", ["epoch", *names], losses)
    _table(folder / "train_metrics.csv", ["epoch", *columns], metrics)
    _plot(folder / "train_losses.png", "loss", names, losses)
    _plot(folder / "train_metrics.png", "Dice and accuracy", columns, metrics)
    content = [
        {"epoch": one.number, "loss": one.loss, "val_loss": one.valid_loss, "seconds": one.seconds}
        | {"accuracy": one.accuracy, "val_accuracy": one.valid_accuracy}
        | {"dice": dict(zip(classes, one.dice, strict=False))}
        for one in epochs
    ]
    (folder / HISTORY).write_text(json.dumps(content, indent=1) + "\n")


def _metrics(
    classes: Sequence[str], epochs: Sequence[Epoch]
) -> tuple[list[str], list[list[float]]]:
    """Names of the columns after the epoch, and rows; of validation pictures if there are any.

    An accuracy is NaN where nothing was known, or the training was begun before it was measured.
    """
    judged = bool(epochs[-1].dice)
    names = [f"dice_{name}" for name in classes] if judged else []
    rows = []
    for one in epochs:
        accuracies = (one.accuracy, one.valid_accuracy) if judged else (one.accuracy,)
        known = (math.nan if value is None else value for value in accuracies)
        rows.append([one.number, *one.dice, *known])
    return [*names, "accuracy", *(["val_accuracy"] if judged else [])], rows


def _table(path: Path, header: list[str], rows: Sequence[Sequence[float]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _plot(path: Path, title: str, names: list[str], rows: Sequence[Sequence[float]]) -> None:
    from matplotlib.figure import Figure  # without pyplot: no state, no display

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for column, name in enumerate(names, start=1):
        axes.plot([row[0] for row in rows], [row[column] for row in rows], label=name)
    axes.set(title=title, xlabel="epoch")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)
