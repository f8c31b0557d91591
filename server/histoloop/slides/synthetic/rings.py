"""Round structures with a hollow: normal glands, glands of the tumour, small vessels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from histoloop.slides.synthetic import regions
from histoloop.slides.synthetic.noise import Doubles, Floats, Grid, Jittered, Points
from histoloop.slides.synthetic.specimen import Specimen

Window = tuple[float, float, float, float]

_PROBES = 10
_REACH_UM = 190.0
"""No ring extends farther from its centre."""

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
    """All rings that touch a window (left, top, right, bottom, µm)."""
    left, top, right, bottom = window
    wide = (left - _REACH_UM, top - _REACH_UM, right + _REACH_UM, bottom + _REACH_UM)
    found = [*_tumor_glands(specimen, wide), *_glands(specimen, wide), *_vessels(specimen, wide)]
    return [ring for ring in found if _touches(ring, window)]


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
    return _where_room(specimen, Kind.TUMOR_GLAND, seeds.where(wished), lumen[wished], 13.0)


def _glands(specimen: Specimen, window: Window) -> list[Ring]:
    seeds = Jittered.within(specimen.key("glands"), 255.0, window, 0.2)
    lumen = 16 + 62 * seeds.random(1) ** 1.6
    wished = (regions.lobules(specimen, seeds.points) > 0) & (seeds.random(2) < 0.85)
    return _where_room(specimen, Kind.GLAND, seeds.where(wished), lumen[wished], 21.0)


def _vessels(specimen: Specimen, window: Window) -> list[Ring]:
    seeds = Jittered.within(specimen.key("vessels"), 210.0, window, 0.35)
    lumen = 4 + 15 * seeds.random(1) ** 2
    wished = seeds.random(2) < 0.5
    return _where_room(specimen, Kind.VESSEL, seeds.where(wished), lumen[wished], 3.0)


_STRETCH = {Kind.GLAND: 0.5, Kind.TUMOR_GLAND: 0.5, Kind.VESSEL: 1.6}


def _where_room(
    specimen: Specimen, kind: Kind, seeds: Jittered, lumen: Floats, wall: float
) -> list[Ring]:
    """The rings that lie wholly in the tissue they belong to."""
    drawn = [seeds.random(salt) for salt in range(3, 16)]
    columns = zip(seeds.points.x, seeds.points.y, lumen, *drawn, strict=True)
    made = [_ring(kind, wall, [float(value) for value in row]) for row in columns]
    return [ring for ring, fits in zip(made, _fit(specimen, made), strict=True) if fits]


def _ring(kind: Kind, wall: float, row: list[float]) -> Ring:
    x, y, lumen, stretch, angle, luck, *rest = row
    waves = tuple((0.16 * rest[k] / (1 + 0.4 * k), rest[k + 5] * 2 * math.pi) for k in range(4))
    stretched = 1 + _STRETCH[kind] * stretch
    shrunk = lumen / math.sqrt(stretched)
    return Ring(kind, x, y, shrunk, wall, stretched, angle * math.pi, waves, luck)


def _fit(specimen: Specimen, made: list[Ring]) -> list[bool]:
    if not made:
        return []
    probes = [_probes(ring) for ring in made]
    sites = Points(np.concatenate([p.x for p in probes]), np.concatenate([p.y for p in probes]))
    inside = regions.tissue(specimen, sites)
    nests = regions.tumor(specimen, sites, inside)
    fat = regions.fat(specimen, sites, inside, nests)
    room: dict[Kind, NDArray[np.bool_]] = {
        Kind.TUMOR_GLAND: nests > 6,
        Kind.GLAND: (nests < -12) & (inside > 25) & (fat < 0),
        Kind.VESSEL: (nests < -6) & (inside > 20) & (fat < -20),
    }
    shaped = {kind: ok.reshape(len(made), _PROBES).all(axis=1) for kind, ok in room.items()}
    return [bool(shaped[ring.kind][i]) for i, ring in enumerate(made)]


def _probes(ring: Ring) -> Points:
    """The centre and places just outside the wall."""
    edge, _ = ring.around(ring.wall + 4, _PROBES - 1)
    return Points(np.append(edge.x, ring.x), np.append(edge.y, ring.y))


def _touches(ring: Ring, window: Window) -> bool:
    left, top, right, bottom = window
    return (
        left - ring.reach < ring.x < right + ring.reach
        and top - ring.reach < ring.y < bottom + ring.reach
    )


def _slice(axis: Doubles, low: float, high: float) -> slice:
    return slice(*np.searchsorted(axis, (low, high)))
