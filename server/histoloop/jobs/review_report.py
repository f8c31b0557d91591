"""A queue as files: queue.json, index.html, a picture and the model's answer per region, ROIs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from histoloop import __version__
from histoloop.annotations.dsa import Document
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import write_documents
from histoloop.annotations.runs import QUEUE, SOFTWARE
from histoloop.config import Settings
from histoloop.errors import OutputError, UsageError
from histoloop.jobs import pages
from histoloop.jobs.archive import dsa_site
from histoloop.jobs.pages import figure
from histoloop.jobs.review import Entry, Queue, ReviewParameters
from histoloop.jobs.review_answer import elements, rectangle
from histoloop.slides.slide import Pixels
from histoloop.training.snapshot import digest_of_json
from histoloop.training.worst_tiles import outlined, side_by_side

QUEUE_FILE = "queue.json"


def write(queue: Queue, out: Path) -> None:
    """Write everything; pictures, answers and rectangles of an earlier queue are replaced.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        for part in ("pictures", "rois", "answers"):
            (out / part).mkdir(parents=True, exist_ok=True)
            for old in (out / part).iterdir():
                old.unlink()
        for number, entry in enumerate(queue.entries, start=1):
            Image.fromarray(picture(queue, entry)).save(out / "pictures" / f"{number:03d}.png")
            answer = {"elements": elements(queue, entry, number)}
            (out / "answers" / f"{number:03d}.json").write_text(json.dumps(answer) + "\n")
        (out / QUEUE_FILE).write_text(json.dumps(content(queue), indent=1) + "\n")
        names = _stems(queue)
        for slide, document in documents(queue).items():
            write_documents(out / "rois" / f"{names[slide]}.json", [document])
        (out / "index.html").write_text(page(queue), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error


def push(queue: Queue, settings: Settings) -> int:
    """Put the rectangles onto their slides in the DSA; pushed twice they are there once.

    Returns:
        How many documents.

    Raises:
        UsageError, HistoloopError: see `refuse_push`; the DSA refuses them.
    """
    refuse_push(queue.parameters)
    store = DsaAnnotationStore(dsa_site(settings, url=queue.parameters.source))
    found = documents(queue)
    for slide, document in found.items():
        store.replace_run(slide, document["attributes"]["run"], [document])
    return len(found)


def refuse_push(parameters: ReviewParameters) -> None:
    """Before anything is computed.

    Raises:
        UsageError: the slides lie in a folder.
    """
    if not parameters.source.startswith(("http://", "https://")):
        raise UsageError(
            "--push puts rectangles into a DSA, and --source names a folder",
            hint="put the documents of OUT/rois into STEM.json beside the slides",
        )


def content(queue: Queue) -> dict[str, Any]:
    """queue.json: boxes in base pixels, figures at full precision."""
    names = [*(one.name for one in queue.model.card.classes), "none"]
    return {
        "software": f"HistoLoop {__version__}",
        "model": queue.model.card.reference,
        "digest": queue.model.card.digest,
        "classes": [one.model_dump() for one in queue.model.card.classes],
        "turns": queue.parameters.tta,
        "regions": queue.regions,
        "complaints": list(queue.complaints),
        "queue": [
            {
                "slide": one.slide,
                "id": one.asked.region.slide,
                "box": list(one.asked.region.box),
                "area_mm2": one.predicted.size * queue.model.card.mpp**2 / 1e6,
                "score": one.asked.score,
                "uncertainty": one.asked.region.uncertainty,
                "disagreement": one.asked.region.disagreement,
                "rarity": one.asked.rarity,
                "novelty": one.asked.novelty,
                "expected": dict(zip(names, one.asked.region.shares.tolist(), strict=True)),
            }
            for one in queue.entries
        ],
    }


def documents(queue: Queue) -> Mapping[str, Document]:
    """By slide id, a document of ROI rectangles with their places in the queue.

    It comes from a run: no data set takes a rectangle for somebody's word, only for a place
    where somebody was asked for theirs.
    """
    roi = next(row for row in queue.codes if row.is_roi)
    rectangles: dict[str, list[Document]] = {}
    for number, one in enumerate(queue.entries, start=1):
        drawn = rectangle(one.asked.region.box, number, roi)
        rectangles.setdefault(one.asked.region.slide, []).append(drawn)
    card = queue.model.card
    return {
        slide: {
            "name": f"review queue ({card.reference})",
            "description": "Regions whose labels should teach the model most, in this order.",
            "attributes": {
                "software": f"{SOFTWARE} {__version__}",
                "run": QUEUE + digest_of_json({"model": card.digest, "elements": found}),
                "annotator": "review queue",
                "asked_by": card.reference,
            },
            "elements": found,
        }
        for slide, found in rectangles.items()
    }


def picture(queue: Queue, entry: Entry) -> Pixels:
    """The region, and what the model takes it for."""
    unknown = np.zeros(entry.predicted.shape, bool)
    shown = outlined(entry.image, entry.predicted, unknown, queue.model.card.labels)
    return side_by_side(entry.image, shown)


def page(queue: Queue) -> str:
    """The whole page; names in it are only ever text."""
    card = queue.model.card
    said = (
        f"{pages.count(len(queue.entries), 'region')} of {queue.regions}, by "
        f"{card.reference} under {queue.parameters.tta} turns. HistoLoop {__version__}."
    )
    head = ("", "slide", "x", "y", "uncertainty", "disagreement", "rarity", "novelty")
    rows = []
    figures = []
    for number, one in enumerate(queue.entries, start=1):
        region = one.asked.region
        bits = (region.uncertainty, region.disagreement, one.asked.rarity, one.asked.novelty)
        rows.append(
            (str(number), one.slide, str(region.box.x), str(region.box.y), *map(figure, bits))
        )
        caption = f"{number}: {one.slide}, {region.box.x}, {region.box.y}"
        alt = f"{one.slide}: the region, and what the model takes it for"
        figures.append(pages.picture(f"pictures/{number:03d}.png", alt, caption))
    return pages.document(
        "Review queue",
        [
            f'<h1>Review queue</h1><p class="quiet">{escape(said)}</p>',
            *(f'<p class="warning">{escape(one)}</p>' for one in queue.complaints),
            "<p>Uncertainty and disagreement of the turns in bits; rarity is 1 where classes are "
            "as frequent as everywhere; novelty is 0 for the twin of a region that came "
            "before.</p>",
            pages.table(head, rows),
            "<h2>The regions, and what the model takes them for</h2>",
            *figures,
        ],
    )


def _stems(queue: Queue) -> Mapping[str, str]:
    """A file name for each slide; slides may share a name."""
    named = {one.asked.region.slide: Path(one.slide).stem for one in queue.entries}
    stems = list(named.values())
    return {id: stem if stems.count(stem) == 1 else f"{stem}_{id}" for id, stem in named.items()}
