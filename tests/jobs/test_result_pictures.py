"""Pictures of a result: the size of the slide, and the same whatever bands they were made in."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import save_tiny_model, tiny_network
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.errors import CancelledError, OutputError, UsageError
from histoloop.geometry import Box, Mpp, MppSource, Size
from histoloop.jobs import result_pictures
from histoloop.jobs.context import Context
from histoloop.jobs.inference_options import PictureOptions
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.report import Report
from histoloop.jobs.result_pictures import OPACITY, sharpened, write_pictures
from histoloop.jobs.segment import plan_segmentation, segment
from histoloop.masks.labels import labels
from histoloop.masks.mask import Mask
from histoloop.models.card import ClassCard
from histoloop.slides.folder import SlideFile

SIZE = Size(300, 560)  # more rows than a band has
ALL = PictureOptions(grey=True, binary=True, colour=True, merged=True)
COLOURS = ("#e6194b", "#3cb44b")


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.png"
    Image.fromarray(tissue_picture(SIZE, seed=6)).save(path)
    return SlideFile(path, Mpp(0.9, 1.1, MppSource.USER))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Holds `tiny` of one class and `two` of two, whose codes are 3 and 7."""
    home = tmp_path_factory.mktemp("home")
    save_tiny_model(home / "models/tiny")
    classes = tuple(
        ClassCard(name=name, code=code, color=color)
        for name, code, color in zip(("tumor", "stroma"), (3, 7), COLOURS, strict=True)
    )
    save_tiny_model(home / "models/two", tiny_network(2), name="two", classes=classes)
    return home


def parameters(slide, out, model="tiny", wanted=ALL, **changes):
    return SegmentParameters(slide, model, out, pictures=wanted, tissue_only=False, **changes)


def loaded(out):
    return {path.name: np.asarray(Image.open(path)) for path in out.glob("*.png")}


def slow_grey(plan, mask):
    """Between the centres of predicted pixels, beyond the last of them as there; no rounding."""
    box, predicted = plan.region, plan.grid.region

    def places(start, count, step, origin, length):
        at = (np.arange(count) + start + 0.5) / step - 0.5 - origin
        at = np.clip(at, 0, length - 1)
        first = np.minimum(at.astype(int), length - 2)
        return first, at - first

    values = mask.read(predicted).astype(float)
    scale = plan.scale
    top, y = places(box.y, box.height, scale.y, predicted.y, predicted.height)
    left, x = places(box.x, box.width, scale.x, predicted.x, predicted.width)
    rows = values[:, top] * (1 - y)[:, None] + values[:, top + 1] * y[:, None]
    return rows[..., left] * (1 - x) + rows[..., left + 1] * x


@pytest.mark.parametrize("roi", [None, Box(37, 21, 200, 530)], ids=["all", "region"])
@pytest.mark.parametrize("model", ["tiny", "two"])
def test_pictures_are_what_the_probabilities_say(slide, home, tmp_path, model, roi):
    asked = parameters(slide, tmp_path, model, roi=roi, threshold=0.45)
    report = segment(asked, home, Context())
    found, plan = loaded(tmp_path), plan_segmentation(asked, home)
    classes = plan.labels
    suffix = {one.code: "" if len(classes) == 1 else f"-{one.code}" for one in classes}
    assert sorted(found) == sorted(
        [f"{kind}{suffix[c]}.png" for kind in ("grey", "binary") for c in suffix]
        + ["colour.png", "merged.png"]
    )
    assert sorted(report.pictures["files"]) == sorted(found)
    grey = np.stack([found[f"grey{suffix[one.code]}.png"] for one in classes])
    expected = slow_grey(plan, Mask.open(tmp_path / "probability.zarr"))
    assert grey.shape == expected.shape == (len(classes), plan.region.height, plan.region.width)
    assert np.ptp(grey) > 60
    assert np.abs(grey - expected).max() < 1.01  # rounded along columns, then along rows
    codes, picture = labels(grey, classes, 0.45), np.asarray(Image.open(slide.path)).astype(float)
    picture = picture[plan.region.within(Box.of(SIZE))]
    for one in classes:
        here = codes == one.code
        assert 0.02 < here.mean() < 0.98
        assert np.array_equal(found[f"binary{suffix[one.code]}.png"], np.where(here, 255, 0))
        assert (found["colour.png"][here] == one.rgb).all()
        tinted = (1 - OPACITY) * picture[here] + OPACITY * np.array(one.rgb)
        assert np.abs(found["merged.png"][here] - tinted).max() <= 1
    assert (found["colour.png"][codes == 0] == 0).all()
    assert np.array_equal(found["merged.png"][codes == 0], picture[codes == 0])


@given(st.integers(0, 99), st.integers(1, 6), st.integers(1, 6))
def test_sharpening_is_the_kernel_of_the_experiments(seed, rows, columns):
    values = np.random.default_rng(seed).integers(0, 256, (2, rows, columns), np.uint8)
    around = values.astype(int)
    for axis, side in ((1, rows), (2, columns)):
        width = [(0, 0), (0, 0), (0, 0)]
        width[axis] = (1, 1)
        around = np.pad(around, width, "reflect" if side > 1 else "edge")
    expected = np.zeros(values.shape, int)
    for channel, row, column in np.ndindex(values.shape):
        for y, x in product((0, 1, 2), (0, 1, 2)):
            weight = 9 if (y, x) == (1, 1) else -1
            expected[channel, row, column] += weight * around[channel, row + y, column + x]
    assert np.array_equal(sharpened(values), np.clip(expected, 0, 255))


