"""Where which tissue is: fields over the slide, in µm from a region's edge, positive inside.

Noise that crosses a threshold makes the shapes. Thresholds are quantiles over the whole slide,
so that the shares asked for are met whatever the seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from histoloop.slides.synthetic.noise import Doubles, Floats, Grid, Sites, fractal
from histoloop.slides.synthetic.specimen import Specimen

_NEST_UM = 250.0
_SLOPE = 1.6
"""Mean slope of smooth noise, standard deviations per wavelength."""

_LARGEST_CELL_UM2 = 60e6
_SMALLEST_SPLIT_UM = 1500.0
_NODES = 160
_PIECE_REACH = 2.4
"""Half axes from its centre that bays and harmonics can push a piece's edge."""


@dataclass(frozen=True)
class Piece:
    """One section of tissue: a wavy ellipse.

    Attributes:
        x, y: centre, µm; half_width, half_height: µm.
        waves: amplitude and phase of the outline's harmonics 2, 3, …
    """

    x: float
    y: float
    half_width: float
    half_height: float
    waves: tuple[tuple[float, float], ...]

    @property
    def reach(self) -> float:
        return min(self.half_width, self.half_height)

    def polar(self, sites: Sites) -> tuple[Doubles, Doubles]:
        """Distance from the outline, positive inside, in radii; and angle."""
        u, v = (sites.x - self.x) / self.half_width, (sites.y - self.y) / self.half_height
        angle = np.arctan2(v, u)
        return self.outline(angle) - np.hypot(u, v), angle

    def outline(self, angle: Doubles) -> Doubles:
        """Radius in units of the ellipse's."""
        waves = enumerate(self.waves, start=2)
        return 1 + sum((a * np.cos(k * angle + p) for k, (a, p) in waves), np.zeros_like(angle))


@dataclass(frozen=True)
class Plan:
    """What has to be known of the whole slide before any part of it can be drawn."""

    pieces: tuple[Piece, ...]
    tissue_level: float
    tumor_level: float


@lru_cache(maxsize=16)
def plan(specimen: Specimen) -> Plan:
    """Lay out the pieces and find the thresholds that give the shares asked for."""
    pieces = _pieces(specimen)
    width, height = specimen.extent
    step = max(specimen.extent) / _NODES
    grid = Grid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    outline = _outline(specimen, pieces, grid)
    tissue_level = _level(outline, specimen.tissue_share)
    tumor_level = _tumor_level(specimen, grid, outline - np.float32(tissue_level))
    return Plan(pieces, tissue_level, tumor_level)


def tissue(specimen: Specimen, sites: Sites) -> Floats:
    """Distance from the ragged edge of the tissue; tears are outside."""
    known = plan(specimen)
    outline = _outline(specimen, known.pieces, sites) - np.float32(known.tissue_level)
    return np.asarray(np.minimum(outline, -_tears(specimen, sites)), np.float32)


def tumor(specimen: Specimen, sites: Sites, inside: Floats) -> Floats:
    """Distance from the edge of tumour nests; ``inside`` is `tissue` at the same sites."""
    level = np.float32(plan(specimen).tumor_level)
    nests = (_nests(specimen, sites) - level) * np.float32(_NEST_UM / _SLOPE)
    return np.asarray(np.minimum(nests, _nest_room(specimen, sites, inside)), np.float32)


def fat(specimen: Specimen, sites: Sites, inside: Floats, nests: Floats) -> Floats:
    """Distance from the edge of fat lobules, which keep off the tumour."""
    lobules = fractal(sites, specimen.key("fat"), _regional(specimen, 1300.0)) - np.float32(1.0)
    within = np.minimum(lobules * 300, inside - 25)
    return np.asarray(np.minimum(within, -nests - 90), np.float32)


def lobules(specimen: Specimen, sites: Sites) -> Floats:
    """Where normal glands may lie: positive there, in standard deviations."""
    return sites.noise(specimen.key("lobules"), _regional(specimen, 1100.0)) - np.float32(0.1)


def inflammation(specimen: Specimen, sites: Sites, inside: Floats, nests: Floats) -> Floats:
    """Distance from the edge of lymphocyte clusters: in stroma, more of them beside tumour."""
    beside = np.exp(-((nests + 60) ** 2) / np.float32(2 * 70.0**2))
    clusters = fractal(sites, specimen.key("inflammation"), 230.0) + beside - np.float32(2.15)
    within = np.minimum(clusters * 120, inside - 30)
    return np.asarray(np.minimum(within, -nests - 6), np.float32)


def _nests(specimen: Specimen, sites: Sites) -> Floats:
    islands = fractal(sites, specimen.key("nests"), _NEST_UM, octaves=3)
    return islands + sites.noise(specimen.key("mass"), _regional(specimen, 2600.0))


def _nest_room(specimen: Specimen, sites: Sites, inside: Floats) -> Floats:
    """Distance from what bounds a nest even within a solid mass: septa, the section's rim."""
    rim = inside - 30 - 12 * sites.noise(specimen.key("rim"), 180.0)
    thin = _septa(specimen.key("thin septa"), sites, 210.0, 4.0)
    wide = _septa(specimen.key("septa"), sites, 560.0, 15.0)
    return np.asarray(np.minimum(rim, np.minimum(thin, wide)), np.float32)


