"""A round of the loop as one page: what was corrected, learnt and decided, with pictures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop import __version__
from histoloop.jobs.agreement import Agreement
from histoloop.jobs.pages import count, document, figure, picture, table
from histoloop.jobs.retrain import Retrained
from histoloop.masks.labels import LabelClass
from histoloop.training.gate_decision import Decision
from histoloop.training.snapshot import Snapshot, preview_of, read_snapshot
from histoloop.training.worst_tiles import outlined, side_by_side

_TUMOR = LabelClass("tumor", 1, "#00c48c")
_SIDE = 480
"""Pixels of a panel."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A locked slide: ``(rows, cols, 3)`` RGB, and where the tumour is, was and is now called."""

    name: str
    image: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]

    def panels(self) -> NDArray[np.uint8]:
        """Truth, before and after, outlined on the slide, side by side."""
        nothing = np.zeros(self.truth.shape, bool)
        shown = [
            outlined(self.image, mask.astype(np.uint8), nothing, (_TUMOR,))
            for mask in (self.truth, self.before, self.after)
        ]
        return side_by_side(*(_small(one) for one in shown))


def write(
    path: Path, number: int, agreement: Agreement, retrained: Retrained, pictures: Sequence[Picture]
) -> None:
    """Write the page, after everything that it shows."""
    folder = path.parent / "pictures"
    folder.mkdir(exist_ok=True)
    for one in pictures:
        Image.fromarray(one.panels()).save(folder / f"{one.name}.jpg", quality=88)
    snapshot = read_snapshot(retrained.data)
    taught = _copied_previews(retrained.data, snapshot, folder) if snapshot else []
    decision = retrained.decision
    title = f"The loop, round {number}: {decision.words.partition(':')[0]}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        _what(),
        _verdict(decision),
        _test(decision, pictures),
        _crowd(agreement),
        _taught(taught),
        _training(retrained),
    ]
    draft = path.with_suffix(".partial")
    draft.write_text(document(title, sections), encoding="utf-8")
    draft.replace(path)


def _what() -> str:
    return (
        '<p class="quiet">Synthetic sections of a laboratory that stains about twice as strongly '
        "as those that the model has learnt from. It segmented some of them; three made-up "
        "annotators corrected it; their consensus became a training snapshot; the model was "
        "trained on; the gate compared both versions on slides of other patients, whose exact "
        "truth is locked. That the way through works is shown here, not how good the model is on "
        f"real tissue. HistoLoop {__version__}.</p>"
    )


def _verdict(decision: Decision) -> str:
    notes = "".join(f'<p class="warning">{escape(one)}</p>' for one in decision.notes)
    active = decision.challenger if decision.promoted else decision.active
    said = (
        f"{active} is active; `histoloop models rollback` goes back. Not worse means here: no "
        f"class loses more than {decision.margin:g} Dice, as far as the locked patients can tell."
    )
    return (
        f"<h2>The gate</h2><p><strong>{escape(decision.words)}</strong></p>{notes}"
        f'<p class="quiet">{escape(said)}</p>'
    )


def _test(decision: Decision, pictures: Sequence[Picture]) -> str:
    head = ["slide", "class", f"Dice {decision.active}", f"Dice {decision.challenger}"]
    rows = [
        [slide.slide, one.name, figure(slide.dice.active), figure(slide.dice.challenger)]
        for one in decision.classes
        for slide in one.slides
    ]
    for one in decision.classes:
        if one.mean:
            means = [figure(one.mean.active), figure(one.mean.challenger)]
            rows.append(["mean of slides", one.name, *means])
        rows.append(
            ["all as one", one.name, figure(one.pooled.active), figure(one.pooled.challenger)]
        )
    shown = "".join(
        _picture(f"{one.name}.jpg", f"{one.name}: truth, before, after") for one in pictures
    )
    return f"<h2>The locked test, before and after</h2>{table(head, rows)}{shown}"


def _crowd(agreement: Agreement) -> str:
    rows = [
        [one.annotator.name, str(one.annotator.role), figure(one.mean_dice), figure(one.kappa)]
        for one in agreement.annotators
    ]
    head = ["annotator", "role", "mean Dice", "Cohen's κ"]
    note = (
        f"Each against the consensus of the others, {count(len(agreement.rois), 'ROI')}. "
        f"Fleiss' κ of all {figure(agreement.total.unison.kappa)}."
    )
    more = '<p><a href="agreement/index.html">Who agrees with whom, and where not</a></p>'
    return f'<h2>The annotators</h2>{table(head, rows)}<p class="quiet">{escape(note)}</p>{more}'


def _taught(taught: Sequence[tuple[str, str]]) -> str:
    shown = "".join(_picture(file, said) for file, said in taught)
    note = "Picture and consensus; stripes: the annotators differ; pale: ignored."
    return f'<h2>What the trainer saw</h2><p class="quiet">{note}</p>{shown}'


def _training(retrained: Retrained) -> str:
    card = retrained.candidate.card
    plan = card.training["plan"]
    rows = [
        ["model", card.reference],
        ["goes on from", card.parent or "nothing"],
        ["snapshot", str(card.training["snapshot"])],
        ["patients trained on", ", ".join(card.training["patients"]["train"])],
        ["epochs", f"{card.training['epochs']} of {plan['steps']} steps"],
        ["seconds", f"{card.training['seconds']:.0f}"],
    ]
    return f"<h2>The training</h2>{table(['what', 'is'], rows)}"


def _copied_previews(data: Path, snapshot: Snapshot, folder: Path) -> list[tuple[str, str]]:
    """Beside the other pictures, so that the page can be sent with its folder."""
    found = []
    for roi in snapshot.rois:
        name = f"taught-{roi.name}.png"
        shutil.copyfile(data / preview_of(roi), folder / name)
        share = roi.corrected / (roi.size[0] * roi.size[1])
        found.append((name, f"{roi.name}: {share:.0%} of the pixels correct the model"))
    return found


def _picture(file: str, said: str) -> str:
    return picture(f"pictures/{file}", said, said)


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = max(image.shape[:2])
    size = (image.shape[1] * _SIDE // side, image.shape[0] * _SIDE // side)
    return np.asarray(Image.fromarray(image).resize(size))
