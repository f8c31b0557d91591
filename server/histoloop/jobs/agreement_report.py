"""An agreement as files: report.json, two tables, index.html, a picture and a layer per ROI."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image

from histoloop import __version__
from histoloop.annotations import agreement as figures
from histoloop.annotations.agreement import Counts, Tally
from histoloop.annotations.annotation import Annotation, Outline
from histoloop.annotations.dsa import Document, to_document
from histoloop.annotations.files import write_documents
from histoloop.annotations.runs import SOFTWARE
from histoloop.config import Settings
from histoloop.errors import OutputError
from histoloop.jobs import agreement_page
from histoloop.jobs.agreement import Agreement, RoiAgreement
from histoloop.jobs.dataset import source_of
from histoloop.jobs.disagreement_picture import heat
from histoloop.jobs.pages import defined
from histoloop.masks.labels import LabelClass
from histoloop.masks.vectorise import vectorise
from histoloop.training.snapshot import digest_of_json

DISPUTED = LabelClass("disagreement", 1, "#e4007c")

STRONG = 1 / 3
"""Share of the annotators who are of another view, from which a place becomes an outline."""

_SPECK = 16
"""Pixels of an ROI below which a disagreement is an outline's width, not a place."""


def write(agreement: Agreement, settings: Settings, out: Path) -> None:
    """Write everything; pictures and layers of an earlier report are replaced.

    Raises:
        OutputError: the folder cannot be written.
        SlideError: a slide cannot be read.
    """
    try:
        for part in ("rois", "disagreement"):
            (out / part).mkdir(parents=True, exist_ok=True)
            for old in (out / part).iterdir():
                old.unlink()
        (out / "report.json").write_text(json.dumps(content(agreement), indent=1) + "\n")
        _table(out / "pairs.csv", _pair_rows(agreement))
        _table(out / "annotators.csv", _annotator_rows(agreement))
        _pictures(agreement, settings, out / "rois")
        _layers(agreement, out / "disagreement")
        (out / "index.html").write_text(agreement_page.page(agreement), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error


def content(agreement: Agreement) -> dict[str, Any]:
    """report.json: figures at full precision, `null` for what is not defined."""
    p = agreement.parameters
    names = [one.name for one in agreement.classes]
    found = {
        "software": f"HistoLoop {__version__}",
        "against": p.consensus,
        "classes": [{"name": one.name, "codes": list(one.codes)} for one in agreement.classes],
        "rois": [_roi(one, names) for one in agreement.rois],
        "alone": agreement.alone,
        "together": _all(agreement.total, names),
        "pairs": [
            {"one": one, "other": other} | _figures(counts, names)
            for (one, other), counts in agreement.total.pairs.items()
        ],
        "annotators": [
            {
                "name": one.annotator.name,
                "role": str(one.annotator.role),
                "weight": one.annotator.weight,
                "rois": one.rois,
                "mean_dice": one.mean_dice,
            }
            | _figures(agreement.total.against[one.annotator.name], names)
            for one in agreement.annotators
        ],
        "ceiling": {
            name: {
                "dice": one.mean,
                "lowest": one.lowest,
                "highest": one.highest,
                "people": one.people,
            }
            for name, one in zip(names, agreement.ceilings, strict=True)
        },
        "complaints": list(agreement.complaints),
    }
    return dict(defined(found))


def _roi(roi: RoiAgreement, names: Sequence[str]) -> dict[str, Any]:
    return {
        "name": roi.planned.name,
        "slide": roi.planned.slide.name,
        "slide_id": roi.planned.slide.id,
        "box": list(roi.planned.roi.box),
        "annotators": [one.name for one in roi.raters],
        "disputed": roi.disputed,
    } | _all(roi.tally, names)


def _all(tally: Tally, names: Sequence[str]) -> dict[str, Any]:
    by_class = {name: one.kappa for name, one in zip(names, tally.by_class, strict=True)}
    return {"fleiss_kappa": tally.unison.kappa, "fleiss_kappa_by_class": by_class}


def _figures(counts: Counts, names: Sequence[str]) -> dict[str, Any]:
    return {
        "pixels": int(counts.sum()),
        "cohen_kappa": figures.cohen(counts),
        "accuracy": figures.accuracy(counts),
        "dice": {name: figures.dice(counts, index) for index, name in enumerate(names)},
    }


def _pair_rows(agreement: Agreement) -> Iterator[dict[str, Any]]:
    """A row per ROI, pair and class, and of all ROIs together."""
    names = [one.name for one in agreement.classes]
    tallies = [("all", agreement.total), *((roi.planned.name, roi.tally) for roi in agreement.rois)]
    for where, tally in tallies:
        for (one, other), counts in tally.pairs.items():
            yield from _class_rows({"roi": where, "one": one, "other": other}, counts, names)


def _annotator_rows(agreement: Agreement) -> Iterator[dict[str, Any]]:
    """A row per annotator and class, against the consensus of the others."""
    names = [one.name for one in agreement.classes]
    for one in agreement.annotators:
        who = one.annotator
        head = {"annotator": who.name, "role": str(who.role), "rois": one.rois}
        yield from _class_rows(head, agreement.total.against[who.name], names)


def _class_rows(
    head: Mapping[str, Any], counts: Counts, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    found = _figures(counts, names)
    for name, value in found["dice"].items():
        yield {
            **head,
            "class": name,
            "dice": value,
            "cohen_kappa": found["cohen_kappa"],
            "accuracy": found["accuracy"],
            "pixels": found["pixels"],
        }


def _table(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """An empty cell for what is not defined."""
    listed = [dict(defined(row)) for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, listed[0])
        writer.writeheader()
        writer.writerows(listed)


def _pictures(agreement: Agreement, settings: Settings, folder: Path) -> None:
    slides = source_of(agreement.parameters, settings).slides
    for roi in agreement.rois:
        shown = heat(slides.open(roi.planned.slide.id), roi.planned, roi.disagreement)
        Image.fromarray(shown).save(folder / agreement_page.picture_name(roi))


def _layers(agreement: Agreement, folder: Path) -> None:
    """A file per slide: documents that `annotations push` puts over it in an archive."""
    by_slide: dict[str, list[RoiAgreement]] = {}
    for roi in agreement.rois:
        by_slide.setdefault(roi.planned.slide.id, []).append(roi)
    stems = [Path(rois[0].planned.slide.name).stem for rois in by_slide.values()]
    for stem, (id, rois) in zip(stems, by_slide.items(), strict=True):
        name = stem if stems.count(stem) == 1 else f"{stem}_{id}"
        write_documents(folder / f"{name}.json", [layer(roi) for roi in rois])


def layer(roi: RoiAgreement) -> Document:
    """Where a third of the annotators or more are of another view, as a document of outlines.

    It comes from a run, so that no data set ever takes it for somebody's drawing.
    """
    one = roi.planned
    above = np.where(roi.disagreement >= STRONG - 1e-6, 1, -1).astype(np.int16)
    found = vectorise(lambda box: above[box.within(one.box)], [one.box], _SPECK)
    outlines = shapely.transform(
        np.array(found.polygons, object), lambda points: points * [one.scale.x, one.scale.y]
    )
    people = [who.name for who in roi.raters]
    run = digest_of_json({"roi": one.name, "documents": [d.digest for d in one.annotations]})
    return to_document(
        Annotation(
            name=f"disagreement ({one.name})",
            description=f"Where at least a third of {len(people)} annotators differ.",
            attributes={
                "software": f"{SOFTWARE} {__version__}",
                "run": f"agreement-{run}",
                "class": DISPUTED.name,
                "roi": one.name,
                "annotators": people,
            },
            outlines=tuple(Outline(polygon, DISPUTED) for polygon in outlines),
        )
    )
