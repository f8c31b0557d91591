"""Annotations → training snapshot: where they come from, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from histoloop.annotations.annotators import Roster, read_roster
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.config import Settings
from histoloop.errors import UsageError
from histoloop.jobs.archive import dsa_site
from histoloop.slides.dsa.store import DsaSlideStore
from histoloop.training.snapshot_build import Built, build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_consensus import ConsensusPlan
from histoloop.training.snapshot_plan import Request, Say
from histoloop.training.snapshot_rois import read_roi_bounds
from histoloop.training.snapshot_sources import Source, StoredDocuments, folder_source
from histoloop.training.snapshot_split import SplitPlan, read_cases


@dataclass(frozen=True)
class DatasetParameters:
    """What a user asks for; see `Request` for what is not said here.

    Attributes:
        source: a folder of slides with documents beside them, or the address of a DSA. To what
            lies beside those of the service's own folder, what was drawn in its viewer is added.
        folder: of the DSA, or a collection; everything that may be seen without.
        classes: ``name=code,…;…``; each class of the table on its own without.
        consensus, sure, annotators: see `ConsensusPlan`.
    """

    source: str
    gtcodes: Path
    out: Path
    folder: str | None = None
    classes: str | None = None
    consensus: str = "newest"
    sure: float = 0.0
    annotators: Path | None = None
    split: SplitPlan = field(default_factory=SplitPlan)
    mpp: float | None = None
    slide_mpp: float | None = None
    patients: Path | None = None
    roi_bounds: Path | None = None


def build_dataset(parameters: DatasetParameters, settings: Settings, say: Say) -> Built:
    """Make the snapshot that a user asks for.

    Raises:
        HistoloopError: see `build_snapshot`; or a table or the DSA cannot be read.
    """
    p = parameters
    request = request_of(p, read_gtcodes(p.gtcodes), p.split)
    return build_snapshot(source_of(p, settings), request, p.out.absolute(), say)


def request_of(parameters: DatasetParameters, codes: GTCodes, split: SplitPlan) -> Request:
    """What is to be planned, tables read.

    Raises:
        HistoloopError: one of them cannot be read, or an option makes no sense.
    """
    p = parameters
    return Request(
        codes=codes,
        classes=classes_of(codes, p.classes),
        consensus=ConsensusPlan(
            p.consensus, read_roster(p.annotators) if p.annotators else Roster(), p.sure
        ),
        split=split,
        mpp=p.mpp,
        slide_mpp=p.slide_mpp,
        cases=read_cases(p.patients) if p.patients else {},
        bounds=read_roi_bounds(p.roi_bounds) if p.roi_bounds else None,
    )


def source_of(parameters: DatasetParameters, settings: Settings) -> Source:
    """The folder, or the DSA.

    Raises:
        HistoloopError: it is not there, or not for this user.
    """
    p = parameters
    if not p.source.startswith(("http://", "https://")):
        if p.folder:
            raise UsageError("--folder names a folder of a DSA", hint="name the folder as --source")
        return folder_source(Path(p.source), _drawn_on(Path(p.source), settings))
    site = dsa_site(settings, url=p.source)
    name = f"{site.url} {p.folder or ''}".strip()
    return Source(name, DsaSlideStore(site, p.folder), StoredDocuments(DsaAnnotationStore(site)))


def _drawn_on(folder: Path, settings: Settings) -> LocalAnnotationStore | None:
    """What people drew in the viewer, if it is this folder's: ids say nothing of another one."""
    if settings.slides is None or folder.resolve() != settings.slides.resolve():
        return None
    return LocalAnnotationStore(settings.annotations)
