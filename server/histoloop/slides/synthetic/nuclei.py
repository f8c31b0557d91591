"""Nuclei: where they are, which shape they have and how dark they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from histoloop.slides.synthetic.anatomy import MARGIN_UM, Anatomy
from histoloop.slides.synthetic.noise import Doubles, Floats, Grid, Points, uniform
from histoloop.slides.synthetic.rings import Kind, Ring
from histoloop.slides.synthetic.scatter import Jittered
from histoloop.slides.synthetic.specimen import Specimen

TUMOR_SPACING_UM = 11.6
JITTER = 0.3


@dataclass(frozen=True)
class Nuclei:
    """A population; ``(n,)`` float each.

    Attributes:
        x, y: centre, µm; long, short: half axes, µm; angle: of the long axis.
        darkness: amount of haematoxylin; vesicular: how much paler the inside is, 0 to 1.
        roughness: how far the outline departs from an ellipse.
        luck: uniform number that decides about details.
    """

    x: Doubles
    y: Doubles
    long: Floats
    short: Floats
    angle: Floats
    darkness: Floats
    vesicular: Floats
    roughness: Floats
    luck: Floats

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def joined(cls, parts: list[Nuclei]) -> Nuclei:
        names = [attribute.name for attribute in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def tumor_cells(specimen: Specimen, anatomy: Anatomy) -> Jittered:
    """Centres of tumour cells; crowded, as the cells of an epithelium are."""
    seeds = _seeds(specimen, anatomy, "tumor cells", TUMOR_SPACING_UM, JITTER)
    in_tumor = _value(anatomy, anatomy.tumor, seeds) > 3.2
    # The cells around a lumen stand in a row of their own.
    off_lumen = _value(anatomy, anatomy.tumor_lumen, seeds) < -12.5
    return seeds.where(in_tumor & off_lumen & (seeds.random(1) < 0.965))


def populations(specimen: Specimen, anatomy: Anatomy) -> Nuclei:
    """All nuclei that reach into the anatomy's window; far cells first, to be drawn over."""
    parts = [
        _spindles(specimen, anatomy),
        _tumor(specimen, anatomy),
        *(_of_ring(specimen, ring) for ring in anatomy.rings),
        _lymphocytes(specimen, anatomy),
    ]
    return _in_tissue(anatomy, Nuclei.joined([part for part in parts if len(part)] or parts[:1]))


def _in_tissue(anatomy: Anatomy, nuclei: Nuclei) -> Nuclei:
    left, top, right, bottom = anatomy.window
    near = (nuclei.x > left - MARGIN_UM) & (nuclei.x < right + MARGIN_UM)
    near &= (nuclei.y > top - MARGIN_UM) & (nuclei.y < bottom + MARGIN_UM)
    nuclei = _chosen(nuclei, near)
    inside = anatomy.grid.at(anatomy.tissue, Points(nuclei.x, nuclei.y)) > nuclei.short
    return _chosen(nuclei, inside)


def _chosen(nuclei: Nuclei, chosen: NDArray[np.bool_]) -> Nuclei:
    return Nuclei(*(getattr(nuclei, attribute.name)[chosen] for attribute in fields(Nuclei)))


def _tumor(specimen: Specimen, anatomy: Anatomy) -> Nuclei:
    cells = tumor_cells(specimen, anatomy)
    grade = cells.points.noise(specimen.key("grade"), 500.0)
    size = (4.25 + 0.3 * grade) * np.exp(_normal(cells, 2) * (0.18 + 0.03 * grade))
    stretch = 1.08 + 0.6 * cells.random(3) ** 1.5
    giant = cells.random(4) < 0.012
    size = np.clip(np.where(giant, size * 1.55, size), 2.6, 9.0)
    chromatin = 0.6 * cells.points.noise(specimen.key("chromatin"), 90.0) + _normal(cells, 5)
    return Nuclei(
        cells.points.x,
        cells.points.y,
        size * np.sqrt(stretch),
        size / np.sqrt(stretch),
        _along(anatomy, cells, 6, 0.9),
        np.clip(1.2 + 0.25 * chromatin, 0.7, 2.1).astype(np.float32),
        np.clip(0.42 - 0.3 * chromatin, 0, 0.75).astype(np.float32),
        np.full(len(cells.column), 0.075, np.float32),
        cells.random(7),
    )


def _spindles(specimen: Specimen, anatomy: Anatomy) -> Nuclei:
    """Fibroblasts: thin nuclei along the fibres, more where the stroma is loose."""
    seeds = _seeds(specimen, anatomy, "fibroblasts", 15.5, 0.45)
    free = np.maximum.reduce([anatomy.tumor, anatomy.gland, anatomy.vessel, anatomy.fat + 6])
    loose = _value(anatomy, anatomy.looseness, seeds)
    chance = np.clip(0.36 + 0.16 * loose, 0.06, 0.8)
    seeds = seeds.where((_value(anatomy, free, seeds) < -2.5) & (seeds.random(1) < chance))
    return Nuclei(
        seeds.points.x,
        seeds.points.y,
        3.2 + 4.8 * seeds.random(2) ** 1.5,
        0.85 + 1.0 * seeds.random(3) ** 2,
        _along(anatomy, seeds, 4, 0.22),
        1.1 + 0.6 * seeds.random(5),
        0.25 * seeds.random(6),
        np.full(len(seeds.column), 0.05, np.float32),
        seeds.random(7),
    )


