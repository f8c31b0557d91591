"""How pictures are cut into tiles: as the card says, as asked for, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import TILE, tiny_network

from histoloop.errors import UsageError
from histoloop.geometry import Box, Mpp, MppSource, Scale, Size
from histoloop.jobs.context import Context
from histoloop.jobs.inference_options import PictureOptions, TileOptions
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.report import Report
from histoloop.jobs.segment import segment
from histoloop.masks.mask import Mask
from histoloop.models.registry import ModelRegistry
from histoloop.models.segmenter import normalise
from histoloop.slides.folder import SlideFile
from histoloop.slides.reading import read

SIZE = Size(330, 250)


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.png"
    Image.fromarray(tissue_picture(SIZE, seed=4)).save(path)
    return SlideFile(path, Mpp.square(2.0, MppSource.USER))


def predicted(slide, home, out, **options):
    asked = SegmentParameters(slide, "tiny@1", out, tissue_only=False, tiles=TileOptions(**options))
    report = segment(asked, home, Context())
    mask = Mask.open(out / "probability.zarr")
    return report, mask.read(Box.of(mask.frame.size))[0].astype(int)


@pytest.mark.parametrize(
    "options",
    [{"tile": 64}, {"halo": 20}, {"overlap": 0}, {"tile": 128, "halo": 2, "overlap": 30}],
    ids=str,
)
def test_other_tiles_give_the_same_where_the_halo_covers_what_the_network_sees(
    picture, tiny_home, tmp_path, options
):
    usual, expected = predicted(picture, tiny_home, tmp_path / "usual")
    report, found = predicted(picture, tiny_home, tmp_path / "other", **options)
    assert np.ptp(expected) > 60
    assert np.abs(found - expected).max() <= 1
    assert {key: report.tiling[key] for key in options} == options
    assert usual.tiling == {"tile": TILE, "halo": 8, "overlap": 16, "whole": False}
    assert report.tiles["total"] != usual.tiles["total"]


@pytest.mark.parametrize("tile", [TILE, 400], ids=["shrunk", "enlarged"])
def test_a_whole_picture_is_one_tile(picture, tiny_home, tmp_path, tile):
    report, found = predicted(picture, tiny_home, tmp_path, whole=True, tile=tile)
    scale = Scale(SIZE.width / tile, SIZE.width / tile)
    assert report.tiles["total"] == 1
    assert found.shape == (-(-SIZE.height * tile // SIZE.width), tile)
    pixels = read(picture.open(), Box(0, 0, tile, tile), scale)
    expected = np.asarray(tiny_network()(normalise(pixels[None])))[0, : len(found), :, 0]
    assert np.abs(found - np.rint(expected * 255)).max() <= 1
    assert report.model["mpp"] == pytest.approx(2.0 * SIZE.width / tile)


def test_a_whole_picture_far_from_the_scale_of_the_training_is_said(picture, tiny_home, tmp_path):
    near, _ = predicted(picture, tiny_home, tmp_path / "near", whole=True, tile=320)
    far, _ = predicted(picture, tiny_home, tmp_path / "far", whole=True)
    assert near.warnings == []
    assert "one tile at 6.88 µm/px, the model was trained at 2" in far.warnings[0]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"tile": 16}, "tile 16 px, halo 8 px, overlap 16 px do not fit"),
        ({"tile": 16, "halo": 8, "overlap": 0}, "do not fit"),
        ({"overlap": 7}, "must be even"),
        ({"halo": -1}, "do not fit"),
        ({"tile": 0, "whole": True}, "do not fit"),
    ],
    ids=str,
)
def test_tiles_that_cannot_be_are_refused(picture, tiny_home, tmp_path, options, wanted):
    with pytest.raises(UsageError, match=wanted):
        predicted(picture, tiny_home, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(UsageError, match="no halo and no overlap"):
        TileOptions(whole=True, halo=8)
    with pytest.raises(UsageError, match="no picture to sharpen"):
        PictureOptions(sharpen=True)


def test_a_tile_that_the_strides_do_not_divide_is_refused_with_one_that_they_do(home):
    card = ModelRegistry(home).get("tumor").card
    with pytest.raises(UsageError, match=r"no tile of 501 px .*multiple of \d+, \d+ say"):
        TileOptions(tile=501).applied(card)
    assert TileOptions(tile=512).applied(card).tile == 512
    assert TileOptions().applied(card) is card


def test_a_report_from_before_there_were_options_is_still_read(picture, tiny_home, tmp_path):
    report, _ = predicted(picture, tiny_home, tmp_path)
    said = report.document()
    del said["tiling"], said["pictures"]
    (tmp_path / "report.json").write_text(json.dumps(said))
    assert Report.read(tmp_path / "report.json") == replace(report, tiling={}, pictures={})
