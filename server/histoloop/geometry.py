"""Where things are and how large they are.

Two frames and no others: *base* pixels (the slide's finest level, origin top left) and
*level* pixels (a coarser grid over the same extent). `Scale` is the only place where one
becomes the other. A point ``(x, y)`` is continuous: the pixel in column ``j`` covers
``[j, j + 1)`` and its centre lies at ``j + 0.5``, in every frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from histoloop.errors import RegionError, UsageError

PLAUSIBLE_MPP = (0.02, 30.0)
"""µm/px that a scanner can mean; the rest are print and screen resolutions (72–800 dpi)."""


class MppSource(StrEnum):
    """Who said how large a pixel is."""

    METADATA = "metadata"
    USER = "user"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Mpp:
    """Micrometres per pixel along x and y, and where the figures come from."""

    x: float
    y: float
    source: MppSource = MppSource.METADATA

    def __post_init__(self) -> None:
        low, high = PLAUSIBLE_MPP
        if not (low <= self.x <= high and low <= self.y <= high):
            raise UsageError(
                f"{self.x:g} × {self.y:g} µm/px is no plausible pixel size",
                hint=f"give micrometres per pixel between {low:g} and {high:g}",
            )

    @classmethod
    def square(cls, value: float, source: MppSource = MppSource.METADATA) -> Mpp:
        """The same scale along both axes."""
        return cls(value, value, source)

    @classmethod
    def plausible(cls, x: float, y: float) -> Mpp | None:
        """What a file says, or `None` for what cannot come from a microscope (72 dpi)."""
        low, high = PLAUSIBLE_MPP
        return cls(x, y) if low <= x <= high and low <= y <= high else None


class Size(NamedTuple):
    """Width and height in pixels of some frame."""

    width: int
    height: int


class Box(NamedTuple):
    """Half-open pixel rectangle ``[x, x + width) × [y, y + height)`` of some frame."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @classmethod
    def between(cls, left: int, top: int, right: int, bottom: int) -> Box:
        """The box with these edges; an inverted pair of edges gives an empty box."""
        return cls(left, top, max(0, right - left), max(0, bottom - top))

    @classmethod
    def of(cls, size: Size) -> Box:
        """The whole of a frame."""
        return cls(0, 0, size.width, size.height)

    def intersect(self, other: Box) -> Box:
        """What both boxes share, perhaps empty."""
        return Box.between(
            max(self.x, other.x),
            max(self.y, other.y),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def grow(self, margin: int) -> Box:
        """The box with a margin on every side."""
        return Box(
            self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin
        )

    def within(self, origin: Box) -> tuple[slice, slice]:
        """Rows and columns of this box in an array that covers ``origin``."""
        top, left = self.y - origin.y, self.x - origin.x
        return slice(top, top + self.height), slice(left, left + self.width)

    def split(self, step: int) -> Iterator[Box]:
        """Disjoint boxes of at most ``step`` px a side, aligned to multiples of ``step``."""
        for y in range(self.y // step * step, self.bottom, step):
            for x in range(self.x // step * step, self.right, step):
                yield self.intersect(Box(x, y, step, step))


@dataclass(frozen=True)
class Scale:
    """Base pixels per level pixel along x and y: the one converter between frames."""

    x: float
    y: float

    @classmethod
    def between(cls, base: Mpp, level: Mpp) -> Scale:
        """The scale of a level of ``level`` µm/px over a slide of ``base`` µm/px."""
        return cls(level.x / base.x, level.y / base.y)

    def size(self, base: Size) -> Size:
        """Level size that covers a base of this size entirely."""
        return Size(_ceil(base.width / self.x), _ceil(base.height / self.y))

    def to_level(self, base: Box) -> Box:
        """The smallest level box that covers a base box."""
        return Box.between(
            _floor(base.x / self.x),
            _floor(base.y / self.y),
            _ceil(base.right / self.x),
            _ceil(base.bottom / self.y),
        )

    def to_base(self, level: Box) -> Box:
        """The smallest base box that covers a level box."""
        return Box.between(
            _floor(level.x * self.x),
            _floor(level.y * self.y),
            _ceil(level.right * self.x),
            _ceil(level.bottom * self.y),
        )


# Sizes such as 957 / (1.0 / 0.25) must not gain a pixel to rounding noise.
_NOISE = 1e-6


def _ceil(value: float) -> int:
    return math.ceil(value - _NOISE)


def _floor(value: float) -> int:
    return math.floor(value + _NOISE)


def region_of_interest(asked_for: Box | None, slide: Size, name: str) -> Box:
    """Clip a requested base box to the slide; `None` means all of it.

    Raises:
        RegionError: the region does not touch the slide.
    """
    whole = Box.of(slide)
    if asked_for is None:
        return whole
    clipped = asked_for.intersect(whole)
    if clipped.empty:
        asked = ",".join(str(value) for value in asked_for)
        raise RegionError(
            f"{name}: region {asked} lies outside the slide",
            hint=f"the slide spans 0,0,{slide.width},{slide.height} base pixels (X,Y,W,H)",
        )
    return clipped
