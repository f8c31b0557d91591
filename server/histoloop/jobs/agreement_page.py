"""An agreement as a page for people; whatever names are in it, they are only ever text."""

from __future__ import annotations

from html import escape

from histoloop import __version__
from histoloop.annotations import agreement as figures
from histoloop.jobs.agreement import Agreement, RoiAgreement
from histoloop.jobs.pages import count, document, figure, picture, table

_MOST_PICTURES = 40


def picture_name(roi: RoiAgreement) -> str:
    """The file of an ROI's picture."""
    return f"{roi.planned.name}.png"


def page(agreement: Agreement) -> str:
    """The whole page; its pictures lie in ``rois``."""
    title = "Agreement of annotators"
    return document(
        title,
        [
            f"<h1>{title}</h1>",
            _what(agreement),
            *(f'<p class="warning">{escape(one)}</p>' for one in agreement.complaints),
            _ceiling(agreement),
            _annotators(agreement),
            _pairs(agreement),
            _rois(agreement),
            _gallery(agreement),
        ],
    )


def _what(agreement: Agreement) -> str:
    said = (
        f"{count(len(agreement.rois), 'ROI')} with two annotators or more, "
        f"{count(len(agreement.annotators), 'annotator')} in all; "
        f"{count(agreement.alone, 'ROI')} of one annotator, of which nothing can be said. "
        "Only pixels count that both sides have labelled. HistoLoop "
        f"{__version__}."
    )
    return f'<p class="quiet">{escape(said)}</p>'


def _ceiling(agreement: Agreement) -> str:
    rows = []
    for named, one, unison in zip(
        agreement.classes, agreement.ceilings, agreement.total.by_class, strict=True
    ):
        span = [figure(value) for value in (one.mean, one.lowest, one.highest)]
        rows.append([named.name, *span, str(one.people), figure(unison.kappa)])
    rows.append(["all classes", "", "", "", "", figure(agreement.total.unison.kappa)])
    head = ["class", "mean Dice", "lowest", "highest", "people", "Fleiss' κ"]
    note = (
        "Dice of each person against what the others hold to be true: what a model can be shown "
        "to reach with this truth, and no more. κ is 1 where all agree, 0 where they agree as "
        "by chance."
    )
    return f'<h2>Human ceiling</h2>{table(head, rows)}<p class="quiet">{note}</p>'


def _annotators(agreement: Agreement) -> str:
    names = [one.name for one in agreement.classes]
    head = ["annotator", "role", "ROIs", "mean Dice", *names, "Cohen's κ", "accuracy"]
    rows = [
        [
            one.annotator.name,
            str(one.annotator.role),
            str(one.rois),
            *map(figure, (one.mean_dice, *one.dice, one.kappa, one.accuracy)),
        ]
        for one in agreement.annotators
    ]
    method = agreement.parameters.consensus
    note = f"Against the consensus ({method}) of the others, who agrees most first."
    return f'<h2>Annotators</h2>{table(head, rows)}<p class="quiet">{escape(note)}</p>'


def _pairs(agreement: Agreement) -> str:
    """Cohen's κ above the diagonal, the mean Dice below it."""
    names = [one.annotator.name for one in agreement.annotators]
    rows = []
    for at, one in enumerate(names):
        cells = [_pair(agreement, one, other, above=to > at) for to, other in enumerate(names)]
        rows.append([one, *cells])
    note = "Above the diagonal Cohen's κ, below it the mean Dice over the classes."
    return f'<h2>Pairs</h2>{table(["", *names], rows)}<p class="quiet">{note}</p>'


def _pair(agreement: Agreement, one: str, other: str, *, above: bool) -> str:
    pairs = agreement.total.pairs
    counts = pairs.get((one, other), pairs.get((other, one)))
    if counts is None:
        return "–"
    if above:
        return figure(figures.cohen(counts))
    return figure(figures.mean_dice(counts))


def _rois(agreement: Agreement) -> str:
    head = ["ROI", "annotators", "disputed", "Fleiss' κ"]
    rows = [
        [
            roi.planned.name,
            str(len(roi.raters)),
            f"{roi.disputed:.3f}",
            figure(roi.tally.unison.kappa),
        ]
        for roi in _most_disputed(agreement)
    ]
    note = "Disputed: share of the pixels on which not all are of one view."
    return f'<h2>ROIs, most disputed first</h2>{table(head, rows)}<p class="quiet">{note}</p>'


def _gallery(agreement: Agreement) -> str:
    shown = [_picture(roi) for roi in _most_disputed(agreement)[:_MOST_PICTURES]]
    note = (
        "Left the tissue, right the share of the annotators who are of another view than most: "
        "pale yellow for a single voice, red from a half. The same places as outlines, for the "
        "archive, lie in “disagreement”."
    )
    return f"<h2>Where they differ</h2><p>{note}</p>{''.join(shown)}"


def _picture(roi: RoiAgreement) -> str:
    name, people = roi.planned.name, ", ".join(one.name for one in roi.raters)
    source = f"rois/{picture_name(roi)}"
    return picture(source, f"Tissue and disagreement of {name}", f"{name}: {people}")


def _most_disputed(agreement: Agreement) -> list[RoiAgreement]:
    return sorted(agreement.rois, key=lambda roi: (-roi.disputed, roi.planned.name))
