"""Everything that is where, around one block of the slide, on a grid of a few µm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from histoloop.slides.synthetic import regions
from histoloop.slides.synthetic.noise import Doubles, Floats, Grid, fractal
from histoloop.slides.synthetic.rings import Kind, Ring, Window, rings, stamp
from histoloop.slides.synthetic.specimen import Specimen

MARGIN_UM = 20.0
"""Known around a block: a nucleus with its centre there may reach into it."""

_MARGIN_PX = 10
_STEP_UM = 4.0
_FAR = np.float32(-1e4)
_GLASS = -12.0
"""µm from the tissue's edge beyond which no roughness adds tissue."""


@dataclass(frozen=True)
class Anatomy:
    """Signed distances in µm, positive inside, ``(rows, cols)`` float32 over ``grid``.

    Attributes:
        tissue, tumor, inflammation, fat: regions, before rings are put in.
        gland: normal glands with their walls; lumen: hollows of any ring.
        tumor_lumen: those of tumour glands only; vessel: vessels with their walls.
        fibre: a potential whose level lines are the stroma's fibres, about 1 per µm.
        looseness: of the stroma, in standard deviations.
        rings: the round structures.
    """

    window: Window
    grid: Grid
    rings: tuple[Ring, ...]
    tissue: Floats
    tumor: Floats
    inflammation: Floats
    fat: Floats
    gland: Floats
    lumen: Floats
    tumor_lumen: Floats
    vessel: Floats
    fibre: Floats
    looseness: Floats

    def direction(self) -> Doubles:
        """Angle of the fibres at the grid's places, radians."""
        down, across = np.gradient(self.fibre)
        return np.asarray(np.arctan2(down, across) + math.pi / 2, np.float64)


def around(specimen: Specimen, window: Window) -> Grid:
    """Places every few µm in a window (left, top, right, bottom, µm) and beyond its margin."""
    return Grid.covering(*_widened(specimen, window), max(_STEP_UM, specimen.mpp))


def survey(specimen: Specimen, window: Window, grid: Grid) -> Anatomy | None:
    """Find what lies in a window and `MARGIN_UM` around it; `None` where all is glass.

    Args:
        window: left, top, right, bottom, µm; grid: the places `around` it.
    """
    tissue = regions.tissue(specimen, grid)
    if tissue.max() < _GLASS:
        return None
    found = tuple(rings(specimen, _widened(specimen, window)))
    nests = regions.tumor(specimen, grid, tissue)
    fat = regions.fat(specimen, grid, tissue, nests)
    inflammation = regions.inflammation(specimen, grid, tissue, nests)
    gland = _stamped(grid, found, Kind.GLAND, wall=True)
    tumor_lumen = _stamped(grid, found, Kind.TUMOR_GLAND)
    hollows = [tumor_lumen, *(_stamped(grid, found, k) for k in (Kind.GLAND, Kind.VESSEL))]
    tumor = np.maximum(np.minimum(nests, -gland - 5), tumor_lumen + 14)
    return Anatomy(
        window,
        grid,
        found,
        tissue,
        tumor,
        np.minimum(inflammation, -gland - 3),
        np.minimum(fat, -gland - 20),
        gland,
        np.maximum.reduce(hollows),
        tumor_lumen,
        _stamped(grid, found, Kind.VESSEL, wall=True),
        _fibre(specimen, grid, tumor, gland),
        fractal(grid, specimen.key("looseness"), 260.0, octaves=3),
    )


def _fibre(specimen: Specimen, grid: Grid, tumor: Floats, gland: Floats) -> Floats:
    """Fibres wave, have a course that changes over the slide, and run around what is solid."""
    angle = np.random.default_rng(specimen.key("course")).uniform(0, math.pi)
    course = grid.x * math.cos(angle) + grid.y * math.sin(angle)
    key = specimen.key("fibre")
    bent = 200 * grid.noise(key, 800.0) + 32 * grid.noise(key + 1, 170.0)
    crimped = 3.6 * grid.noise(key + 2, 36.0) + 1.6 * grid.noise(key + 3, 17.0)
    return np.asarray(course + bent + crimped - 75 * (_pull(tumor) + _pull(gland)), np.float32)


def _pull(solid: Floats) -> Floats:
    """How strongly something solid bends the fibres around it: not at all from 90 µm on."""
    pull = np.exp(np.minimum(solid, 8) / np.float32(45)) - np.float32(math.exp(-2))
    return np.asarray(np.maximum(pull, 0), np.float32)


def _stamped(grid: Grid, found: tuple[Ring, ...], kind: Kind, *, wall: bool = False) -> Floats:
    field = np.full(grid.shape, _FAR)
    for ring in found:
        if ring.kind is kind:
            stamp(field, grid, ring, ring.wall if wall else 0.0)
    return field


def _widened(specimen: Specimen, window: Window) -> Window:
    margin = max(MARGIN_UM, _MARGIN_PX * specimen.mpp)
    left, top, right, bottom = window
    return left - margin, top - margin, right + margin, bottom + margin