def _lymphocytes(specimen: Specimen, anatomy: Anatomy) -> Nuclei:
    """Small round dark nuclei: clusters, and strays between them and within the tumour."""
    seeds = _seeds(specimen, anatomy, "lymphocytes", 8.0, 0.4)
    cluster = _value(anatomy, anatomy.inflammation, seeds)
    solid = np.maximum.reduce([anatomy.gland, anatomy.lumen, anatomy.fat])
    in_stroma = 0.014 + 0.9 * np.exp(np.minimum(cluster - 8, 0) / 11)
    chance = np.where(_value(anatomy, anatomy.tumor, seeds) > 0, 0.012, in_stroma)
    free = _value(anatomy, solid, seeds) < -2
    seeds = seeds.where(free & (seeds.random(1) < np.minimum(chance, 0.9)))
    size = 2.75 + 0.75 * seeds.random(2)
    return Nuclei(
        seeds.points.x,
        seeds.points.y,
        size * 1.06,
        size * 0.94,
        seeds.random(3) * np.float32(math.pi),
        1.5 + 0.45 * seeds.random(4),
        0.22 * seeds.random(5),
        np.full(len(seeds.column), 0.03, np.float32),
        seeds.random(7),
    )


def _of_ring(specimen: Specimen, ring: Ring) -> Nuclei:
    if ring.kind is Kind.VESSEL:
        return _row(specimen, ring, 1.2, 14.0, (3.6, 1.0), math.pi / 2, 1.5)
    if ring.kind is Kind.TUMOR_GLAND:
        return _row(specimen, ring, 7.2, 7.4, (4.7, 3.3), 0.0, 1.4)
    basal = _row(specimen, ring, ring.wall - 7.5, 5.0, (4.6, 2.5), 0.0, 1.3)
    outer = _row(specimen, ring, ring.wall + 0.6, 19.0, (4.4, 1.0), math.pi / 2, 1.5)
    return Nuclei.joined([basal, outer])


def _row(
    specimen: Specimen,
    ring: Ring,
    beyond: float,
    pitch: float,
    axes: tuple[float, float],
    turned: float,
    darkness: float,
) -> Nuclei:
    """Nuclei side by side ``beyond`` µm outside the lumen, turned against its radius."""
    count = max(3, round(2 * math.pi * (ring.lumen * math.sqrt(ring.stretch) + beyond) / pitch))
    places, bearing = ring.around(beyond, count)
    key = specimen.key(f"row {pitch}") ^ int(ring.luck * (1 << 24))
    order = np.arange(count)
    luck = [uniform(key, order, np.full(count, salt)) for salt in range(6)]
    out = (luck[0] - 0.5) * min(axes[0], 6.0)
    size = 0.78 + 0.4 * luck[1]
    return Nuclei(
        places.x + out * np.cos(bearing),
        places.y + out * np.sin(bearing),
        axes[0] * size,
        axes[1] * size,
        (bearing + turned + (luck[2] - 0.5) * 0.6).astype(np.float32),
        darkness + 0.5 * (luck[3] - 0.5),
        0.4 * luck[4],
        np.full(count, 0.05, np.float32),
        luck[5],
    )


def _seeds(
    specimen: Specimen, anatomy: Anatomy, name: str, spacing: float, jitter: float
) -> Jittered:
    left, top, right, bottom = anatomy.window
    reach = MARGIN_UM - 2
    window = (left - reach, top - reach, right + reach, bottom + reach)
    seeds = Jittered.within(specimen.key(name), spacing, window, jitter)
    return seeds.where(_covered(anatomy.grid, seeds.points))


def _covered(grid: Grid, points: Points) -> NDArray[np.bool_]:
    """Where the grid can be interpolated."""
    low, high = grid.step, 2 * grid.step
    inside = (points.x > grid.across[0] + low) & (points.x < grid.across[-1] - high)
    inside &= (points.y > grid.down[0] + low) & (points.y < grid.down[-1] - high)
    return np.asarray(inside)


def _value(anatomy: Anatomy, field: Floats, seeds: Jittered) -> Floats:
    return anatomy.grid.at(field, seeds.points)


def _along(anatomy: Anatomy, seeds: Jittered, salt: int, spread: float) -> Floats:
    """The fibres' direction, more or less."""
    grid = anatomy.grid
    column = np.rint((seeds.points.x - grid.across[0]) / grid.step).astype(np.int64)
    row = np.rint((seeds.points.y - grid.down[0]) / grid.step).astype(np.int64)
    angle = anatomy.direction()[row, column] + spread * _normal(seeds, salt)
    return np.asarray(angle, np.float32)


def _normal(seeds: Jittered, salt: int) -> Floats:
    """About normal: the sum of three uniform numbers, within ± 3."""
    total = sum(seeds.random(100 * salt + k) for k in range(3)) - np.float32(1.5)
    return np.asarray(total * np.float32(2), np.float32)
