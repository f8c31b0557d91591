"""An evaluation in a few lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator

from histoloop.jobs.evaluate import Evaluation
from histoloop.jobs.judgement import JudgedSlide, Judgement
from histoloop.jobs.pages import count

_HEAD = ("Dice", "IoU", "accuracy", "sens.", "spec.", "bound. F1", "ECE", "mean", "worst")


def slide_line(model: str, slide: JudgedSlide) -> str:
    """A picture as soon as it is judged."""
    classes = range(len(slide.score.classes))
    dice = ", ".join("absent" if slide.absent(i) else f"{slide.dice(i):.3f}" for i in classes)
    return f"{model} on {slide.name}: Dice {dice}"


def summary(evaluation: Evaluation) -> Iterator[str]:
    """The warnings, a table of classes, how sure the Dice is, and the comparison."""
    judgement, p = evaluation.judgement, evaluation.parameters
    yield (
        f"{judgement.label} on the {p.split} split of {p.data}: "
        f"{count(len(judgement.slides), 'slide')}, {count(len(judgement.patients), 'patient')}"
    )
    for warning in evaluation.warnings:
        yield f"warning: {warning}"
    yield f"{'class':16}" + "".join(f"{one:>10}" for one in _HEAD)
    for index, named in enumerate(judgement.card.classes):
        yield f"{named.name[:15]:16}" + "".join(map(_figure, _figures(judgement, index)))
    for index, named in enumerate(judgement.card.classes):
        words = judgement.interval(index, p.seed).words
        worst = [f"worst slide {one.name}" for one in judgement.present(index)[:1]]
        yield "; ".join([f"{named.name}: 95 % of Dice: {words}", *worst])
    for other, comparisons in zip(evaluation.others, evaluation.compared, strict=True):
        for one in comparisons:
            yield (
                f"{one.name}: {judgement.label} {one.dice:.3f}, "
                f"{other.label} {one.other:.3f}: {one.verdict}"
            )


def _figures(judgement: Judgement, index: int) -> list[float]:
    one, present = judgement.pooled.classes[index].figures(), judgement.present(index)
    names = ("dice", "iou", "accuracy", "sensitivity", "specificity", "boundary_f1", "ece")
    worst = present[0].dice(index) if present else math.nan
    return [*(one[name] for name in names), judgement.mean_dice(index), worst]


def _figure(value: float) -> str:
    return f"{'–' if math.isnan(value) else f'{value:.3f}':>10}"
