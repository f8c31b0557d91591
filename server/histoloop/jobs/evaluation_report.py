"""An evaluation as files: report.json, tables, index.html and its pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from histoloop import __version__
from histoloop.errors import OutputError
from histoloop.jobs import evaluation_page, evaluation_plots
from histoloop.jobs.evaluate import Evaluation
from histoloop.jobs.evaluation_comparison import comparison_rows
from histoloop.jobs.judgement import Comparison, JudgedSlide, Judgement, channels
from histoloop.jobs.pages import defined
from histoloop.training.bootstrap import Interval
from histoloop.training.worst_tiles import panels

REPORT = "report.json"
PER_SLIDE = "per_slide.csv"
COMPARISON = "comparison.csv"


def write(evaluation: Evaluation, out: Path) -> None:
    """Write everything; what an earlier evaluation has left there is replaced.

    Raises:
        OutputError: the folder cannot be written.
    """
    judgement = evaluation.judgement
    try:
        out.mkdir(parents=True, exist_ok=True)
        _tables(evaluation, out)
        (out / REPORT).write_text(json.dumps(content(evaluation), indent=1) + "\n")
        for old in out.glob("worst-*.png"):
            old.unlink()
        for number, tile in enumerate(judgement.worst_tiles, start=1):
            shown = panels(tile, channels(judgement.card))
            Image.fromarray(shown).save(out / evaluation_page.tile_name(number))
        evaluation_plots.reliability(judgement, out / evaluation_page.RELIABILITY)
        evaluation_plots.confusion(judgement, out / evaluation_page.CONFUSION)
        (out / "index.html").write_text(evaluation_page.page(evaluation), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error


def content(evaluation: Evaluation) -> dict[str, Any]:
    """report.json: figures at full precision, `null` for what is not defined.

    ``other`` is the first of ``others``; in ``comparison`` the first model is held against each.
    """
    p = evaluation.parameters
    others = [_judged(one, p.seed) for one in evaluation.others]
    found = {
        "software": f"HistoLoop {__version__}",
        "data": str(p.data),
        "split": p.split,
        "threshold": p.threshold,
        "boundary_um": p.tolerance_um,
        "seed": p.seed,
        "warnings": list(evaluation.warnings),
        "model": _judged(evaluation.judgement, p.seed),
        "other": others[0] if others else None,
        "others": others,
        "comparison": [_compared(one) for each in evaluation.compared for one in each],
        "table": [row.figures() for row in comparison_rows(evaluation)],
    }
    return dict(defined(found))


def _compared(one: Comparison) -> dict[str, Any]:
    return {
        "model": one.model,
        "name": one.name,
        "dice": one.dice,
        "other": one.other,
        "difference": one.difference,
        "interval": _interval(one.interval),
        "verdict": one.verdict,
    }


def _judged(judgement: Judgement, seed: int) -> dict[str, Any]:
    card, pooled = judgement.card, judgement.pooled
    return {
        "label": judgement.label,
        "name": card.name,
        "version": card.version,
        "digest": card.digest,
        "mpp": card.mpp,
        "patients": list(judgement.patients),
        "classes": [_class(judgement, index, seed) for index in range(len(card.classes))],
        "confusion": {
            "classes": ["none", *(one.name for one in card.classes)],
            "true_by_predicted_px": pooled.confusion.tolist(),
        },
        "slides": [_slide(judgement, one) for one in judgement.slides],
    }


def _class(judgement: Judgement, index: int, seed: int) -> dict[str, Any]:
    present = judgement.present(index)
    worst = {"name": present[0].name, "dice": present[0].dice(index)} if present else None
    return {
        "name": judgement.card.classes[index].name,
        "pooled": judgement.pooled.classes[index].figures(),
        "dice_interval": _interval(judgement.interval(index, seed)),
        "mean_dice": judgement.mean_dice(index),
        "slides_with_class": len(present),
        "worst": worst,
    }


def _slide(judgement: Judgement, slide: JudgedSlide) -> dict[str, Any]:
    pairs = zip(judgement.card.classes, slide.score.classes, strict=True)
    return {
        "name": slide.name,
        "patient": slide.patient,
        "seen_in": slide.seen or None,
        "digest": slide.digest,
        "known_px": slide.score.classes[0].overlap.known,
        "classes": {named.name: one.figures() for named, one in pairs},
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "low": interval.low,
        "high": interval.high,
        "patients": interval.patients,
        "words": interval.words,
    }


def _tables(evaluation: Evaluation, out: Path) -> None:
    """Rows per model, picture and class, and where models are compared, per class and model."""
    judgements = (evaluation.judgement, *evaluation.others)
    _csv(out / PER_SLIDE, [row for judgement in judgements for row in _rows(judgement)])
    (out / COMPARISON).unlink(missing_ok=True)
    if evaluation.others:
        _csv(out / COMPARISON, [row.figures() for row in comparison_rows(evaluation)])


def _csv(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """An empty cell for what is not defined."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(dict(defined(line)) for line in lines)


def _rows(judgement: Judgement) -> Iterator[dict[str, Any]]:
    for slide in judgement.slides:
        for named, one in zip(judgement.card.classes, slide.score.classes, strict=True):
            yield {
                "model": judgement.label,
                "slide": slide.name,
                "patient": slide.patient,
                "seen_in": slide.seen,
                "class": named.name,
                "known_px": one.overlap.known,
                "true_px": one.overlap.true,
                "predicted_px": one.overlap.predicted,
                **one.figures(),
            }
