"""Drawing a synthetic slide, block by block; a block depends on nothing but its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box
from histoloop.slides.synthetic import artifacts, texture
from histoloop.slides.synthetic.anatomy import Anatomy, around, survey
from histoloop.slides.synthetic.drawing import UNIT, Canvas, Frame, draw_discs, draw_nuclei
from histoloop.slides.synthetic.noise import Floats, Grid
from histoloop.slides.synthetic.nuclei import populations
from histoloop.slides.synthetic.scanner import blurred, expose
from histoloop.slides.synthetic.scatter import Jittered
from histoloop.slides.synthetic.specimen import Specimen, Tissue
from histoloop.slides.synthetic.texture import Stains, soft

BLOCK = 512
"""Base pixels a side; blocks are aligned to multiples of it."""

_PAD = 8
"""Pixels drawn around a block for the sake of its blur."""

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]


def render(specimen: Specimen, box: Box) -> tuple[Pixels, Labels]:
    """The slide's base pixels in a box: ``(h, w, 3)`` RGB and ``(h, w)`` `Tissue` codes.

    The box may lie anywhere and is drawn as if the slide had no border. Whatever box a pixel
    is rendered with, it comes out the same, bit for bit.
    """
    picture = np.empty((box.height, box.width, 3), np.uint8)
    labels = np.empty((box.height, box.width), np.uint8)
    for part in box.split(BLOCK):
        block = Box(part.x // BLOCK * BLOCK, part.y // BLOCK * BLOCK, BLOCK, BLOCK)
        rgb, codes = render_block(specimen, block)
        picture[part.within(box)] = rgb[part.within(block)]
        labels[part.within(box)] = codes[part.within(block)]
    return picture, labels


def render_block(specimen: Specimen, block: Box) -> tuple[Pixels, Labels]:
    """One aligned block, `BLOCK` px a side."""
    raster = _raster(specimen, block.grow(_PAD))
    mpp = float(specimen.mpp)
    window = (block.x * mpp, block.y * mpp, block.right * mpp, block.bottom * mpp)
    grid = around(specimen, window)
    ink = artifacts.ink(specimen, grid, raster)
    core = slice(_PAD, _PAD + BLOCK)
    anatomy = survey(specimen, window, grid)
    if anatomy is None:
        nothing = np.zeros(raster.shape, np.float32)
        picture = expose(specimen, raster, nothing, nothing, ink)
        return picture[core, core], np.full((BLOCK, BLOCK), Tissue.GLASS, np.uint8)
    view = _View.of(specimen, raster, anatomy)
    picture = expose(specimen, raster, *_stained(specimen, view), ink)
    return picture[core, core], _labels(view)[core, core]


def _raster(specimen: Specimen, box: Box) -> Grid:
    across = (np.arange(box.x, box.right) + 0.5) * specimen.mpp
    down = (np.arange(box.y, box.bottom) + 0.5) * specimen.mpp
    return Grid(np.asarray(across, np.float64), np.asarray(down, np.float64))


@dataclass(frozen=True)
class _View:
    """The anatomy's distances at every pixel of a raster; what is not there is `None`."""

    raster: Grid
    anatomy: Anatomy
    tissue: Floats
    tumor: Floats | None
    inflammation: Floats | None
    fat: Floats | None
    gland: Floats | None
    lumen: Floats | None
    vessel: Floats | None

    @classmethod
    def of(cls, specimen: Specimen, raster: Grid, anatomy: Anatomy) -> _View:
        ragged = 1.3 * raster.noise(specimen.key("ragged"), 7.0)

        def seen(field: Floats, roughness: float = 0.0) -> Floats | None:
            if field.max() < -8:
                return None
            return anatomy.grid.interpolate(field, raster) + np.float32(roughness) * ragged

        tissue = anatomy.grid.interpolate(anatomy.tissue, raster) + 1.5 * ragged
        return cls(
            raster,
            anatomy,
            np.asarray(tissue, np.float32),
            seen(anatomy.tumor, 1.0),
            seen(anatomy.inflammation, 3.0),
            seen(anatomy.fat),
            seen(anatomy.gland, 0.5),
            seen(anatomy.lumen, 0.6),
            seen(anatomy.vessel, 0.3),
        )


def _labels(view: _View) -> Labels:
    labels = np.full(view.raster.shape, Tissue.STROMA, np.uint8)
    layers = (
        (view.fat, Tissue.FAT),
        (view.inflammation, Tissue.INFLAMMATORY),
        (view.gland, Tissue.GLAND),
        (view.tumor, Tissue.TUMOR),
        (view.lumen, Tissue.LUMEN),
    )
    for distance, code in layers:
        if distance is not None:
            labels[distance > 0] = code
    labels[view.tissue <= 0] = Tissue.GLASS
    return labels


