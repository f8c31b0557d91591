"""What goes wrong between microtome and scanner: a fold, ink on the glass."""

from __future__ import annotations

import math

import numpy as np

from histoloop.slides.synthetic.noise import Floats, Grid, Sites
from histoloop.slides.synthetic.regions import Piece, plan
from histoloop.slides.synthetic.specimen import Specimen

_INKS = ((1.95, 1.05, 0.24), (1.75, 0.50, 1.25), (2.0, 0.95, 0.55))
"""Blue, green, petrol: optical densities of R, G, B."""

_NOTHING = -30.0
"""µm from an artefact at which nothing is left of it."""


def fold(specimen: Specimen, grid: Grid, raster: Grid) -> Floats | None:
    """How many times as thick the section is, or `None` where it lies flat.

    Args:
        grid: covers the raster in coarser steps.
    """
    if not specimen.fold:
        return None
    coarse = _fold(specimen, grid)
    if coarse.max() < _NOTHING:
        return None
    inside = grid.interpolate(coarse, raster)
    doubled = np.clip(inside / np.float32(6) + 0.5, 0, 1)
    crease = np.exp(-((inside / np.float32(5)) ** 2))
    return np.asarray(1 + 0.6 * doubled + 0.3 * crease, np.float32)


def ink(specimen: Specimen, grid: Grid, raster: Grid) -> list[Floats] | None:
    """Optical density that the pen adds to R, G and B, or `None` where it did not draw."""
    if not specimen.pen:
        return None
    coarse, middle = _stroke(specimen, grid)
    if coarse.max() < _NOTHING:
        return None
    inside, across = grid.interpolate(coarse, raster), grid.interpolate(middle, raster)
    key = specimen.key("ink")
    cover = np.clip((inside + 5 * raster.noise(key + 2, 30.0)) / np.float32(6) + 0.5, 0, 1)
    rim = np.exp(-(((inside - 4) / np.float32(7)) ** 2))
    streaks = np.sin(across * 0.16 + 2.5 * raster.noise(key, 400.0)) * np.float32(0.07)
    amount = cover * (0.72 + streaks + 0.2 * rim + 0.1 * raster.noise(key + 1, 45.0))
    density = _INKS[specimen.seed % len(_INKS)]
    return [np.asarray(amount * np.float32(part), np.float32) for part in density]


def _fold(specimen: Specimen, sites: Sites) -> Floats:
    """Distance from the edge of the fold, which thins out towards its ends."""
    piece = _largest(specimen)
    random = np.random.default_rng(specimen.key("fold"))
    angle = random.uniform(0.2, 1.0) * random.choice((-1, 1)) + math.pi / 2
    shift = random.uniform(-0.35, 0.35) * piece.half_width
    dx, dy = sites.x - piece.x - shift, sites.y - piece.y
    along = (dx * math.cos(angle) + dy * math.sin(angle)) / (1.3 * piece.reach)
    across = dy * math.cos(angle) - dx * math.sin(angle)
    bent = across + 90 * sites.noise(specimen.key("fold"), 900.0)
    width = 26 + 9 * sites.noise(specimen.key("fold") + 1, 240.0)
    return np.asarray(width * (1 - along**2) - np.abs(bent), np.float32)


def _stroke(specimen: Specimen, sites: Sites) -> tuple[Floats, Floats]:
    """Distance from the edge of a stroke along the tissue, and from its middle, µm."""
    piece = _largest(specimen)
    random = np.random.default_rng(specimen.key("pen"))
    half = min(max(0.018 * min(specimen.extent), 40.0), 450.0)
    middle, span = random.uniform(-math.pi, math.pi), random.uniform(0.3, 0.45)
    within, angle = piece.polar(sites)
    wobble = 0.5 * half * sites.noise(specimen.key("pen"), 8 * half)
    across = within * piece.reach + 1.6 * half + wobble
    turned = np.abs(np.mod(angle - middle + math.pi, 2 * math.pi) - math.pi)
    beyond = np.maximum(turned - span, 0) * piece.reach
    return np.asarray(half - np.hypot(across, beyond), np.float32), np.asarray(across, np.float32)


def _largest(specimen: Specimen) -> Piece:
    return max(plan(specimen).pieces, key=lambda piece: piece.half_width * piece.half_height)
