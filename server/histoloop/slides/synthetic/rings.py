"""Round structures with a hollow: normal glands, glands of the tumour, small vessels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from histoloop.slides.synthetic import regions
from histoloop.slides.synthetic.noise import Doubles, Floats, Grid, Points
from histoloop.slides.synthetic.scatter import Jittered
from histoloop.slides.synthetic.specimen import Specimen

Window = tuple[float, float, float, float]

_PROBES = 10
_REACH_UM = 280.0
"""No ring is felt farther from its centre."""

_NEAR_UM = 100.0
"""Distances are exact so far from a ring."""


class Kind(Enum):
    """What a ring belongs to."""

    GLAND = "gland"
    TUMOR_GLAND = "tumor gland"
    VESSEL = "vessel"


@dataclass(frozen=True)
class Ring:
    """A wall around a wavy, stretched lumen.

    Attributes:
        x, y: centre, µm; lumen, wall: mean radius of the lumen and thickness of the wall, µm.
        stretch: long over short axis; angle: of the long axis.
        waves: amplitude and phase of the outline's harmonics 2, 3, …
        luck: uniform number that decides about details.
    """

    kind: Kind
    x: float
    y: float
    lumen: float
    wall: float
    stretch: float
    angle: float
    waves: tuple[tuple[float, float], ...]
    luck: float

    @property
    def reach(self) -> float:
        """Radius of a circle around everything."""
        return self.lumen * self.stretch * 1.35 + self.wall

    def inside(self, x: Doubles, y: Doubles) -> Floats:
        """Distance from the lumen's edge, µm, positive in the lumen."""
        dx, dy = x - self.x, y - self.y
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        u, v = (dx * cos + dy * sin), (dy * cos - dx * sin)
        theta = np.arctan2(v * self.stretch, u)
        edge = self.lumen * self._shape(theta) * self._ellipse(theta)
        return np.asarray(edge - np.hypot(u, v), np.float32)

    def around(self, beyond: float, count: int) -> tuple[Points, Doubles]:
        """Places ``beyond`` µm outside the lumen's edge, evenly by angle, and the directions."""
        theta = np.arange(count, dtype=np.float64) * (2 * math.pi / count) + self.luck * 6
        theta = np.asarray(theta, np.float64)
        radius = self.lumen * self._shape(theta) * self._ellipse(theta) + beyond
        bearing = np.arctan2(np.sin(theta) / self.stretch, np.cos(theta)) + self.angle
        return Points(self.x + radius * np.cos(bearing), self.y + radius * np.sin(bearing)), bearing

    def _shape(self, theta: Doubles) -> Doubles:
        waves = enumerate(self.waves, start=2)
        return 1 + sum((a * np.cos(k * theta + p) for k, (a, p) in waves), np.zeros_like(theta))

    def _ellipse(self, theta: Doubles) -> Doubles:
        return np.hypot(self.stretch * np.cos(theta), np.sin(theta))


def rings(specimen: Specimen, window: Window) -> list[Ring]:
    """All rings in or near a window (left, top, right, bottom, µm)."""
    left, top, right, bottom = window
    wide = (left - _REACH_UM, top - _REACH_UM, right + _REACH_UM, bottom + _REACH_UM)
    glands = _glands(specimen, wide)
    vessels = [ring for ring in _vessels(specimen, wide) if not _overlaps(ring, glands)]
    near = [r for r in (*_tumor_glands(specimen, wide), *glands, *vessels) if _near(r, window)]
    return [ring for ring, fits in zip(near, _fit(specimen, near), strict=True) if fits]


def _overlaps(ring: Ring, others: list[Ring]) -> bool:
    return any(
        math.hypot(ring.x - other.x, ring.y - other.y) < ring.reach + other.reach
        for other in others
    )


def stamp(field: Floats, grid: Grid, ring: Ring, grown: float) -> None:
    """Raise ``field`` to the distance from the ring's lumen grown by ``grown`` µm."""
    margin = ring.reach + _NEAR_UM
    columns = _slice(grid.across, ring.x - margin, ring.x + margin)
    rows = _slice(grid.down, ring.y - margin, ring.y + margin)
    part = field[rows, columns]
    if part.size:
        inside = ring.inside(grid.x[:, columns], grid.y[rows])
        np.maximum(part, inside + np.float32(grown), out=part)


