"""A small training snapshot of two patients, on one of whom three annotators differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle, write_case

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.config import Settings, settings
from histoloop.geometry import Box
from histoloop.jobs import agreement_report
from histoloop.jobs.agreement import agree
from histoloop.jobs.dataset import DatasetParameters
from histoloop.training.snapshot import Snapshot
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_classes import classes_of
from histoloop.training.snapshot_consensus import ConsensusPlan
from histoloop.training.snapshot_plan import Request
from histoloop.training.snapshot_sources import folder_source
from histoloop.training.snapshot_split import Case, SplitPlan

FIRST, SECOND = "TCGA-A2-A0D1-01Z-00-DX1", "TCGA-A2-A0D2-01Z-00-DX1"
ALONE = Box(150, 60, 40, 40)
"""What one of three takes for tumour."""


def write_annotated(slides: Path) -> None:
    """Two slides: of the first three people have labelled the ROI, of the second one has."""
    said = {
        "anna": [],
        "bert": [rectangle(Box(90, 130, 60, 40), "mostly_stroma")],
        "carl": [rectangle(ALONE, "mostly_tumor")],
    }
    tumor = rectangle(TUMOR, "mostly_tumor")
    crowd = [document(rectangle(ROI, "roi"), tumor, *more, who=who) for who, more in said.items()]
    write_case(slides, FIRST, crowd, seed=1)
    write_case(slides, SECOND, [document(rectangle(ROI, "roi"), rectangle(TUMOR, "exclude"))], 2)


def annotated_settings(folder: Path, **more: Any) -> Settings:
    """Of a service over the slides of `write_annotated`, written here, that can learn from them."""
    write_annotated(folder / "slides")
    (folder / "codes.csv").write_text(GTCODES)
    return settings(
        home=folder / "home",
        slides=folder / "slides",
        retrain_gtcodes=folder / "codes.csv",
        retrain_classes="tumor=1;stroma=2",
        **more,
    )


def write_snapshot(slides: Path, out: Path) -> Snapshot:
    """Of the slides of `write_annotated`; the first is trained on, the second tests."""
    table = out.with_suffix(".csv")
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(GTCODES)
    codes = read_gtcodes(table)
    request = Request(
        codes,
        classes_of(codes, "tumor=1;stroma=2"),
        consensus=ConsensusPlan("majority"),
        split=SplitPlan(valid=0, test=0),
        cases={FIRST: Case("one", split="train"), SECOND: Case("two", split="test")},
    )
    return build_snapshot(folder_source(slides), request, out, lambda _: None).snapshot


def write_agreement(slides: Path, home: Path) -> None:
    """Of the slides of `write_annotated`, where the service looks."""
    table = home / "codes.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(GTCODES)
    asked = DatasetParameters(
        source=str(slides),
        gtcodes=table,
        out=home / "agreement" / "pilot",
        classes="tumor=1;stroma=2",
        consensus="majority",
    )
    said = settings(home=home)
    agreement_report.write(agree(asked, said, lambda _: None), said, asked.out)