def test_sharpening_changes_the_pictures_and_nothing_else(slide, home, tmp_path):
    only = PictureOptions(grey=True)
    sharp = PictureOptions(grey=True, sharpen=True)
    for name, wanted in (("plain", only), ("sharp", sharp)):
        segment(parameters(slide, tmp_path / name, wanted=wanted), home, Context())
    plain, other = (loaded(tmp_path / name)["grey.png"] for name in ("plain", "sharp"))
    assert np.array_equal(other, sharpened(plain[None])[0])
    assert (plain != other).mean() > 0.1
    masks = [Mask.open(tmp_path / name / "probability.zarr") for name in ("plain", "sharp")]
    frame = Box.of(masks[0].frame.size)
    assert np.array_equal(*(mask.read(frame) for mask in masks))
    assert Report.read(tmp_path / "sharp/report.json").pictures["sharpened"]


def test_pictures_of_an_earlier_run_do_not_stay(slide, home, tmp_path):
    (tmp_path / "mine.png").touch()
    segment(parameters(slide, tmp_path, "two"), home, Context())
    segment(parameters(slide, tmp_path, wanted=PictureOptions(grey=True)), home, Context())
    assert {path.name for path in tmp_path.glob("*.png")} == {"grey.png", "mine.png"}
    report = segment(parameters(slide, tmp_path, wanted=PictureOptions()), home, Context())
    assert {path.name for path in tmp_path.glob("*.png")} == {"mine.png"}
    assert report.pictures == {}


def test_a_complete_run_gets_pictures_without_being_predicted_again(slide, home, tmp_path):
    none = PictureOptions()
    first = segment(parameters(slide, tmp_path, wanted=none), home, Context())
    again = segment(parameters(slide, tmp_path, resume=True), home, Context())
    assert again.run == first.run
    assert again.pictures["files"] == ["grey.png", "binary.png", "colour.png", "merged.png"]
    kept = segment(parameters(slide, tmp_path, wanted=none, resume=True), home, Context())
    assert kept == Report.read(tmp_path / "report.json") == again
    assert len(loaded(tmp_path)) == 4


def test_a_slide_that_is_no_picture_is_refused_before_it_is_predicted(
    slide, home, tmp_path, monkeypatch
):
    monkeypatch.setattr(result_pictures, "MOST_PIXELS", 100_000)
    with pytest.raises(UsageError, match=r"plain.png: 300 × 560 px are too many .*--roi"):
        segment(parameters(slide, tmp_path / "a"), home, Context())
    assert not (tmp_path / "a").exists()
    segment(parameters(slide, tmp_path / "b", roi=Box(0, 0, 200, 200)), home, Context())
    segment(parameters(slide, tmp_path / "c", wanted=PictureOptions()), home, Context())


def test_a_picture_that_cannot_be_written_is_one_error_and_a_cancelled_one_leaves_none(
    slide, home, tmp_path
):
    asked = parameters(slide, tmp_path)
    segment(asked, home, Context())
    plan, mask = plan_segmentation(asked, home), Mask.open(tmp_path / "probability.zarr")

    def cancel():
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        write_pictures(plan, mask, tmp_path, cancel)
    assert not loaded(tmp_path)
    (tmp_path / "grey.png").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_pictures(plan, mask, tmp_path, lambda: None)


def test_a_folder_of_real_pictures_goes_on_after_a_bad_one(data, home, tmp_path):
    folder, out = tmp_path / "pictures", tmp_path / "out"
    folder.mkdir()
    for path in sorted((data / "camelyon/images").iterdir())[:2]:
        Image.open(path).convert("RGB").save(folder / f"{path.stem}.jpg")
    image = Image.open(data / "bcss/TCGA-A2-A1G6-DX1_rgb.jpg").crop((0, 0, 700, 500))
    image.save(folder / "breast.tif")
    (folder / "a bad one.png").write_bytes(b"no picture")
    words = ["segment", folder, "--out", out, "--model", "tiny", "--home", home]
    flags = ["--slide-mpp", 0.5, "--whole", "--binarize", "--colorize", "--merged"]
    found = CliRunner().invoke(app, [str(word) for word in (*words, *flags)])
    assert found.exit_code == 1
    assert "3 of 4 slides segmented; failed: a bad one.png" in found.stdout
    assert "a bad one.png: is not a slide that can be read" in found.stderr
    assert len(list(out.iterdir())) == 3
    for done in out.iterdir():
        pictures = loaded(done)
        (source,) = folder.glob(f"{done.name}.*")
        assert sorted(pictures) == ["binary.png", "colour.png", "merged.png"]
        assert {one.shape[1::-1] for one in pictures.values()} == {Image.open(source).size}
        assert set(np.unique(pictures["binary.png"])) <= {0, 255}
