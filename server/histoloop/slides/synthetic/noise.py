"""Randomness that belongs to places: hashed lattices, smooth noise and jittered points.

A value is a function of a key and of world coordinates (µm) alone, so neighbouring blocks
agree on what crosses their border without knowing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

# SplitMix64's finaliser (Steele, Lea & Flood, OOPSLA 2014) over multiplied coordinates.
_X, _Y = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TO_UNIT = np.float32(2.0**-24)

# Standard deviation of a bicubic B-spline over values uniform in [-1, 1).
_SPREAD = np.float32(0.2767)


def uniform(key: int, column: Integers, row: Integers) -> Floats:
    """Uniform in [0, 1) per integer place; the indices broadcast."""
    z = (column.astype(np.uint64) * _X) ^ (row.astype(np.uint64) * _Y) ^ np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) * _TO_UNIT


class Sites(Protocol):
    """Places where fields are evaluated; ``x`` and ``y`` (µm) broadcast to their shape."""

    @property
    def x(self) -> Doubles: ...

    @property
    def y(self) -> Doubles: ...

    def noise(self, key: int, wavelength: float) -> Floats:
        """Smooth noise of mean 0 and standard deviation 1 whose lattice spans ``wavelength``."""
        ...


def fractal(sites: Sites, key: int, wavelength: float, octaves: int = 2) -> Floats:
    """Noise of standard deviation 1 with finer and fainter noise on top."""
    total = sum(
        sites.noise(key + k, wavelength / 2**k) * np.float32(0.5**k) for k in range(octaves)
    )
    return np.asarray(total / np.sqrt(sum(0.25**k for k in range(octaves))), np.float32)


@dataclass(frozen=True)
class Points:
    """Scattered places, ``(n,)`` each."""

    x: Doubles
    y: Doubles

    def noise(self, key: int, wavelength: float) -> Floats:
        columns, rows = _Taps.at(self.x / wavelength), _Taps.at(self.y / wavelength)
        lattice = uniform(key, columns.index[:, None], rows.index[None]) * 2 - 1
        weighted = lattice * columns.weight[:, None] * rows.weight[None]
        return np.asarray(weighted.sum(axis=(0, 1)) / _SPREAD, np.float32)


@dataclass(frozen=True)
class Grid:
    """Places at the crossings of ``across`` (columns, µm) and ``down`` (rows, µm)."""

    across: Doubles
    down: Doubles

    @classmethod
    def covering(cls, left: float, top: float, right: float, bottom: float, step: float) -> Grid:
        """Multiples of ``step`` around a window, with what interpolation needs beyond it."""
        return cls(_multiples(left, right, step), _multiples(top, bottom, step))

    @property
    def step(self) -> float:
        return float(self.across[1] - self.across[0])

    @property
    def x(self) -> Doubles:
        return self.across[None, :]

    @property
    def y(self) -> Doubles:
        return self.down[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.down), len(self.across)

    def noise(self, key: int, wavelength: float) -> Floats:
        columns = _Taps.at(self.across / wavelength)
        rows = _Taps.at(self.down / wavelength)
        lattice = uniform(key, columns.span[None, :], rows.span[:, None]) * 2 - 1
        return _spline(lattice / _SPREAD, columns, rows)

    def interpolate(self, values: Floats, onto: Grid) -> Floats:
        """Values at this grid's places, smoothed by a B-spline, at the places of another."""
        columns = _Taps.at((onto.across - self.across[0]) / self.step)
        rows = _Taps.at((onto.down - self.down[0]) / self.step)
        inside = values[rows.span[0] : rows.span[-1] + 1, columns.span[0] : columns.span[-1] + 1]
        return _spline(inside, columns, rows)

    def at(self, values: Floats, points: Points) -> Floats:
        """The same at scattered points."""
        columns = _Taps.at((points.x - self.across[0]) / self.step)
        rows = _Taps.at((points.y - self.down[0]) / self.step)
        taken = values[rows.index[None], columns.index[:, None]]
        weighted = taken * columns.weight[:, None] * rows.weight[None]
        return np.asarray(weighted.sum(axis=(0, 1)), np.float32)


@dataclass(frozen=True)
class _Taps:
    """The four lattice places that count at each position, ``(4, n)``, and their weights."""

    index: Integers
    weight: Floats

    @classmethod
    def at(cls, position: Doubles) -> _Taps:
        whole = np.floor(position)
        t = (position - whole).astype(np.float32)
        weight = np.stack(
            [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
        )
        index = whole.astype(np.int64) + np.arange(-1, 3)[:, None]
        return cls(index, np.asarray(weight / np.float32(6), np.float32))

    @cached_property
    def span(self) -> Integers:
        return np.arange(self.index[0].min(), self.index[3].max() + 1)

    @property
    def first(self) -> Integers:
        return np.asarray(self.index - self.span[0])


def _spline(lattice: Floats, columns: _Taps, rows: _Taps) -> Floats:
    """Separable cubic B-spline; without BLAS, whose sums depend on its threads."""
    across = sum(lattice[:, i] * w for i, w in zip(columns.first, columns.weight, strict=True))
    across = np.asarray(across, np.float32)
    result = np.zeros((rows.index.shape[1], across.shape[1]), np.float32)
    for i, w in zip(rows.first, rows.weight, strict=True):
        result += across[i] * w[:, None]
    return result


def _multiples(low: float, high: float, step: float) -> Doubles:
    return np.arange(np.floor(low / step) - 2, np.ceil(high / step) + 3) * step