def _septa(key: int, sites: Sites, wavelength: float, half_width: float) -> Floats:
    """Distance from bands of stroma, as wide as given on average, that wind through nests."""
    line = np.abs(fractal(sites, key, wavelength)) * np.float32(wavelength / _SLOPE)
    return np.asarray(line - half_width * (1 + sites.noise(key + 9, 150.0)), np.float32)


def _tears(specimen: Specimen, sites: Sites) -> Floats:
    """Distance from the edge of cracks, positive inside them; most of the tissue has none."""
    line = np.abs(fractal(sites, specimen.key("tears"), 700.0)) * (700.0 / _SLOPE)
    width = 16 * (sites.noise(specimen.key("tear width"), 520.0) - np.float32(1.35))
    return np.asarray(width - line, np.float32)


def _outline(specimen: Specimen, pieces: tuple[Piece, ...], sites: Sites) -> Floats:

    within = np.maximum.reduce([_within(piece, sites) for piece in _near(pieces, sites)])
    reach = float(np.median([piece.reach for piece in pieces]))
    key = specimen.key("outline")
    bays = fractal(sites, key, 0.7 * reach, octaves=4) * np.float32(0.12 * reach)
    frayed = sites.noise(key + 8, 90.0) * 11 + fractal(sites, key + 9, 22.0) * 3
    outline = np.minimum(within + bays, _off_border(specimen, sites) + 0.8 * bays)
    return np.asarray(outline + frayed, np.float32)


def _off_border(specimen: Specimen, sites: Sites) -> Floats:
    """Distance from the slide's border, less what is kept free of tissue."""
    width, height = specimen.extent
    across, down = np.minimum(sites.x, width - sites.x), np.minimum(sites.y, height - sites.y)
    return np.asarray(np.minimum(across, down) - 0.055 * min(width, height), np.float32)


def _within(piece: Piece, sites: Sites) -> Floats:
    return np.asarray(piece.polar(sites)[0] * piece.reach, np.float32)


def _near(pieces: tuple[Piece, ...], sites: Sites) -> list[Piece]:
    """The pieces that may reach the sites; at least the nearest, so that glass has a distance."""
    x, y = (float(axis.min() + axis.max()) / 2 for axis in (sites.x, sites.y))
    dx, dy = (float(np.ptp(axis)) / 2 for axis in (sites.x, sites.y))

    def gap(piece: Piece) -> float:
        across = (abs(piece.x - x) - dx) / piece.half_width
        return max(across, (abs(piece.y - y) - dy) / piece.half_height)

    nearest = min(pieces, key=gap)
    return [piece for piece in pieces if piece is nearest or gap(piece) < _PIECE_REACH]


def _pieces(specimen: Specimen) -> tuple[Piece, ...]:
    random = np.random.default_rng(specimen.key("pieces"))
    return tuple(_piece(cell, random) for cell in _cells((0.0, 0.0, *specimen.extent), random))


_Window = tuple[float, float, float, float]


def _cells(window: _Window, random: np.random.Generator, depth: int = 0) -> list[_Window]:
    """Split the slide, across its longer side, until each part suits one piece of tissue."""
    left, top, right, bottom = window
    width, height = right - left, bottom - top
    large = width * height > _LARGEST_CELL_UM2 or depth == 0
    if not large or max(width, height) < 2 * _SMALLEST_SPLIT_UM:
        return [window]
    share = random.uniform(0.3, 0.38) if depth == 0 else random.uniform(0.42, 0.58)
    share = share if random.random() < 0.5 else 1 - share
    if width >= height:
        middle = left + share * width
        parts = (left, top, middle, bottom), (middle, top, right, bottom)
    else:
        middle = top + share * height
        parts = (left, top, right, middle), (left, middle, right, bottom)
    return [cell for part in parts for cell in _cells(part, random, depth + 1)]


def _piece(cell: _Window, random: np.random.Generator) -> Piece:
    left, top, right, bottom = cell
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    waves = tuple(
        (float(random.uniform(0.3, 1)) * 0.32 / k, float(random.uniform(0, 2 * math.pi)))
        for k in range(2, 7)
    )
    return Piece(
        left + half_width * random.uniform(0.96, 1.04),
        top + half_height * random.uniform(0.96, 1.04),
        0.84 * half_width,
        0.84 * half_height,
        waves,
    )


def _regional(specimen: Specimen, wavelength: float) -> float:
    """Shorter on a small slide, so that it too shows more than one kind of region."""
    return min(wavelength, max(specimen.extent) / 3)


def _tumor_level(specimen: Specimen, grid: Grid, inside: Floats) -> float:
    """The threshold at which nests, as far as there is room for them, have their share."""
    room = (inside > 0) & (_nest_room(specimen, grid, inside) > 0)
    if not room.any():
        return math.inf
    wanted = specimen.tumor_share * float((inside > 0).mean()) / float(room.mean())
    return _level(_nests(specimen, grid)[room], min(1.0, wanted))


def _level(values: Floats, share: float) -> float:
    """What a ``share`` of the values exceeds."""
    return float(np.quantile(values, 1 - share))
