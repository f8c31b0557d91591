"""What a training has learnt of its annotators, as a file, a picture and words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.durable import replace_text

TABLE, PICTURE = "annotators.json", "annotators.png"

NONE = "none"
"""What is said of a pixel that is not of a model's only class."""

KEY = "annotators"
"""Where a card has them, in what it says of the training."""

_ACROSS = 4


class LearntAnnotator(BaseModel):
    """Somebody as the network has come to know them.

    Attributes:
        pixels: that they have labelled of what was trained on; of few, little was learnt.
        confusion: ``(true, said)``: of each class, the shares that they call by each name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    annotator: str
    pixels: int
    confusion: tuple[tuple[float, ...], ...]


class LearntCrowd(BaseModel):
    """All of them, if there are any; ``classes`` in the order of the matrices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    annotators: tuple[LearntAnnotator, ...]

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        pixels: Mapping[str, int],
        confusions: Mapping[str, NDArray[np.float64]],
    ) -> LearntCrowd:
        """From what a trainer holds.

        Args:
            classes: of the model; one of them has `NONE` beside it.
        """
        return cls(
            classes=(NONE, *classes) if len(classes) == 1 else tuple(classes),
            annotators=tuple(
                LearntAnnotator(
                    annotator=name,
                    pixels=pixels[name],
                    confusion=tuple(map(tuple, np.round(matrix, 4).tolist())),
                )
                for name, matrix in confusions.items()
            ),
        )

    def record(self) -> dict[str, Any]:
        """What a card keeps of them; see `read_learnt`."""
        return {KEY: self.model_dump(mode="json")} if self.annotators else {}

    def words(self) -> Iterator[str]:
        """A line an annotator: how much of each class they call so."""
        for one in self.annotators:
            shares = zip(self.classes, np.diagonal(one.confusion), strict=True)
            said = ", ".join(f"{share:.0%} of {name}" for name, share in shares)
            yield f"{one.annotator} calls {said} by its name ({one.pixels:,} px labelled)"


def read_learnt(training: Mapping[str, Any]) -> LearntCrowd | None:
    """What a card says of a model's annotators; `None` for one that says nothing of the kind."""
    try:
        found = LearntCrowd.model_validate(training.get(KEY))
    except ValidationError:
        return None
    size = len(found.classes)
    matrices = [one.confusion for one in found.annotators]
    fits = all(len(one) == size and all(len(row) == size for row in one) for one in matrices)
    return found if fits else None


def write(folder: Path, learnt: LearntCrowd) -> None:
    """Write annotators.json, and as annotators.png one matrix each; nothing of nobody."""
    from matplotlib.figure import Figure  # without pyplot: no state, no display

    if not learnt.annotators:
        return
    replace_text(folder / TABLE, learnt.model_dump_json(indent=1) + "\n")
    across = min(_ACROSS, len(learnt.annotators))
    down = math.ceil(len(learnt.annotators) / across)
    side = 1.3 + 0.5 * len(learnt.classes)
    figure = Figure(figsize=(side * across, (side + 0.4) * down), layout="constrained")
    places = figure.subplots(down, across, squeeze=False).ravel()
    for axes, one in zip(places, learnt.annotators, strict=False):
        _matrix(axes, learnt.classes, one)
    for axes in places[len(learnt.annotators) :]:
        axes.set_axis_off()
    figure.supxlabel("said")
    figure.supylabel("true")
    figure.savefig(folder / PICTURE, dpi=100)


def _matrix(axes: Any, classes: Sequence[str], one: LearntAnnotator) -> None:
    shares = np.array(one.confusion)
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(shares.shape):
        color = "white" if shares[row, column] > 0.55 else "black"
        axes.text(
            column,
            row,
            f"{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color=color,
            fontsize=8,
        )
    axes.set_xticks(range(len(classes)), classes, fontsize=8)
    axes.set_yticks(range(len(classes)), classes, rotation=90, va="center", fontsize=8)
    axes.set_title(one.annotator.replace("$", r"\$"), fontsize=9)
