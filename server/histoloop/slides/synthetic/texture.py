"""What fills the regions between nuclei: collagen, cytoplasm, fat, walls.

Each texture is a pair of stain amounts, haematoxylin and eosin, over a raster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from histoloop.slides.synthetic.anatomy import Anatomy
from histoloop.slides.synthetic.noise import Floats, Grid
from histoloop.slides.synthetic.nuclei import JITTER, TUMOR_SPACING_UM
from histoloop.slides.synthetic.scatter import cell_borders
from histoloop.slides.synthetic.specimen import Specimen

_ADIPOCYTE_UM = 62.0
_TABLE = 2048
_PER_WAVE = 8
"""Samples of a one-dimensional noise, and per wavelength."""


class Stains(NamedTuple):
    """Amounts ``(rows, cols)`` float32 of the two stains."""

    haematoxylin: Floats
    eosin: Floats

    def under(self, other: Stains, cover: Floats) -> Stains:
        """``other`` laid over this where ``cover`` (0 to 1) says so."""
        return Stains(*(a + (b - a) * cover for a, b in zip(self, other, strict=True)))

    def times(self, factor: Floats) -> Stains:
        return Stains(self.haematoxylin * factor, self.eosin * factor)


def soft(distance: Floats, width: float) -> Floats:
    """Signed distance → cover, 0 to 1, over a transition ``width`` µm wide."""
    cover = np.clip(distance * np.float32(1 / width) + np.float32(0.5), 0, 1)
    return np.asarray(cover, np.float32)


def stroma(specimen: Specimen, raster: Grid, anatomy: Anatomy) -> Stains:
    """Collagen in wavy bundles; where it is loose, paler and with clefts."""
    course = anatomy.grid.interpolate(anatomy.fibre, raster)
    loose = anatomy.grid.interpolate(anatomy.looseness, raster)
    key = specimen.key("collagen")
    patch, shred = raster.noise(key, 55.0), raster.noise(key + 1, 19.0)
    bundle = _along(course + 9 * patch, key + 2, 11.0)
    fibre = _along(course + 4 * patch + 3.2 * shred, key + 3, 4.2)
    fine = _along(course + 2.4 * shred, key + 4, 1.9) if raster.step < 1.2 else np.float32(0)
    rough = _fine(raster, key + 5, 2.3)
    eosin = 0.65 + 0.065 * bundle + 0.09 * fibre + 0.085 * fine + 0.06 * rough - 0.11 * loose
    ragged = 0.28 * np.minimum(loose, 1.4) + 0.42 * patch + 0.38 * shred
    slit = ragged - 0.80 * bundle - 0.55 * fibre - 1.95
    cleft = np.clip(slit * np.float32(1.3), 0, 0.95)
    eosin = np.maximum(eosin, 0.14) * (1 - cleft)
    haematoxylin = (0.10 + 0.02 * fibre + 0.025 * rough + 0.025 * loose) * (1 - cleft)
    return Stains(np.asarray(haematoxylin, np.float32), np.asarray(eosin, np.float32))


def fat(specimen: Specimen, raster: Grid) -> Stains:
    """Empty cells, whose membranes alone take stain."""
    border = _cells(specimen.key("adipocytes"), _ADIPOCYTE_UM, raster, 2.0, 0.32)
    membrane = np.exp(-((border / np.float32(2.6)) ** 2))
    return Stains(0.01 + 0.13 * membrane, 0.015 + 0.72 * membrane)


def infiltrate(specimen: Specimen, raster: Grid) -> Stains:
    """What little lies between lymphocytes."""
    mottle = raster.noise(specimen.key("infiltrate"), 6.0)
    return Stains(0.20 + 0.05 * mottle, 0.36 + 0.09 * mottle)


def tumor(specimen: Specimen, raster: Grid) -> Stains:
    """Cytoplasm that takes both stains; cells part where cohesion is lost."""
    key = specimen.key("cytoplasm")
    cloud, grain = raster.noise(key, 13.0), _fine(raster, key + 1, 2.0)
    haematoxylin = 0.40 + 0.06 * cloud + 0.06 * grain
    eosin = 0.60 + 0.08 * raster.noise(key + 2, 21.0) - 0.05 * cloud + 0.075 * grain
    stains = Stains(haematoxylin, eosin).times(1 - _foam(specimen, raster))
    if raster.step > 1.6:
        return stains
    border = _cells(specimen.key("tumor cells"), TUMOR_SPACING_UM, raster, 1.0, JITTER)
    cohesion = 0.9 * raster.noise(key + 3, 60.0) + 0.75 * raster.noise(key + 4, 12.0)
    parting = np.clip(0.17 + 0.36 * cohesion, 0.02, 0.95)
    return stains.times(1 - parting * np.exp(-((border / np.float32(1.15)) ** 2)))


def _foam(specimen: Specimen, raster: Grid) -> Floats:
    """Pale vacuoles in the cytoplasm, plenty in some places; how much of it they replace."""
    key = specimen.key("foam")
    bubbles = _fine(raster, key, 3.4) + 0.55 * raster.noise(key + 1, 80.0) - np.float32(1.35)
    return np.asarray(np.clip(bubbles * np.float32(0.7), 0, 0.6), np.float32)


def gland(specimen: Specimen, raster: Grid, wall: Floats, lumen: Floats) -> Stains:
    """Columnar epithelium: a dark base, a pale top, a fine line at either edge."""
    grain = _fine(raster, specimen.key("gland"), 3.0)
    base = np.exp(-(((wall - 6) / np.float32(7)) ** 2))
    membrane = np.exp(-((wall / np.float32(1.6)) ** 2))
    brush = np.exp(-((lumen / np.float32(1.3)) ** 2))
    haematoxylin = 0.17 + 0.16 * base + 0.04 * grain + 0.1 * brush
    eosin = 0.50 + 0.05 * grain + 0.25 * membrane + 0.3 * brush
    return Stains(haematoxylin, eosin)


def lumen(specimen: Specimen, raster: Grid) -> Stains:
    """Nothing, or a little pale secretion."""
    secretion = np.clip(raster.noise(specimen.key("secretion"), 110.0) - 0.9, 0, 1)
    curd = 0.7 + 0.3 * raster.noise(specimen.key("curd"), 9.0)
    return Stains(0.05 * secretion * curd, 0.28 * secretion * curd)


def chromatin(specimen: Specimen, raster: Grid) -> Floats:
    """Clumps within nuclei: a factor around 1."""
    clumps = _fine(raster, specimen.key("clumps"), 1.5)
    return np.asarray(1 + 0.28 * clumps, np.float32)


def _fine(raster: Grid, key: int, wavelength: float) -> Floats:
    """Noise, or nothing where a pixel averages it out."""
    if wavelength < 1.4 * raster.step:
        return np.zeros(raster.shape, np.float32)
    return raster.noise(key, wavelength)


def _cells(key: int, spacing: float, raster: Grid, step: float, jitter: float) -> Floats:
    left, right, top, bottom = *raster.across[[0, -1]], *raster.down[[0, -1]]
    grid = Grid.covering(left, top, right, bottom, max(step, raster.step))
    return grid.interpolate(cell_borders(key, spacing, grid, jitter), raster)


def _along(course: Floats, key: int, wavelength: float) -> Floats:
    """One-dimensional noise across the fibres, of standard deviation 1."""
    wave = _wave(key)
    place = (course * np.float32(_PER_WAVE / wavelength)).astype(np.int32) & (_TABLE - 1)
    return np.take(wave, place)


def _wave(key: int) -> Floats:
    period = _TABLE // _PER_WAVE
    knots = np.random.default_rng(key).uniform(-1, 1, period)
    spectrum = np.fft.rfft(knots)
    padded = np.zeros(_TABLE // 2 + 1, np.complex128)
    padded[: len(spectrum)] = spectrum
    wave = np.fft.irfft(padded, _TABLE)
    return np.asarray(wave / wave.std(), np.float32)