def _tumor_glands(specimen: Specimen, window: Window) -> list[Ring]:
    """Lumens of 16 to 100 µm across, where the nest around them is wide enough."""
    seeds = Jittered.within(specimen.key("tumor glands"), 150.0, window, 0.3)
    size = seeds.random(1)
    lumen = 8 + 36 * size**2.2
    wished = seeds.random(2) < 0.12 + 0.75 * (
        seeds.points.noise(specimen.key("differentiation"), 650.0) > 0.5
    )
    return _built(Kind.TUMOR_GLAND, seeds.where(wished), lumen[wished], 13.0)


def _glands(specimen: Specimen, window: Window) -> list[Ring]:
    seeds = Jittered.within(specimen.key("glands"), 255.0, window, 0.2)
    lumen = 16 + 62 * seeds.random(1) ** 1.6
    wished = (regions.lobules(specimen, seeds.points) > 0) & (seeds.random(2) < 0.85)
    return _built(Kind.GLAND, seeds.where(wished), lumen[wished], 21.0)


def _vessels(specimen: Specimen, window: Window) -> list[Ring]:
    seeds = Jittered.within(specimen.key("vessels"), 210.0, window, 0.35)
    lumen = 4 + 15 * seeds.random(1) ** 2
    wished = seeds.random(2) < 0.5
    return _built(Kind.VESSEL, seeds.where(wished), lumen[wished], 3.0)


_STRETCH = {Kind.GLAND: 0.5, Kind.TUMOR_GLAND: 0.5, Kind.VESSEL: 1.6}


def _built(kind: Kind, seeds: Jittered, lumen: Floats, wall: float) -> list[Ring]:
    drawn = [seeds.random(salt) for salt in range(3, 16)]
    columns = zip(seeds.points.x, seeds.points.y, lumen, *drawn, strict=True)
    return [_ring(kind, wall, [float(value) for value in row]) for row in columns]


def _ring(kind: Kind, wall: float, row: list[float]) -> Ring:
    x, y, lumen, stretch, angle, luck, *rest = row
    waves = tuple((0.16 * rest[k] / (1 + 0.4 * k), rest[k + 5] * 2 * math.pi) for k in range(4))
    stretched = 1 + _STRETCH[kind] * stretch
    shrunk = lumen / math.sqrt(stretched)
    return Ring(kind, x, y, shrunk, wall, stretched, angle * math.pi, waves, luck)


def _fit(specimen: Specimen, made: list[Ring]) -> list[bool]:
    """Which rings lie wholly in the tissue that they belong to."""
    if not made:
        return []
    probes = [_probes(ring) for ring in made]
    sites = Points(np.concatenate([p.x for p in probes]), np.concatenate([p.y for p in probes]))
    inside = regions.tissue(specimen, sites)
    nests = regions.tumor(specimen, sites, inside)
    fat = regions.fat(specimen, sites, inside, nests)
    room = {
        Kind.TUMOR_GLAND: np.asarray(nests > 6),
        Kind.GLAND: np.asarray((nests < -12) & (inside > 25) & (fat < 0)),
        Kind.VESSEL: np.asarray((nests < -6) & (inside > 20) & (fat < -20)),
    }
    fits = {
        kind: np.asarray(free.reshape(len(made), _PROBES).all(axis=1), np.bool_)
        for kind, free in room.items()
    }
    return [bool(fits[ring.kind][i]) for i, ring in enumerate(made)]


def _probes(ring: Ring) -> Points:
    """The centre and places just outside the wall."""
    edge, _ = ring.around(ring.wall + 4, _PROBES - 1)
    return Points(np.append(edge.x, ring.x), np.append(edge.y, ring.y))


def _near(ring: Ring, window: Window) -> bool:
    """Whether a ring bends fibres in the window, let alone reaches into it."""
    left, top, right, bottom = window
    margin = ring.reach + _NEAR_UM
    across = left - margin < ring.x < right + margin
    return across and top - margin < ring.y < bottom + margin


def _slice(axis: Doubles, low: float, high: float) -> slice:
    return slice(*np.searchsorted(axis, (low, high)))
