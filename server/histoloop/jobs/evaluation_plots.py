"""The pictures of an evaluation's page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from histoloop.jobs.judgement import Judgement

_GREY = "#8a8f98"


def reliability(judgement: Judgement, path: Path) -> None:
    """What the model said against what was so, and how often it said it."""
    from matplotlib.figure import Figure  # without pyplot: no state, no display

    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="as it should be")
    for named, one in zip(judgement.card.classes, judgement.pooled.classes, strict=True):
        said, happened, pixels = one.calibration.bins()
        label = f"{named.name}: ECE {one.calibration.ece:.3f}"
        above.plot(said, happened, marker="o", color=named.color, label=label)
        share = pixels / max(1, pixels.sum())
        below.step(said, share, where="mid", color=named.color)
    above.set(ylabel="share that was so", xlim=(0, 1), ylim=(0, 1), title="Reliability")
    above.legend(frameon=False)
    below.set(xlabel="probability that the model gave", ylabel="share of pixels", yscale="log")
    for axes in (above, below):
        axes.grid(alpha=0.25)
    figure.savefig(path, dpi=110)


def confusion(judgement: Judgement, path: Path) -> None:
    """Where the pixels of each true class went."""
    from matplotlib.figure import Figure

    names = ["none", *(one.name for one in judgement.card.classes)]
    pixels = judgement.pooled.confusion
    share = pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1)
    side = 2.6 + 0.85 * len(names)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(share.shape):
        text = f"{share[row, column]:.1%}\n{pixels[row, column]:,} px"
        color = "white" if share[row, column] > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names, rotation=90, va="center")
    axes.set(xlabel="predicted", ylabel="true", title="Confusion, shares of the true class")
    figure.savefig(path, dpi=110)