def _stained(specimen: Specimen, view: _View) -> Stains:
    """Both stains over the raster, blurred."""
    stains = _with_nuclei(specimen, view, _matrix(specimen, view))
    thickness = soft(view.tissue, 3.0)
    folded = artifacts.fold(specimen, view.anatomy.grid, view.raster)
    stains = stains.times(thickness if folded is None else thickness * folded)
    return Stains(*(blurred(amount, specimen.mpp) for amount in stains))


def _matrix(specimen: Specimen, view: _View) -> Stains:
    """Everything but nuclei."""
    raster, anatomy = view.raster, view.anatomy
    stains = texture.stroma(specimen, raster, anatomy)
    if view.fat is not None:
        stains = stains.under(texture.fat(specimen, raster), soft(view.fat, 6.0))
    if view.inflammation is not None:
        cover = soft(view.inflammation, 24.0)
        stains = stains.under(texture.infiltrate(specimen, raster), cover)
    if view.vessel is not None:
        wall = Stains(np.float32(0.2) + 0 * view.vessel, np.float32(0.95) + 0 * view.vessel)
        stains = stains.under(wall, soft(view.vessel, 2.0))
    if view.gland is not None and view.lumen is not None:
        wall = texture.gland(specimen, raster, view.gland, view.lumen)
        stains = stains.under(wall, soft(view.gland, 2.0))
    if view.tumor is not None:
        cytoplasm = texture.tumor(specimen, raster)
        stains = stains.under(cytoplasm, soft(view.tumor, 3.0))
    if view.lumen is not None:
        stains = stains.under(texture.lumen(specimen, raster), soft(view.lumen, 1.6))
    return stains


def _with_nuclei(specimen: Specimen, view: _View, stains: Stains) -> Stains:
    frame = Frame.of(view.raster)
    nuclei, clear, blood = frame.canvas(), frame.canvas(), frame.canvas()
    draw_nuclei(nuclei, frame, populations(specimen, view.anatomy))
    _draw_apoptosis(specimen, view.anatomy, frame, nuclei, clear)
    _draw_blood(specimen, view.anatomy, frame, blood)
    emptied = stains.times(1 - _amount(clear))
    haematoxylin = _amount(nuclei) * texture.chromatin(specimen, view.raster)
    cover = np.minimum(_amount(nuclei) * np.float32(1.6), 1)
    eosin = emptied.eosin * (1 - 0.5 * cover) + 0.4 * cover + _amount(blood)
    return Stains(emptied.haematoxylin * (1 - cover) + haematoxylin, eosin)


def _amount(canvas: Canvas) -> Floats:
    return canvas * np.float32(1 / UNIT)


def _draw_apoptosis(
    specimen: Specimen, anatomy: Anatomy, frame: Frame, nuclei: Canvas, clear: Canvas
) -> None:
    """Here and there a tumour cell dies: a black speck in a clear halo."""
    seeds = _scattered(specimen, anatomy, "apoptosis", 42.0)
    dying = anatomy.grid.at(anatomy.tumor, seeds.points) > 12
    seeds = seeds.where(dying & (seeds.random(1) < 0.1))
    x, y = seeds.points.x, seeds.points.y
    halo = 3.6 + 2.6 * seeds.random(2)
    draw_discs(clear, frame, x, y, halo, 0.6 + 0.35 * seeds.random(4))
    draw_discs(nuclei, frame, x, y, halo, np.zeros(len(x)))
    speck = np.where(seeds.random(3) < 0.85, halo * 0.5, 0)
    draw_discs(nuclei, frame, x + 0.8, y - 0.6, speck, np.where(speck > 0, 2.3, 0.0))


def _draw_blood(specimen: Specimen, anatomy: Anatomy, frame: Frame, blood: Canvas) -> None:
    """Red cells within vessels."""
    if anatomy.vessel.max() < 0:
        return
    seeds = _scattered(specimen, anatomy, "blood", 5.6)
    inside = np.minimum(anatomy.vessel - 5.0, anatomy.lumen - 2.0)
    full = seeds.points.noise(specimen.key("congestion"), 60.0) > -0.2
    seeds = seeds.where((anatomy.grid.at(inside, seeds.points) > 0) & full)
    size = 2.3 + 0.6 * seeds.random(1)
    draw_discs(blood, frame, seeds.points.x, seeds.points.y, size, 0.9 + 0.5 * seeds.random(2))


def _scattered(specimen: Specimen, anatomy: Anatomy, name: str, spacing: float) -> Jittered:
    left, top, right, bottom = anatomy.window
    window = (left - 8, top - 8, right + 8, bottom + 8)
    seeds = Jittered.within(specimen.key(name), spacing, window, 0.35)
    near = (seeds.points.x > left - 14) & (seeds.points.x < right + 14)
    near &= (seeds.points.y > top - 14) & (seeds.points.y < bottom + 14)
    return seeds.where(near)
