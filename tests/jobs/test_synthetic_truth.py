"""The bundled model on a synthetic slide whose truth is exact: lumens stay holes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from shapely import Point, Polygon

from histoloop.geometry import Size
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment
from histoloop.jobs.truth import compare_with_truth
from histoloop.slides.folder import SlideFile
from histoloop.slides.synthetic import Specimen, Tissue, write_slide

LARGE_UM2 = 1_500.0


@pytest.fixture(scope="module")
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    specimen = Specimen(Size(3072, 2304), 1.0, seed=3, tumor_share=0.8, tissue_share=0.7)
    write_slide(specimen, folder / "slide.tiff", truth=folder / "truth.tiff")
    parameters = SegmentParameters(SlideFile(folder / "slide.tiff"), "tumor", folder / "out")
    segment(parameters, home, Context(ThreadExecutor(2)))
    return folder


def lumens_in_tumour(truth: np.ndarray) -> list[Point]:
    """Middles of large lumens that tumour surrounds, base pixels of 1 µm."""
    lumen = (truth == Tissue.LUMEN).astype(np.uint8)
    count, labels, stats, middles = cv2.connectedComponentsWithStats(lumen)
    found = []
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] < LARGE_UM2:
            continue
        own = (labels == index).astype(np.uint8)
        around = cv2.dilate(own, np.ones((25, 25), np.uint8)).astype(bool) & ~own.astype(bool)
        if (truth[around] == Tissue.TUMOR).mean() > 0.9:
            found.append(Point(middles[index]))
    return found


def test_a_lumen_stays_a_hole_in_the_annotation(run: Path) -> None:
    documents = json.loads((run / "out" / "annotation.json").read_text())
    elements = [element for document in documents for element in document["elements"]]
    outlines = [Polygon(element["points"]) for element in elements]
    holes = [Polygon(hole) for element in elements for hole in element["holes"]]
    lumens = lumens_in_tumour(tifffile.imread(run / "truth.tiff", level=0))
    assert len(lumens) >= 8
    kept = [
        any(hole.contains(lumen) for hole in holes)
        for lumen in lumens
        if any(outline.contains(lumen) for outline in outlines)
    ]
    assert len(kept) >= 8
    assert np.mean(kept) >= 0.8


def test_the_prediction_comes_close_to_the_exact_truth(run: Path) -> None:
    assert compare_with_truth(run / "out", run / "truth.tiff", Tissue.TUMOR).dice >= 0.85
