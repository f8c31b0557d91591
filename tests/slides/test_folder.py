"""Opening files and folders of them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.support.pictures import noise

from histoloop.errors import MissingScaleError, NotFoundError, SlideError
from histoloop.geometry import Box, Mpp, MppSource, Size
from histoloop.slides.fingerprint import fingerprint
from histoloop.slides.folder import FolderSlideStore, open_slide
from histoloop.slides.pixels import as_rgb
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.slide import known_mpp


def png(path, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 100, 50)).save(path)
    return path


def read_everything(path):
    slide = open_slide(path)
    for level in slide.levels:
        slide.read_level(level.zoom, Box.of(level.size))


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_scale_is_read_from_svs_dicom_and_tiff(data, tmp_path):
    assert open_slide(data / "slides/CMU-1-Small-Region.svs").mpp == Mpp(0.499, 0.499)
    assert open_slide(data / "slides/gcp_jpeg.dicom").mpp.x == pytest.approx(16.783)
    path = tmp_path / "anisotropic.tiff"
    write_pyramid(path, Size(300, 300), Mpp(0.25, 0.5), [noise(Size(300, 300))])
    mpp = open_slide(path).mpp
    assert (mpp.x, mpp.y) == pytest.approx((0.25, 0.5), rel=1e-4)
    assert mpp.source is MppSource.METADATA


@pytest.mark.parametrize("dpi", [72, 96, 300])
@pytest.mark.parametrize("tile", [None, (128, 128)], ids=["strips", "tiled"])
def test_a_print_resolution_is_no_scale(tmp_path, dpi, tile):
    path = tmp_path / "print.tif"
    resolution = {"resolution": (dpi, dpi), "resolutionunit": "INCH"}
    tifffile.imwrite(path, noise(Size(300, 200)), photometric="rgb", tile=tile, **resolution)
    slide = open_slide(path)
    assert slide.mpp is None
    with pytest.raises(MissingScaleError):
        known_mpp(slide)


@pytest.mark.parametrize(("x", "y"), [(float("nan"), 0.5), (0.5, float("nan"))])
def test_a_scale_that_is_no_number_counts_as_unknown(x, y):
    assert Mpp.plausible(x, y) is None


def test_a_microscope_s_tiff_without_tiles_says_its_scale(tmp_path):
    path = tmp_path / "camera.tif"
    resolution = {"resolution": (20_000, 40_000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, noise(Size(30, 20)), photometric="rgb", **resolution)
    assert open_slide(path).mpp == Mpp(0.5, 0.25)


def test_a_slide_without_scale_names_the_option_and_takes_the_user_s(data):
    path = data / "slides/TCGA-CR-7395-01A-01-TS1.svs"
    with pytest.raises(MissingScaleError) as error:
        known_mpp(open_slide(path))
    assert "--slide-mpp" in one_line(error)
    said = Mpp.square(0.25, MppSource.USER)
    assert known_mpp(open_slide(path, mpp=said)) == said


def test_what_is_no_slide_is_one_line_that_names_the_file(data, tmp_path):
    text = tmp_path / "text.svs"
    text.write_text("this is not a slide\nat all\n")
    empty = tmp_path / "empty.svs"
    empty.touch()
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    for path in (text, empty, fake, data / "slides/broken.svs"):
        with pytest.raises(SlideError) as error:
            open_slide(path)
        assert path.name in one_line(error)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(NotFoundError, match=r"nowhere\.svs"):
        open_slide(tmp_path / "nowhere.svs")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_tiff_is_refused_when_opened_or_when_read(tmp_path, share):
    size = Size(1200, 900)
    path = tmp_path / "cut.tiff"
    write_pyramid(path, size, Mpp.square(0.5), [noise(size)], lossless=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SlideError) as error:
        read_everything(path)
    assert "cut.tiff" in one_line(error)


@pytest.mark.parametrize("end", range(9))
def test_a_tiff_of_a_few_bytes_is_refused(tmp_path, end):
    path = tmp_path / "cut.tiff"
    path.write_bytes(b"II*\0\x08\0\0\0\x0f"[:end])
    with pytest.raises(SlideError, match=r"cut\.tiff"):
        open_slide(path)


def tags_set(path, number=0, **values):
    """Write other values into the header of a page."""
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for name, value in values.items():
            tiff.pages[number].tags[name].overwrite(value)


def link_set(path, number, to):
    """Let another page follow on a page."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[number]
        place = page.offset + 2 + 12 * len(page.tags)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(to.to_bytes(4, "little"))


def pages_in_a_circle(path):
    with tifffile.TiffFile(path) as tiff:
        first = tiff.pages[0].offset
    link_set(path, 1, first)


