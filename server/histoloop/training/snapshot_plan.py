"""What a snapshot will hold, decided before a pixel is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from histoloop import __version__
from histoloop.annotations.gtcodes import OUTSIDE, GTCodes
from histoloop.annotations.mask_files import complaints
from histoloop.annotations.roi_mask import Area, level_box, read_drawing
from histoloop.errors import DatasetError
from histoloop.geometry import Box, Mpp, MppSource, Scale
from histoloop.slides.slide import Slide, SlideEntry, known_mpp
from histoloop.training.snapshot import (
    SnapshotAnnotation,
    SnapshotClass,
    SnapshotSlide,
    Split,
    digest_of_json,
)
from histoloop.training.snapshot_consensus import ConsensusPlan
from histoloop.training.snapshot_corrections import Predicted, predicted_in
from histoloop.training.snapshot_raters import Rater, raters_of
from histoloop.training.snapshot_rois import RoiBounds, choose_rois
from histoloop.training.snapshot_sources import Source
from histoloop.training.snapshot_split import (
    Case,
    SplitBy,
    SplitPlan,
    case_of,
    split_cases,
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        mpp: scale of the pictures and masks, µm/px; `None` for each slide's own base pixels.
        slide_mpp: µm per base pixel, overrules what slides say of themselves.
        cases: whose slides they are, where their names do not say it.
        bounds: the only ROIs that are wanted; `None` for all.
    """

    codes: GTCodes
    classes: tuple[SnapshotClass, ...]
    consensus: ConsensusPlan = field(default_factory=ConsensusPlan)
    split: SplitPlan = field(default_factory=SplitPlan)
    mpp: float | None = None
    slide_mpp: float | None = None
    cases: Mapping[str, Case] = field(default_factory=dict)
    bounds: RoiBounds | None = None


@dataclass(frozen=True)
class PlannedRoi:
    """An ROI that will be a sample.

    Attributes:
        areas: what is painted over it, in the order that the consensus gave.
        raters: who has labelled in it; consensus: the method that makes its mask.
        predicted: what models have drawn on it.
        box: level box of the picture; scale: base pixels per picture pixel.
        mpp: of the picture.
    """

    name: str
    slide: SnapshotSlide
    case: Case
    roi: Area
    areas: tuple[Area, ...]
    raters: tuple[Rater, ...]
    consensus: str
    annotations: tuple[SnapshotAnnotation, ...]
    predicted: Predicted
    outlined_by: str
    box: Box
    scale: Scale
    mpp: Mpp


@dataclass(frozen=True)
class SnapshotPlan:
    """All ROIs with their splits, and the digest of everything that decides the outcome."""

    rois: tuple[PlannedRoi, ...]
    splits: tuple[Split, ...]
    settings: dict[str, Any]
    complaints: tuple[str, ...]
    inputs: str


def plan_snapshot(source: Source, request: Request, say: Say) -> SnapshotPlan:
    """Read all documents, choose the ROIs, and split them.

    Raises:
        DatasetError: there is no ROI, or the split leaks.
        MissingScaleError: a slide does not say its scale.
    """
    rois: list[PlannedRoi] = []
    odd: list[str] = []
    bare = 0
    for entry in source.slides.list():
        found, said = _plan_slide(source, entry, request)
        rois += found
        odd += [f"{entry.name}: {line}" for line in said]
        bare += not found and not said
        if found:
            say(f"{entry.name}: {len(found)} ROI(s)")
    if bare:
        say(f"{bare} slides without annotations")
    if not rois:
        groups = ", ".join(row.group for row in request.codes if row.is_roi)
        raise DatasetError(
            f"{source.name}: no slide has an ROI" + "".join(f"; {line}" for line in odd[:3]),
            hint=f"outline what was annotated as {groups}; documents of a file lie beside it",
        )
    rois = _renamed(sorted(rois, key=lambda one: (one.name, one.slide.id)))
    splits = split_cases([one.case for one in rois], request.split)
    _refuse_twins(rois, splits)
    settings = _settings(source, request)
    inputs = _inputs(rois, splits, settings, request)
    return SnapshotPlan(tuple(rois), tuple(splits), settings, tuple(odd), inputs)


