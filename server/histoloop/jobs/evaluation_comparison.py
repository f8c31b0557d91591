"""Several models on the same pictures in one table; the first is what the others are held to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from histoloop.jobs.evaluate import Evaluation
from histoloop.jobs.judgement import Comparison, Judgement
from histoloop.training.bootstrap import Interval


@dataclass(frozen=True)
class Row:
    """A model and a class.

    Attributes:
        digest: of its weights; name: of the class.
        dice: pooled; interval: of it, by patient; mean: over the pictures that have the class.
        worst, worst_dice: the picture that it does worst on; empty and NaN where none has it.
        against: its pooled Dice beside the first model's; `None` for the first itself.
    """

    model: str
    digest: str
    name: str
    dice: float
    interval: Interval
    mean: float
    worst: str
    worst_dice: float
    against: Comparison | None

    def figures(self) -> dict[str, Any]:
        """For JSON and CSV; differences are the first model's Dice minus this one's."""
        paired = self.against
        return {
            "model": self.model,
            "digest": self.digest,
            "class": self.name,
            "dice": self.dice,
            "dice_low": self.interval.low,
            "dice_high": self.interval.high,
            "patients": self.interval.patients,
            "mean_dice": self.mean,
            "worst_slide": self.worst,
            "worst_dice": self.worst_dice,
            "first_minus_this": paired.difference if paired else None,
            "first_minus_this_low": paired.interval.low if paired else None,
            "first_minus_this_high": paired.interval.high if paired else None,
            "first_is": paired.verdict if paired else None,
        }


def comparison_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Class by class in the first model's order, within it the models as they were named."""
    first = evaluation.judgement
    for at, named in enumerate(first.card.classes):
        yield _row(evaluation, first, at, None)
        for other, comparisons in zip(evaluation.others, evaluation.compared, strict=True):
            names = [one.name for one in other.card.classes]
            for against in comparisons:
                if against.name == named.name:
                    yield _row(evaluation, other, names.index(named.name), against)


def _row(evaluation: Evaluation, judgement: Judgement, at: int, against: Comparison | None) -> Row:
    present = judgement.present(at)
    return Row(
        model=judgement.label,
        digest=judgement.card.digest,
        name=judgement.card.classes[at].name,
        dice=judgement.pooled.classes[at].overlap.dice,
        interval=judgement.interval(at, evaluation.parameters.seed),
        mean=judgement.mean_dice(at),
        worst=present[0].name if present else "",
        worst_dice=present[0].dice(at) if present else float("nan"),
        against=against,
    )
