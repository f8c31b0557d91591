"""Slide → files, with the bundled model, on real slides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import jsonschema
import large_image
import numpy as np
import openslide
import pytest
import shapely
import tifffile
import zarr
from shapely import Polygon

from histoloop.annotations.dsa import Document
from histoloop.errors import CancelledError, SlideError
from histoloop.geometry import Box, Mpp, MppSource, Scale
from histoloop.jobs.batch import segment_all
from histoloop.jobs.context import Context, Progress, SilentListener, ThreadExecutor
from histoloop.jobs.inference_options import TileOptions
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.prediction import peak_rss
from histoloop.jobs.report import STAGES, Report
from histoloop.jobs.segment import segment
from histoloop.masks.rasterize import rasterize
from histoloop.slides.folder import SlideFile, open_slide
from histoloop.slides.slide import known_mpp

CONTEXT = Context(ThreadExecutor(2))


@pytest.fixture(scope="module")
def runs(
    bcss: dict[str, Path], data: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, tuple[Path, Report]]:
    out = tmp_path_factory.mktemp("runs")
    paths = [*bcss.values(), *(data / "slides" / name for name in REAL)]
    slides = [SlideFile(path) for path in paths]
    common = SegmentParameters(slides[0], "tumor", out)
    done = list(segment_all(slides, common, home, lambda _slide: CONTEXT))
    assert [outcome.error for outcome in done] == [None] * len(slides)
    return {outcome.slide.path: (outcome.out, outcome.report) for outcome in done}


REAL = ("CMU-1-Small-Region.svs", "gcp_jpeg.dicom")


def coarse(path: Path) -> SlideFile:
    return SlideFile(path, Mpp.square(4.0, MppSource.USER))


def polygons(documents: list[Document]) -> list[Polygon]:
    return [
        Polygon(element["points"], element.get("holes"))
        for document in documents
        for element in document["elements"]
    ]


def test_annotations_are_valid_documents_of_valid_polygons(
    runs: dict[Path, tuple[Path, Report]], data: Path
) -> None:
    schema = json.loads((data / "annotations/schema/annotation_schema.json").read_text())
    validator = jsonschema.Draft6Validator(schema)
    for slide, (folder, report) in runs.items():
        documents = json.loads((folder / "annotation.json").read_text())
        for document in documents:
            validator.validate(document)
            assert document["attributes"]["run"] == report.run
            assert document["attributes"]["digest"] == report.model["digest"]
        shapes = polygons(documents)
        assert shapely.is_valid(shapes).all()
        left, top, right, bottom = shapely.total_bounds(shapes) if shapes else (0, 0, 0, 0)
        size, pixel = open_slide(slide).size, report.model["mpp"] / report.slide["mpp_x"]
        assert min(left, top) >= 0
        assert right <= size.width + pixel
        assert bottom <= size.height + pixel


def test_the_mask_has_the_extent_of_the_slide_in_both_readers(
    runs: dict[Path, tuple[Path, Report]],
) -> None:
    for path, (folder, report) in runs.items():
        slide = open_slide(path)
        mpp, mask_mpp = known_mpp(slide), report.model["mpp"]
        wanted = slide.size.width * mpp.x, slide.size.height * mpp.y
        with openslide.OpenSlide(folder / "mask.tiff") as mask:
            found = (
                mask.dimensions[0] * float(mask.properties[openslide.PROPERTY_NAME_MPP_X]),
                mask.dimensions[1] * float(mask.properties[openslide.PROPERTY_NAME_MPP_Y]),
            )
            assert found == pytest.approx(wanted, abs=mask_mpp)
        other = large_image.open(folder / "mask.tiff").getMetadata()
        found = other["sizeX"] * other["mm_x"] * 1000, other["sizeY"] * other["mm_y"] * 1000
        assert found == pytest.approx(wanted, abs=mask_mpp)


def test_polygons_in_base_pixels_fill_the_mask(runs: dict[Path, tuple[Path, Report]]) -> None:
    for path, (folder, report) in runs.items():
        mask = tifffile.imread(folder / "mask.tiff", level=0) == 1
        scale = Scale.between(known_mpp(open_slide(path)), Mpp.square(report.model["mpp"]))
        shapes = [
            shapely.transform(one, lambda points, s=scale: points / [s.x, s.y])
            for one in polygons(json.loads((folder / "annotation.json").read_text()))
        ]
        drawn = rasterize(shapes, Box(0, 0, *mask.shape[::-1]))
        union = np.count_nonzero(drawn | mask)
        iou = np.count_nonzero(drawn & mask) / union if union else 1.0
        assert iou >= 0.985
        assert report.vectorisation.iou == pytest.approx(iou, abs=0.005)


def test_the_report_says_what_was_done(runs: dict[Path, tuple[Path, Report]]) -> None:
    for path, (folder, _) in runs.items():
        report = json.loads((folder / "report.json").read_text())
        assert report["slide"]["name"] == path.name
        assert set(report["slide"]) >= {"fingerprint", "width", "height", "mpp_source"}
        assert report["tiles"]["run"] == report["tiles"]["tissue"] <= report["tiles"]["total"]
        assert set(report["seconds"]) == {*STAGES, "total"}
        assert 1e8 < report["peak_rss_bytes"] <= peak_rss(), "of one process, counted once"
        mask = tifffile.imread(folder / "mask.tiff", level=0)
        area = np.count_nonzero(mask == 1) * report["model"]["mpp"] ** 2 / 1e6
        assert report["classes"][0]["area_mm2"] == pytest.approx(area)
    coarse = next(report for path, (_, report) in runs.items() if path.suffix == ".dicom")
    assert "means little" in coarse.warnings[0]
    assert coarse.model["mpp"] == pytest.approx(coarse.slide["mpp_x"] / 4)  # and no finer


def test_a_region_is_predicted_as_the_whole_slide_has_it(
    runs: dict[Path, tuple[Path, Report]], bcss: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    slide = next(iter(bcss.values()))
    roi = Box(700, 500, 1500, 1200)
    segment(SegmentParameters(SlideFile(slide), "tumor", tmp_path, roi=roi), home, CONTEXT)
    whole = zarr.open_group(runs[slide][0] / "probability.zarr", mode="r")["0"][:]
    part = zarr.open_group(tmp_path / "probability.zarr", mode="r")["0"][:]
    scale = Scale.between(known_mpp(open_slide(slide)), Mpp.square(runs[slide][1].model["mpp"]))
    inside = scale.to_level(roi).within(Box(0, 0, 0, 0))
    assert np.array_equal(part[:, *inside], whole[:, *inside])
    assert part[:, *inside].any()
    part[:, *inside] = 0
    assert not part.any()


@dataclass
class Interrupted(SilentListener):
    """Cancels after some tiles."""

    after: int
    seen: list[Progress] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.seen.append(progress)

    def check(self) -> None:
        if self.seen and self.seen[-1].stage == "predict" and self.seen[-1].done >= self.after:
            raise CancelledError("enough")


def test_an_interrupted_run_goes_on_and_ends_in_the_same_bytes(
    plain_slide: Path, home: Path, tmp_path: Path
) -> None:
    parameters = SegmentParameters(coarse(plain_slide), "tumor", tmp_path / "a", tissue_only=False)
    straight = segment(parameters, home, CONTEXT)
    assert straight.tiles["run"] > 8
    broken = replace(parameters, out=tmp_path / "b")
    with pytest.raises(CancelledError):
        segment(broken, home, Context(ThreadExecutor(1), Interrupted(after=4)))
    assert not (broken.out / "report.json").exists()
    resumed = segment(replace(broken, resume=True), home, CONTEXT)
    assert resumed.tiles["resumed"] >= 4
    assert resumed.tiles["run"] + resumed.tiles["resumed"] == straight.tiles["run"]
    one = zarr.open_group(parameters.out / "probability.zarr", mode="r")["0"][:]
    other = zarr.open_group(broken.out / "probability.zarr", mode="r")["0"][:]
    assert np.array_equal(one, other)
    assert (parameters.out / "mask.tiff").read_bytes() == (broken.out / "mask.tiff").read_bytes()


def test_a_small_region_comes_tile_by_tile(plain_slide: Path, home: Path, tmp_path: Path) -> None:
    small = Box(0, 0, 200, 200)
    parameters = SegmentParameters(coarse(plain_slide), "tumor", tmp_path, roi=small)
    listener = Interrupted(after=1)
    with pytest.raises(CancelledError):
        segment(replace(parameters, tissue_only=False), home, Context(ThreadExecutor(1), listener))
    assert (listener.seen[-1].done, listener.seen[-1].total) == (1, 4)


def test_a_shard_of_other_cells_is_computed_again(
    plain_slide: Path, home: Path, tmp_path: Path
) -> None:
    """As another version might have cut them."""
    parameters = SegmentParameters(coarse(plain_slide), "tumor", tmp_path, tissue_only=False)
    with pytest.raises(CancelledError):
        segment(parameters, home, Context(ThreadExecutor(1), Interrupted(after=4)))
    first, *others = sorted((tmp_path / ".shards").glob("*.npz"))
    for other in others:
        other.unlink()
    first.rename(first.with_stem("000001"))
    assert segment(replace(parameters, resume=True), home, CONTEXT).tiles["resumed"] == 0


def test_a_finished_run_that_is_resumed_stays_the_same_run(
    plain_slide: Path, home: Path, tmp_path: Path
) -> None:
    parameters = SegmentParameters(
        coarse(plain_slide), "tumor", tmp_path, roi=Box(0, 0, 90, 90), tissue_only=False
    )
    first = segment(parameters, home, CONTEXT)
    written = (tmp_path / "mask.tiff").stat().st_mtime_ns
    (tmp_path / ".shards").mkdir()  # as of one who was killed when the report was there
    again = segment(replace(parameters, resume=True), home, CONTEXT)
    assert again == first
    assert (tmp_path / "mask.tiff").stat().st_mtime_ns == written
    assert not (tmp_path / ".shards").exists()
    other = segment(replace(parameters, resume=True, threshold=0.3), home, CONTEXT)
    assert other.run != first.run


@pytest.mark.parametrize("name", ["..", ".", "../../up.svs", "a/b.svs", "..\\c.svs", ".svs"])
def test_no_name_of_a_slide_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Named:
        name: str

        def open(self) -> None:
            raise SlideError("is only a name")

    common = SegmentParameters(Named(name), "tumor", tmp_path / "out")
    (outcome,) = segment_all([Named(name)], common, tmp_path, lambda _slide: CONTEXT)
    assert outcome.out.resolve().parent == (tmp_path / "out").resolve()


def test_shards_of_another_request_are_not_resumed(
    plain_slide: Path, home: Path, tmp_path: Path
) -> None:
    parameters = SegmentParameters(coarse(plain_slide), "tumor", tmp_path, tissue_only=False)
    with pytest.raises(CancelledError):
        segment(parameters, home, Context(ThreadExecutor(1), Interrupted(after=4)))
    other = replace(parameters, resume=True, tta=4, roi=Box(0, 0, 200, 200))
    assert segment(other, home, CONTEXT).tiles["resumed"] == 0


def test_what_is_looked_at_comes_first(plain_slide: Path, home: Path, tmp_path: Path) -> None:
    class Looking(SilentListener):
        def __init__(self) -> None:
            self.boxes: list[Box] = []

        def focus(self) -> Box:
            return Box(750, 550, 40, 40)

        def ready(self, boxes: list[Box]) -> None:
            self.boxes += boxes

    listener = Looking()
    slide, small = coarse(plain_slide), TileOptions(tile=512, halo=48)
    parameters = SegmentParameters(slide, "tumor", tmp_path, tissue_only=False, tiles=small)
    report = segment(parameters, home, Context(ThreadExecutor(1), listener))
    assert len(listener.boxes) == report.tiles["run"]
    assert not listener.boxes[0].intersect(Box(400, 350, 400, 250)).empty