def _plan_slide(
    source: Source, entry: SlideEntry, request: Request
) -> tuple[list[PlannedRoi], list[str]]:
    wanted = request.bounds.of(entry.name) if request.bounds else None
    if wanted == ():
        return [], []
    drawn = list(source.documents.of_slide(entry.id))
    contents, stamps = [one.content for one in drawn], [one.stamp for one in drawn]
    drawing = read_drawing(contents, request.codes, unknown=OUTSIDE)
    said = list(complaints(drawing, contents))
    if not drawing.rois:
        return [], said
    slide = source.slides.open(entry.id)
    layers = list(source.documents.predicted(entry.id))
    rois, odd = choose_rois(drawing.rois, stamps, Box.of(slide.size), wanted)
    record, case = _record(slide, request)
    planned = []
    waiting = 0
    for roi in rois:
        touching = [area for area in drawing.areas if not area.box.intersect(roi.box).empty]
        if stamps[roi.document].asks and not touching:
            waiting += 1
            continue
        raters = raters_of(roi, drawing, stamps, request.consensus.roster)
        method = request.consensus.method_for(len(raters))
        if method != request.consensus.method:
            odd.append(
                f"ROI at {roi.box.x},{roi.box.y}: labelled by {len(raters)}, too few for "
                f"{request.consensus.method}: {method} instead"
            )
        involved = sorted({roi.document, *(area.document for area in touching)})
        planned.append(
            PlannedRoi(
                name=_name(entry.name, roi),
                slide=record,
                case=case,
                roi=roi,
                areas=tuple(request.consensus.ordered(touching, stamps)),
                raters=raters,
                consensus=method,
                annotations=tuple(stamps[number] for number in involved),
                predicted=predicted_in(roi, layers, request.codes),
                outlined_by=stamps[roi.document].id,
                **_frame(slide, roi, record, request),
            )
        )
    if waiting:
        odd.append(f"{waiting} ROI(s) of the review queue wait to be labelled: left out")
    return planned, said + odd


def _record(slide: Slide, request: Request) -> tuple[SnapshotSlide, Case]:
    said = request.slide_mpp
    mpp = Mpp.square(said, MppSource.USER) if said else known_mpp(slide)
    case = case_of(slide.name, request.cases)
    record = SnapshotSlide(
        id=slide.id,
        name=slide.name,
        fingerprint=slide.fingerprint,
        patient=case.patient,
        site=case.site,
        mpp=(mpp.x, mpp.y),
    )
    return record, case


def _frame(slide: Slide, roi: Area, record: SnapshotSlide, request: Request) -> dict[str, Any]:
    base = Mpp(*record.mpp)
    mpp = Mpp.square(request.mpp) if request.mpp else base
    scale = Scale.between(base, mpp)
    return {"box": level_box(roi, scale, Box.of(slide.size)), "scale": scale, "mpp": mpp}


def _name(slide: str, roi: Area) -> str:
    stem = re.sub(r"[^\w.-]", "_", Path(slide).stem)
    return f"{stem}_left-{roi.box.x}_top-{roi.box.y}"


def _renamed(rois: Sequence[PlannedRoi]) -> list[PlannedRoi]:
    """Slides may share a name: their id then tells their pictures apart."""
    names = [one.name for one in rois]
    return [
        replace(one, name=f"{one.name}_{one.slide.id}") if names.count(one.name) > 1 else one
        for one in rois
    ]


def _refuse_twins(rois: Sequence[PlannedRoi], splits: Sequence[Split]) -> None:
    """The same content under two names is one slide, whoever it is said to be of."""
    seen: dict[str, tuple[Split, SnapshotSlide]] = {}
    for one, split in zip(rois, splits, strict=True):
        other, twin = seen.setdefault(one.slide.fingerprint, (split, one.slide))
        if other != split:
            raise DatasetError(
                f"{twin.name} of patient {twin.patient}, in {other}, and {one.slide.name} of "
                f"patient {one.slide.patient}, in {split}, are the same slide",
                hint="remove one of them, or say in a table that they are of one patient",
            )


def _settings(source: Source, request: Request) -> dict[str, Any]:
    split = request.split
    return {
        "source": source.name,
        "consensus": request.consensus.settings(),
        "split": {
            "by": str(split.by),
            "valid": split.valid,
            "test": split.test,
            "test_sites": list(split.test_sites) if split.by is SplitBy.SITE else [],
            "seed": split.seed,
        },
        "mpp": request.mpp,
    }


def _inputs(
    rois: Sequence[PlannedRoi],
    splits: Sequence[Split],
    settings: Mapping[str, Any],
    request: Request,
) -> str:
    return digest_of_json(
        {
            "software": __version__,
            "settings": settings,
            "gtcodes": [vars(row) for row in request.codes],
            "classes": [one.model_dump() for one in request.classes],
            "rois": [
                {
                    "name": one.name,
                    "split": split,
                    "slide": one.slide.model_dump(),
                    "box": one.box,
                    "roi": (one.outlined_by, one.roi.index),
                    "annotations": [stamp.model_dump() for stamp in one.annotations],
                    "consensus": one.consensus,
                    "predicted": one.predicted.digests,
                    "raters": [vars(rater.annotator) for rater in one.raters],
                }
                for one, split in zip(rois, splits, strict=True)
            ],
        }
    )