def a_tile_of_gigabytes_before_a_page_that_is_none(path):
    tags_set(path, TileByteCounts=(9, 1_342_177_280, 9, 9))
    link_set(path, 0, 9)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: tags_set(path, TileWidth=3_080_448), "3,080,448 × 256 pixels, too large"),
        (lambda path: tags_set(path, ImageWidth=42_372), "would be 332 tiles, and it has 4"),
        (lambda path: tags_set(path, TileLength=0), "have no size"),
        (pages_in_a_circle, "its pages go round in a circle"),
        (a_tile_of_gigabytes_before_a_page_that_is_none, "is truncated, .* of at least 1,342,"),
    ],
)
def test_a_tiff_that_announces_more_than_it_holds_is_refused_before_it_is_read(
    tmp_path, damage, said
):
    path, size = tmp_path / "damaged.tiff", Size(400, 300)
    write_pyramid(path, size, Mpp(0.5, 0.5), [noise(size)], lossless=True)
    read_everything(path)
    damage(path)
    with pytest.raises(SlideError, match=said) as error:
        open_slide(path)
    assert path.name in one_line(error)


def test_a_truncated_jpeg_is_refused(tmp_path):
    path = tmp_path / "cut.jpg"
    Image.fromarray(noise(Size(400, 400))).save(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SlideError) as error:
        read_everything(path)
    assert "cut.jpg" in one_line(error)


def test_a_picture_of_one_pixel_opens(tmp_path):
    slide = open_slide(png(tmp_path / "dot.png", (1, 1)))
    assert slide.size == (1, 1)
    assert slide.read_level(0, Box(0, 0, 1, 1)).tolist() == [[[200, 100, 50]]]


def test_the_store_lists_slides_in_name_order_and_leaves_the_rest_out(tmp_path):
    for name in ("b.png", "a.PNG", "deep/er/c.jpg", ".hidden.png", ".folder/d.png", "notes.txt"):
        path = tmp_path / name
        png(path) if path.suffix.lower() != ".txt" else path.write_text("no slide")
    names = [entry.name for entry in FolderSlideStore(tmp_path).list()]
    assert sorted(names) == ["a.PNG", "b.png", "c.jpg"]
    assert names[:2] == ["a.PNG", "b.png"]


def test_an_id_is_that_of_the_place_and_outlives_the_store(tmp_path):
    png(tmp_path / "one/same.png")
    png(tmp_path / "two/same.png")
    first = {entry.path: entry.id for entry in FolderSlideStore(tmp_path).list()}
    png(tmp_path / "another.png")
    again = FolderSlideStore(tmp_path)
    later = {entry.path: entry.id for entry in again.list()}
    assert len(set(first.values())) == 2, "the name alone is no identity"
    assert first.items() <= later.items()
    for path, id in first.items():
        assert again.open(id).path == path
        assert again.open(id).id == id


def test_a_new_file_is_found_and_a_removed_one_is_gone(tmp_path):
    store = FolderSlideStore(tmp_path)
    assert store.list() == []
    path = png(tmp_path / "late.png")
    (entry,) = FolderSlideStore(tmp_path).list()
    assert store.find(entry.id).path == path
    path.unlink()
    with pytest.raises(NotFoundError):
        store.find(entry.id)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    secret = png(tmp_path / "outside/secret.png")
    root = tmp_path / "root"
    png(root / "mine.png")
    (root / "way-out.png").symlink_to(secret)
    (root / "folder-out").symlink_to(secret.parent, target_is_directory=True)
    store = FolderSlideStore(root)
    assert [entry.name for entry in store.list()] == ["mine.png"]


@pytest.mark.parametrize("id", ["../outside/secret.png", "/etc/passwd", "", "%2e%2e", "mine.png"])
def test_an_id_is_never_a_path(tmp_path, id):
    png(tmp_path / "mine.png")
    with pytest.raises(NotFoundError):
        FolderSlideStore(tmp_path).open(id)


def test_the_fingerprint_follows_the_content_and_not_the_name(tmp_path):
    path = png(tmp_path / "one.png")
    copy = shutil.copyfile(path, tmp_path / "two.png")
    assert fingerprint(path) == fingerprint(copy)
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    assert fingerprint(path) != fingerprint(copy)


def test_all_pixel_kinds_become_rgb_and_clear_glass_is_white():
    grey = np.array([[0, 200]], np.uint8)
    assert as_rgb(grey).tolist() == [[[0, 0, 0], [200, 200, 200]]]
    assert as_rgb(grey.astype(np.uint16) << 8).tolist() == as_rgb(grey).tolist()
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], np.uint8)
    assert as_rgb(rgba).tolist() == [[[10, 20, 30], [255, 255, 255]]]
    with pytest.raises(SlideError):
        as_rgb(np.zeros((2, 2, 3), np.float32))
