"""Plan → snapshot folder: whole or not at all, and never over another one."""

from __future__ import annotations

import csv
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop import __version__
from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.annotations.mask_files import LARGEST_MASK
from histoloop.annotations.roi_mask import paint
from histoloop.errors import DatasetError, OutputError
from histoloop.geometry import Box, Size
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, Slide
from histoloop.training.samples import SPLITS
from histoloop.training.snapshot import (
    MANIFEST,
    Snapshot,
    SnapshotRater,
    SnapshotRoi,
    Split,
    corrections_of,
    digest_of_file,
    image_of,
    mask_of,
    read_snapshot,
    verify,
)
from histoloop.training.snapshot_corrections import write_corrections
from histoloop.training.snapshot_plan import PlannedRoi, Request, Say, SnapshotPlan, plan_snapshot
from histoloop.training.snapshot_preview import write_preview
from histoloop.training.snapshot_raters import write_raters
from histoloop.training.snapshot_sources import Source

_BAND = 1024
"""Rows of a picture that are read at a time; a multiple of the tiles that slides have."""


@dataclass(frozen=True)
class Built:
    """A snapshot, and whether it was there already."""

    snapshot: Snapshot
    unchanged: bool

    def __str__(self) -> str:
        rois = self.snapshot.rois
        counts = Counter(roi.split for roi in rois)
        splits = ", ".join(f"{counts[split]} {split}" for split in SPLITS)
        verb = "is there already, unchanged" if self.unchanged else "built"
        return f"snapshot {self.snapshot.digest} {verb}: {len(rois)} ROIs ({splits})"


def build_snapshot(source: Source, request: Request, out: Path, say: Say) -> Built:
    """Make a snapshot, or find that the very same one is there.

    Raises:
        DatasetError: there is nothing to make it of, or it would leak.
        OutputError: something else stands in its place, or it cannot be written.
        SlideError: a slide cannot be read.
    """
    _refuse_other(out)
    plan = plan_snapshot(source, request, say)
    if there := _already_there(out, plan):
        return Built(there, unchanged=True)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        for split in SPLITS:
            (draft / split / "images").mkdir(parents=True)
            (draft / split / "masks").mkdir()
        snapshot = _fill(draft, source, request, plan, say)
        draft.replace(out)
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror or error})",
            hint="check the folder, its permissions and the space left on the disk",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Built(snapshot, unchanged=False)


def _refuse_other(out: Path) -> None:
    """Before anything is read from afar."""
    occupied = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if occupied and not (out / MANIFEST).is_file():
        raise OutputError(f"{out}: is there and is no snapshot", hint="choose another --out")


def _already_there(out: Path, plan: SnapshotPlan) -> Snapshot | None:
    there = read_snapshot(out)
    if there is None:
        return None
    if there.inputs != plan.inputs:
        raise OutputError(
            f"{out}: holds another snapshot ({there.digest})",
            hint="snapshots are never changed: choose another --out",
        )
    verify(out, there)
    return there


def _fill(draft: Path, source: Source, request: Request, plan: SnapshotPlan, say: Say) -> Snapshot:
    rois = list(_write_rois(draft, source, request, plan, say))
    slides = {one.slide.id: one.slide for one in plan.rois}
    snapshot = Snapshot(
        inputs=plan.inputs,
        software=f"HistoLoop {__version__}",
        settings=plan.settings,
        gtcodes=tuple(vars(row) for row in request.codes),
        classes=request.classes,
        slides=tuple(slides[id] for id in sorted(slides)),
        annotators=tuple(sorted({one.annotator for roi in rois for one in roi.annotations})),
        rois=tuple(rois),
        complaints=plan.complaints,
    ).sealed()
    with (draft / "patients.csv").open("w", newline="") as file:
        rows = [(one.name, one.case.patient) for one in plan.rois]
        csv.writer(file).writerows([("name", "patient"), *rows])
    (draft / MANIFEST).write_bytes(snapshot.to_json())
    for path in draft.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o444)
    return snapshot


