"""An evaluation as a page for people; whatever names are in it, they are only ever text."""

from __future__ import annotations

from html import escape

from histoloop import __version__
from histoloop.jobs.evaluate import Evaluation
from histoloop.jobs.evaluation_comparison import comparison_rows
from histoloop.jobs.judgement import Judgement
from histoloop.jobs.pages import count, document, figure, picture, table
from histoloop.training.bootstrap import Interval
from histoloop.training.crowd_report import read_learnt
from histoloop.training.worst_tiles import Tile

RELIABILITY = "reliability.png"
CONFUSION = "confusion.png"


def tile_name(number: int) -> str:
    """The file of the n-th worst tile, from 1."""
    return f"worst-{number:02d}.png"


def page(evaluation: Evaluation) -> str:
    """The whole page; its pictures lie beside it."""
    judgement, p = evaluation.judgement, evaluation.parameters
    title = f"{judgement.label} on {p.data.name}, {p.split}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        _what(evaluation),
        *(f'<p class="warning">{escape(one)}</p>' for one in evaluation.warnings),
        _classes(judgement, p.seed),
        _comparison(evaluation),
        _slides(judgement),
        "<h2>Confusion and reliability</h2>"
        f'<p class="plots"><img src="{CONFUSION}" alt="Confusion matrix">'
        f'<img src="{RELIABILITY}" alt="Reliability plot"></p>',
        _annotators(judgement),
        _gallery(judgement),
    ]
    return document(title, sections)


def _what(evaluation: Evaluation) -> str:
    p, judgement = evaluation.parameters, evaluation.judgement
    said = (
        f"{count(len(judgement.slides), 'picture')} of "
        f"{count(len(judgement.patients), 'patient')}, predicted as “histoloop segment” does, at "
        f"{judgement.card.mpp:g} µm/px and threshold {p.threshold:g}. Pixels whose truth is not "
        f"known count nowhere. Outlines agree within {p.tolerance_um:g} µm. Intervals: 95 %, "
        f"whole patients drawn 2,000 times. HistoLoop {__version__}."
    )
    return f'<p class="quiet">{escape(said)}</p>'


def _classes(judgement: Judgement, seed: int) -> str:
    names = list(judgement.pooled.classes[0].figures())
    head = ["class", *(_LABELS[name] for name in names), "mean of slides", "worst slide"]
    rows, notes = [], []
    for index, named in enumerate(judgement.card.classes):
        present = judgement.present(index)
        worst = f"{present[0].dice(index):.3f} ({present[0].name})" if present else "–"
        figures = [figure(one) for one in judgement.pooled.classes[index].figures().values()]
        rows.append([named.name, *figures, figure(judgement.mean_dice(index)), worst])
        interval = judgement.interval(index, seed)
        notes.append(f"Dice of {named.name}, 95 % interval: {interval.words}.")
    said = "".join(f"<p>{escape(note)}</p>" for note in notes)
    rule = (
        "Pooled over all pictures. Mean and worst Dice leave out pictures where a class is "
        "neither there nor predicted."
    )
    return f'<h2>Classes</h2>{table(head, rows)}{said}<p class="quiet">{rule}</p>'


def _comparison(evaluation: Evaluation) -> str:
    if not evaluation.others:
        return ""
    first = evaluation.judgement.label
    head = ["class", "model", "Dice", "95 % interval", "mean of slides", "worst slide"]
    head += ["first minus this", "95 % interval of that"]
    lines, verdicts = [], []
    for row in comparison_rows(evaluation):
        worst = f"{row.worst_dice:.3f} ({row.worst})" if row.worst else "–"
        figures = [figure(row.dice), row.interval.words, figure(row.mean), worst]
        paired = row.against
        difference = (f"{paired.difference:+.3f}", _ends(paired.interval)) if paired else ("", "")
        lines.append([row.name, row.model, *figures, *difference])
        if paired:
            said = f"{row.name}: against {row.model}, {first} is {paired.verdict}."
            verdicts.append(f"<p>{escape(said)}</p>")
    many = len(evaluation.others)
    title = f"Against {evaluation.others[0].label}" if many == 1 else f"Against {many} others"
    return (
        f"<h2>{escape(title)}</h2>{table(head, lines)}{''.join(verdicts)}"
        f'<p class="quiet">{escape(_how_compared(evaluation))}</p>'
    )


