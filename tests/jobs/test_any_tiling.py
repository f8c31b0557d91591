"""Whatever the slide, its scale, the region, the tiles and how work is shared out: one result.

The twin is slow and obvious: it reads the frame and its surroundings in one piece, and has Keras
predict that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.support.pictures import tissue_picture
from tests.support.tiny_model import RECEPTIVE_RADIUS

from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.jobs import segment as story
from histoloop.jobs.context import Context, SilentListener, ThreadExecutor
from histoloop.jobs.inference_options import TileOptions
from histoloop.jobs.plan import SegmentParameters
from histoloop.masks.mask import Mask
from histoloop.models.registry import Model
from histoloop.models.segmenter import normalise
from histoloop.models.weights import load_network
from histoloop.slides.folder import SlideFile, open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read
from histoloop.tiling.grid import Tiling

SMALLEST = 32
"""Base pixels a side: at 0.5 µm/px what is barely not too small to show tissue."""


@dataclass(frozen=True)
class Case:
    """A slide, the part of it that is asked for, and how it is cut and shared out."""

    size: Size
    mpp: Mpp
    tiling: Tiling
    roi: Box | None = None
    shard_side: int = 2
    few: int = 0
    threads: int = 1


@st.composite
def cases(draw: Callable[..., Any]) -> Case:
    sides = st.integers(SMALLEST, 260)
    size = Size(draw(sides), draw(sides))
    mpp = Mpp(draw(st.sampled_from([0.5, 0.77, 1.0, 2.0])), draw(st.sampled_from([0.5, 1.3, 2.0])))
    overlap, halo = 2 * draw(st.integers(0, 6)), draw(st.integers(RECEPTIVE_RADIUS, 9))
    step = draw(st.integers(max(2 * overlap, 11), 70))
    roi = None
    if draw(st.booleans()):
        x, y = draw(st.integers(0, size.width - 1)), draw(st.integers(0, size.height - 1))
        width = draw(st.integers(1, size.width - x))
        roi = Box(x, y, width, draw(st.integers(1, size.height - y)))
    side, few = draw(st.integers(1, 4)), draw(st.sampled_from([0, 1000]))
    tiling = Tiling(step + overlap + 2 * halo, halo, overlap)
    return Case(size, mpp, tiling, roi, side, few, draw(st.integers(1, 3)))


@dataclass
class Heard(SilentListener):
    """What was said to be there."""

    boxes: list[Box] = field(default_factory=list)

    def ready(self, boxes: Sequence[Box]) -> None:
        self.boxes += boxes


@dataclass(frozen=True)
class Found:
    """A result over the whole frame, and the base boxes that were told of, in any order."""

    values: NDArray[np.int16]
    boxes: list[Box]


TILE = Tiling(48, 4, 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
@example(case=Case(Size(SMALLEST, SMALLEST), Mpp.square(0.5), TILE))  # smaller than one tile
@example(
    case=Case(Size(TILE.step + 1, TILE.step), Mpp.square(2.0), TILE)
)  # a pixel wider than a cell
@example(case=Case(Size(200, 150), Mpp.square(2.0), TILE, roi=Box(199, 149, 1, 1)))  # in the corner
def test_tiles_are_the_whole(case: Case, tiny: Model, tiny_home: Path) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        slide = folder / "slide.tiff"
        write_pyramid(slide, case.size, case.mpp, [tissue_picture(case.size, 7)], lossless=True)
        apart = segmented(case, slide, tiny_home, folder / "apart", tissue_only=False)
        together = segmented(
            Case(case.size, case.mpp, case.tiling, case.roi, shard_side=1000),
            slide,
            tiny_home,
            folder / "together",
            tissue_only=False,
        )
        sparse = segmented(case, slide, tiny_home, folder / "sparse", tissue_only=True)
        scale = Scale.between(case.mpp, Mpp.square(tiny.card.mpp))
        expected = whole(slide, scale, tiny)
    region = scale.to_level(case.roi or Box.of(case.size)).intersect(Box.of(scale.size(case.size)))
    inside = np.zeros(expected.shape, bool)
    inside[region.within(Box.of(scale.size(case.size)))] = True
    assert np.array_equal(apart.values, together.values)
    assert not apart.values[~inside].any()
    # A pixel that is read between those of a level may differ by one grey value (PIL's float32).
    assert np.abs(apart.values - expected)[inside].max(initial=0) <= 3
    computed = sparse.values != 0
    assert np.abs(sparse.values - expected)[computed].max(initial=0) <= 3
    refuse_twice_or_never(apart.boxes, case.roi or Box.of(case.size), scale)
    assert set(sparse.boxes) <= set(apart.boxes)
    for box in sparse.boxes:
        part = scale.to_level(box).intersect(region).within(Box.of(scale.size(case.size)))
        assert np.array_equal(sparse.values[part] != 0, apart.values[part] != 0)


def segmented(case: Case, slide: Path, home: Path, out: Path, *, tissue_only: bool) -> Found:
    tiles = TileOptions(tile=case.tiling.tile, halo=case.tiling.halo, overlap=case.tiling.overlap)
    parameters = SegmentParameters(
        SlideFile(slide), "tiny@1", out, case.roi, tissue_only=tissue_only, tiles=tiles
    )
    heard = Heard()
    kept = story._SHARD_SIDE, story._FEW
    story._SHARD_SIDE, story._FEW = case.shard_side, case.few
    try:
        story.segment(parameters, home, Context(ThreadExecutor(case.threads), heard))
    finally:
        story._SHARD_SIDE, story._FEW = kept
    mask = Mask.open(out / "probability.zarr")
    return Found(mask.read(Box.of(mask.frame.size))[0].astype(np.int16), heard.boxes)


def whole(path: Path, scale: Scale, tiny: Model) -> NDArray[np.int16]:
    slide, around = open_slide(path), 2 * RECEPTIVE_RADIUS
    pixels = read(slide, Box.of(scale.size(slide.size)).grow(around), scale)
    probability = np.asarray(load_network(tiny)(normalise(pixels[None])))[0, ..., 0]
    return np.rint(probability[around:-around, around:-around] * 255).astype(np.int16)


def refuse_twice_or_never(boxes: list[Box], asked: Box, scale: Scale) -> None:
    """Told of are all base pixels that were asked for, none twice but where one is cut."""
    times = np.zeros((asked.bottom, asked.right), int)
    for box in boxes:
        times[box.y : box.bottom, box.x : box.right] += 1
    within = times[asked.y : asked.bottom, asked.x : asked.right]
    assert within.min() >= 1
    if scale == Scale(1.0, 1.0):
        assert within.max() == 1