def _write_rois(
    draft: Path, source: Source, request: Request, plan: SnapshotPlan, say: Say
) -> Iterator[SnapshotRoi]:
    """Slide by slide, so that each is opened once; the order of the plan is that of names."""
    opened: tuple[str, Slide] | None = None
    for number, (one, split) in enumerate(zip(plan.rois, plan.splits, strict=True), start=1):
        if opened is None or opened[0] != one.slide.id:
            opened = one.slide.id, source.slides.open(one.slide.id)
        slide = opened[1]
        if slide.fingerprint != one.slide.fingerprint:
            raise DatasetError(
                f"{slide.name}: was replaced while the snapshot was built", hint="start again"
            )
        say(f"[{number}/{len(plan.rois)}] {one.name} → {split}")
        yield _write_roi(draft, slide, one, split, request)


def _write_roi(
    draft: Path, slide: Slide, one: PlannedRoi, split: Split, request: Request
) -> SnapshotRoi:
    if one.box.area > LARGEST_MASK:
        raise DatasetError(f"{one.name}: the ROI is too large", hint="give a coarser --mpp")
    mask, raters = _mask(draft / split / "raters" / one.name, one, request)
    codes, counts = np.unique(mask, return_counts=True)
    record = SnapshotRoi(
        name=one.name,
        split=split,
        slide=one.slide.id,
        roi=(one.outlined_by, one.roi.index),
        box=one.roi.box,
        mpp=(one.mpp.x, one.mpp.y),
        size=(one.box.width, one.box.height),
        annotations=one.annotations,
        consensus=one.consensus,
        raters=raters,
        image_digest="",
        mask_digest="",
        pixels=dict(zip(map(str, codes.tolist()), counts.tolist(), strict=True)),
    )
    image_path, mask_path = draft / image_of(record), draft / mask_of(record)
    size = Size(one.box.width, one.box.height)
    write_pyramid(image_path, size, one.mpp, _picture(slide, one), lossless=True)
    Image.fromarray(mask).save(mask_path, format="PNG")
    corrections = write_corrections(
        draft / corrections_of(record),
        one.predicted,
        mask,
        lambda areas: paint(one.roi, areas, request.codes.background, one.box, one.scale),
    )
    write_preview(draft, request.classes, record, _undrawn(one))
    return record.model_copy(
        update={
            "image_digest": digest_of_file(image_path),
            "mask_digest": digest_of_file(mask_path),
            **corrections,
        }
    )


def _undrawn(one: PlannedRoi) -> NDArray[np.bool_]:
    """Where in an ROI nobody has drawn anything: what is taught there is the rule's."""
    drawn = [replace(area, code=OUTSIDE) for area in one.areas]
    return np.asarray(paint(one.roi, drawn, 1, one.box, one.scale) == 1)


def _mask(
    folder: Path, one: PlannedRoi, request: Request
) -> tuple[NDArray[np.uint8], tuple[SnapshotRater, ...]]:
    """What is true of an ROI, and what each annotator said of it, which is written."""
    plan, background = request.consensus, request.codes.background
    own = (rater.mask(one.roi, background, one.box, one.scale) for rater in one.raters)
    voted = plan.voted and one.consensus == plan.method
    masks: list[tuple[str, NDArray[np.uint8]]] = []
    records = []
    for mask, record in write_raters(folder, one.raters, own):
        records.append(record)
        masks += [(record.annotator, mask)] if voted else []
    if not voted:
        return paint(one.roi, one.areas, background, one.box, one.scale), tuple(records)
    mask, quality = plan.vote(masks, [record.weight for record in records])
    judged = [
        record.model_copy(
            update={"accuracy": _known(did.accuracy), "balanced": _known(did.balanced)}
        )
        for record, did in zip(records, quality, strict=True)
    ]
    return mask, tuple(judged)


def _known(figure: float) -> float | None:
    return None if np.isnan(figure) else figure


def _picture(slide: Slide, one: PlannedRoi) -> Iterator[Pixels]:
    """Bands from top to bottom: of a whole slide never more than one of them is held."""
    for band in _bands(one.box):
        yield read(slide, band, one.scale)


def _bands(box: Box) -> Sequence[Box]:
    tops = range(box.y, box.bottom, _BAND)
    return [Box(box.x, top, box.width, _BAND).intersect(box) for top in tops]