def _how_compared(evaluation: Evaluation) -> str:
    said = "Pooled Dice; the same patients are drawn for all models."
    if len(evaluation.others) > 1:
        said += " Of many intervals against the first some miss by chance."
    scales = {one.label: one.card.mpp for one in (evaluation.judgement, *evaluation.others)}
    if len(set(scales.values())) > 1:
        named = ", ".join(f"{label} {mpp:g}" for label, mpp in scales.items())
        said += f" Each at its own scale, µm/px: {named}."
    return said


def _ends(interval: Interval) -> str:
    return f"{interval.low:+.3f} to {interval.high:+.3f}" if interval.known else "too few patients"


def _slides(judgement: Judgement) -> str:
    names = [one.name for one in judgement.card.classes]
    head = ["slide", "patient", "seen in training, by name", "known px"]
    head += [f"{kind} {name}" for name in names for kind in ("Dice", "boundary F1")]
    rows = []
    for slide in sorted(judgement.slides, key=lambda one: min(map(one.dice, range(len(names))))):
        row = [slide.name, slide.patient, slide.seen or "no"]
        row.append(f"{slide.score.classes[0].overlap.known:,}")
        for index, one in enumerate(slide.score.classes):
            absent = slide.absent(index)
            row += ["absent"] * 2 if absent else [figure(one.overlap.dice), figure(one.boundary.f1)]
        rows.append(row)
    return f"<h2>Slides, worst first</h2>{table(head, rows)}"


def _annotators(judgement: Judgement) -> str:
    """Who confuses what, of a model that has learnt it."""
    learnt = read_learnt(judgement.card.training)
    if learnt is None:
        return ""
    head = ["annotator", "px labelled", "true class", *(f"called {one}" for one in learnt.classes)]
    rows = [
        [one.annotator, f"{one.pixels:,}", true, *map(figure, shares)]
        for one in learnt.annotators
        for true, shares in zip(learnt.classes, one.confusion, strict=True)
    ]
    rule = (
        "Shares of each true class, as far as the training could tell: nobody has measured them. "
        "Of few pixels little is learnt, and of two who always differ nothing says who is right."
    )
    return f'<h2>Annotators, as they were learnt</h2>{table(head, rows)}<p class="quiet">{rule}</p>'


def _gallery(judgement: Judgement) -> str:
    if not judgement.worst_tiles:
        return ""
    shown = [_tile(number, tile) for number, tile in enumerate(judgement.worst_tiles, start=1)]
    legend = ", ".join(
        f'<span style="color:{one.color}">■</span> {escape(one.name)}'
        for one in judgement.card.classes
    )
    return (
        f"<h2>Worst tiles</h2><p>{legend}; pale: nobody knows. At most three of a slide.</p>"
        '<p class="three"><span>picture</span><span>truth</span><span>prediction</span></p>'
        + "".join(shown)
    )


def _tile(number: int, tile: Tile) -> str:
    said = (
        f"{tile.slide}, {tile.box.x},{tile.box.y} px at the model's scale: "
        f"{tile.wrong / tile.known:.0%} of what is known is wrong ({tile.wrong:,} px)"
    )
    return picture(tile_name(number), f"{tile.slide}: picture, truth and prediction", said)


_LABELS = {
    "dice": "Dice",
    "iou": "IoU",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "boundary_f1": "boundary F1",
    "ece": "ECE",
    "cross_entropy": "loss (cross-entropy)",
}
