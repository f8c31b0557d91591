"""`/api/datasets`: the training snapshots of the home, and what a trainer sees of each ROI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask import Response, send_file
from pydantic import BaseModel, Field

from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.config import Settings
from histoloop.errors import NotFoundError
from histoloop.jobs.snapshots import Kept, shelf
from histoloop.service.identity import visit
from histoloop.service.schema import PNG, answers, resource
from histoloop.training.augmentation import IGNORED
from histoloop.training.samples import SPLITS
from histoloop.training.snapshot import Snapshot, SnapshotRoi, preview_of

datasets = resource("datasets", tag="datasets")

_FOR_GOOD = "private, max-age=31536000, immutable"
"""A digest never means anything else."""


class ByDigest(BaseModel):
    """A snapshot."""

    digest: str = Field(description="of its manifest")


class Preview(ByDigest):
    """A picture of a snapshot."""

    name: str = Field(description="of the ROI")


@datasets.get("/datasets", responses=answers("all snapshots"))
def list_datasets() -> dict[str, Any]:
    """The snapshots of the home, newest first, and why folders that look like one are none."""
    found = shelf(_settings())
    return {
        "datasets": [_summary(one) for one in found.kept],
        "broken": [{"detail": one.message, "hint": one.hint} for one in found.broken],
    }


@datasets.get("/datasets/<digest>", responses=answers("a snapshot"))
def show_dataset(path: ByDigest) -> dict[str, Any]:
    """A snapshot with its ROIs; areas are numbers of mask pixels."""
    kept = shelf(_settings()).get(path.digest)
    snapshot = kept.snapshot
    slides = {one.id: one for one in snapshot.slides}
    return _summary(kept) | {
        "rois": [
            {
                "name": roi.name,
                "split": roi.split,
                "slide": slides[roi.slide].model_dump(include={"id", "name", "fingerprint"}),
                "patient": slides[roi.slide].patient,
                "box": roi.box,
                "mpp": {"x": roi.mpp[0], "y": roi.mpp[1]},
                "size": roi.size,
                "consensus": roi.consensus,
                "annotators": _names([one.annotator for one in roi.raters]),
                "pixels": _pixels(snapshot, roi),
                "corrected": roi.corrected,
                "preview": f"/api/datasets/{snapshot.digest}/previews/{quote(roi.name)}",
            }
            for roi in snapshot.rois
        ],
        "settings": snapshot.settings,
        "software": snapshot.software,
        "complaints": snapshot.complaints,
    }


@datasets.get("/datasets/<digest>/previews/<name>", responses=PNG)
def dataset_preview(path: Preview) -> Response:
    """A PNG: an ROI's picture, and beside it what is taught of it.

    What people drew is tinted in its class's colour; where nobody drew, dots have the background's;
    what is ignored is pale; stripes run over what annotators disagree about.
    """
    kept = shelf(_settings()).get(path.digest)
    roi = next((one for one in kept.snapshot.rois if one.name == path.name), None)
    file = kept.folder / preview_of(roi) if roi else None
    if file is None or not file.is_file():
        raise NotFoundError(
            f"data set {path.digest}: has no picture of {path.name!r}",
            hint="build it again, elsewhere: the same inputs give the same data set",
        )
    response = send_file(file.absolute(), mimetype="image/png")
    response.headers["Cache-Control"] = _FOR_GOOD
    return response


def _settings() -> Settings:
    """Those of the library, for who may look."""
    here = visit()
    here.visitor.refuse_datasets()
    return here.library.settings


def _summary(kept: Kept) -> dict[str, Any]:
    snapshot = kept.snapshot
    splits = Counter(roi.split for roi in snapshot.rois)
    return {
        "digest": snapshot.digest,
        "name": kept.name,
        "made": kept.made.isoformat(timespec="seconds"),
        "regions": {split: splits[split] for split in SPLITS},
        "slides": len(snapshot.slides),
        "patients": len({one.patient for one in snapshot.slides}),
        "classes": [one.model_dump(include={"name", "color"}) for one in snapshot.classes],
        "background": _background(snapshot),
        "consensus": snapshot.settings["consensus"]["method"],
        "split": snapshot.settings["split"]["by"],
        "annotators": _names(snapshot.annotators),
    }


def _names(annotators: Iterable[str]) -> list[str]:
    """As people call them, where an archive knows them by ids."""
    return list(visit().names_of(annotators).values())


def _background(snapshot: Snapshot) -> str | None:
    """The class that is taught where nobody drew; `None` where that is none of the classes."""
    codes = {int(row["code"]) for row in snapshot.gtcodes if row.get("is_background")}
    return next((one.name for one in snapshot.classes if codes & set(one.codes)), None)


def _pixels(snapshot: Snapshot, roi: SnapshotRoi) -> dict[str, Any]:
    """By class, of none of them, and ignored."""
    counts = {int(code): count for code, count in roi.pixels.items()}
    ignored = sum(counts.pop(code, 0) for code in (OUTSIDE, IGNORED))
    named = {one.name: sum(counts.pop(code, 0) for code in one.codes) for one in snapshot.classes}
    return {"classes": named, "none": sum(counts.values()), "ignored": ignored}
