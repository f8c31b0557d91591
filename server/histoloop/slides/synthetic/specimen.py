"""What a synthetic slide is made from: everything else is a pure function of this."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from histoloop.errors import UsageError
from histoloop.geometry import Size

_MPP_RANGE = (0.2, 4.0)
_SHARE_RANGE = (0.0, 0.9)


class Tissue(IntEnum):
    """Codes of the ground truth; what lies under ink keeps its own code."""

    GLASS = 0
    STROMA = 1
    TUMOR = 2
    INFLAMMATORY = 3
    GLAND = 4
    LUMEN = 5
    """Hollows of normal glands, of vessels and of glands within the tumour."""
    FAT = 6


Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Stain:
    """Optical densities (natural logarithm) of R, G, B per unit of each stain, and amounts.

    The default vectors lie between Ruifrok & Johnston (Anal Quant Cytol Histol 23, 2001) and
    what breast tumours of TCGA show.
    """

    haematoxylin: Rgb = (0.63, 0.72, 0.29)
    eosin: Rgb = (0.09, 0.94, 0.32)
    haematoxylin_amount: float = 1.0
    eosin_amount: float = 1.0
    white: Rgb = (243.0, 242.0, 244.0)
    """Grey values of empty glass."""

    @classmethod
    def of_laboratory(cls, seed: int) -> Stain:
        """A stain as some laboratory's machine and some scanner would have it."""
        random = np.random.default_rng([seed, zlib.crc32(b"stain")])
        base = cls()
        warmth = float(random.uniform(240, 245))
        return cls(
            _jittered(base.haematoxylin, 0.03, random),
            _jittered(base.eosin, 0.04, random),
            float(random.uniform(0.88, 1.12)),
            float(random.uniform(0.85, 1.15)),
            (warmth, float(random.uniform(239, 244)), float(random.uniform(239, 245))),
        )


def _jittered(vector: Rgb, spread: float, random: np.random.Generator) -> Rgb:
    moved = np.maximum(np.array(vector) + random.normal(0, spread, 3), 0.02)
    red, green, blue = (moved / np.linalg.norm(moved)).tolist()
    return red, green, blue


@dataclass(frozen=True)
class Specimen:
    """A synthetic H&E slide.

    The anatomy depends on the extent in µm and on the seed only: at half the ``mpp`` and
    twice the ``size`` the same tissue appears, scanned more finely.

    Attributes:
        size: base pixels; mpp: µm per pixel, 0.2 to 4.
        pen, fold: whether a felt pen marked the glass, whether the section is folded.
        tumor_share: TUMOR as a share of the tissue, before lumens are cut out of it.
        tissue_share: tissue as a share of the slide.
        stain: by default as `Stain.of_laboratory` has it for the seed.

    Raises:
        UsageError: a figure is out of range.
    """

    size: Size
    mpp: float = 0.5
    seed: int = 0
    pen: bool = True
    fold: bool = True
    tumor_share: float = 0.4
    tissue_share: float = 0.5
    stain: Stain = field(default=None)  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        _require("mpp", self.mpp, _MPP_RANGE)
        _require("tumor_share", self.tumor_share, _SHARE_RANGE)
        _require("tissue_share", self.tissue_share, _SHARE_RANGE)
        if min(self.size) < 1 or self.seed < 0:
            raise UsageError(f"no slide has {self.size} pixels or seed {self.seed}")
        if self.stain is None:
            object.__setattr__(self, "stain", Stain.of_laboratory(self.seed))

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height, µm."""
        return self.size.width * self.mpp, self.size.height * self.mpp

    def key(self, name: str) -> int:
        """A 64-bit key for everything random about ``name`` on this slide."""
        return zlib.crc32(name.encode(), self.seed & 0xFFFFFFFF) << 32 | zlib.crc32(name.encode())


def _require(name: str, value: float, span: tuple[float, float]) -> None:
    low, high = span
    if not low <= value <= high:
        raise UsageError(f"{name} {value:g} makes no slide", hint=f"{low:g} to {high:g} does")
