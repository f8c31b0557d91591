"""An evaluation as a page for people; whatever names are in it, they are only ever text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from histoloop import __version__
from histoloop.jobs.evaluate import Evaluation
from histoloop.jobs.judgement import Judgement
from histoloop.training.worst_tiles import Tile

RELIABILITY = "reliability.png"
CONFUSION = "confusion.png"

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c1e21;max-width:1060px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.3rem 0;max-width:75ch}.quiet{color:#5b6068}
.warning{border-left:4px solid #c8102e;background:#fdf0f1;padding:.5rem .8rem;margin:.6rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e2e4e8}
th{font-weight:600;background:#f6f7f8}.text{text-align:left}td{white-space:nowrap}
.wide{overflow-x:auto}img{max-width:100%;vertical-align:top}
.plots{max-width:none}.plots img{max-height:440px}
figure{margin:1rem 0}figcaption{color:#5b6068}
.three{display:grid;grid-template-columns:repeat(3,1fr);max-width:784px;font-weight:600}
"""


def tile_name(number: int) -> str:
    """The file of the n-th worst tile, from 1."""
    return f"worst-{number:02d}.png"


def page(evaluation: Evaluation) -> str:
    """The whole page; its pictures lie beside it."""
    judgement, p = evaluation.judgement, evaluation.parameters
    title = f"{judgement.card.reference} on {p.data.name}, {p.split}"
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
        _gallery(judgement),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(sections)}</html>\n"
    )


def _what(evaluation: Evaluation) -> str:
    p, judgement = evaluation.parameters, evaluation.judgement
    said = (
        f"{_count(len(judgement.slides), 'picture')} of "
        f"{_count(len(judgement.patients), 'patient')}, predicted as “histoloop segment” does, at "
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
        figures = [_figure(one) for one in judgement.pooled.classes[index].figures().values()]
        rows.append([named.name, *figures, _figure(judgement.mean_dice(index)), worst])
        interval = judgement.interval(index, seed)
        notes.append(f"Dice of {named.name}, 95 % interval: {interval.words}.")
    said = "".join(f"<p>{escape(note)}</p>" for note in notes)
    rule = (
        "Pooled over all pictures. Mean and worst Dice leave out pictures where a class is "
        "neither there nor predicted."
    )
    return f'<h2>Classes</h2>{_table(head, rows)}{said}<p class="quiet">{rule}</p>'


def _comparison(evaluation: Evaluation) -> str:
    if not evaluation.other:
        return ""
    mine, other = evaluation.judgement.card, evaluation.other.card
    head = ["class", mine.reference, other.reference, "difference"]
    rows, verdicts = [], []
    for one in evaluation.comparisons:
        figures = (_figure(one.dice), _figure(one.other), f"{one.dice - one.other:+.3f}")
        rows.append([one.name, *figures])
        verdicts.append(f"<p>{escape(f'{one.name}: {mine.reference} is {one.verdict}.')}</p>")
    note = "Pooled Dice; the same patients are drawn for both models."
    if mine.mpp != other.mpp:
        note += f" Each at its own scale, {mine.mpp:g} and {other.mpp:g} µm/px."
    title = f"Against {other.reference}"
    return (
        f"<h2>{escape(title)}</h2>{_table(head, rows)}{''.join(verdicts)}"
        f'<p class="quiet">{escape(note)}</p>'
    )


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
            row += (
                ["absent"] * 2 if absent else [_figure(one.overlap.dice), _figure(one.boundary.f1)]
            )
        rows.append(row)
    return f"<h2>Slides, worst first</h2>{_table(head, rows)}"


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
    alt = escape(f"{tile.slide}: picture, truth and prediction", quote=True)
    image = f'<img src="{tile_name(number)}" alt="{alt}">'
    return f"<figure>{image}<figcaption>{escape(said)}</figcaption></figure>"


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


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of numbers stand to the right."""
    columns = [all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    lines = [_row("th", head, columns), *(_row("td", row, columns) for row in rows)]
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _row(tag: str, cells: Sequence[str], numbers: Sequence[bool]) -> str:
    parts = zip(cells, numbers, strict=True)
    shown = (
        f"<{tag}{'' if right else ' class=text'}>{escape(text)}</{tag}>" for text, right in parts
    )
    return f"<tr>{''.join(shown)}</tr>"


def _is_number(text: str) -> bool:
    return not text.strip("0123456789.,+-–") or text == "absent"


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
