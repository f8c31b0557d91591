"""What a segmentation is going to do, settled before anything is computed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from histoloop.errors import SlideError, UsageError
from histoloop.geometry import Box, Mpp, Scale, Size, region_of_interest
from histoloop.jobs.inference_options import PictureOptions, TileOptions
from histoloop.masks.labels import LabelClass
from histoloop.masks.mask import MaskFrame
from histoloop.models.registry import Model
from histoloop.models.runtimes import Precision, RuntimeName
from histoloop.models.runtimes.quantised import Calibration
from histoloop.slides.slide import Slide, SlideAddress, known_mpp
from histoloop.tiling.grid import Cell, TileGrid
from histoloop.tiling.tissue import TissueMask, find_tissue

_MOST_ENLARGED = 4.0
"""Slide pixels are enlarged so far and no further: beyond, a prediction only costs more."""

_SMALLEST_UM = 16.0
"""A slide narrower than two nuclei shows no tissue."""


@dataclass(frozen=True)
class SegmentParameters:
    """What a user asks for.

    Attributes:
        slide: where it is.
        model: reference or folder; out: the folder of this slide's results.
        roi: base pixels, `None` for the whole slide.
        tta: 1, 4 or 8 turns of every tile.
        precision: int8 is used only where the model's labels stay what they are.
        tissue_only: leave out tiles without tissue.
        resume: keep the shards that an interrupted run left in ``out``.
        tiles: how the slide is cut; pictures: what is written beside the files of every run.
    """

    slide: SlideAddress
    model: str
    out: Path
    roi: Box | None = None
    threshold: float = 0.5
    tta: int = 1
    runtime: RuntimeName = RuntimeName.AUTO
    precision: Precision = Precision.FP32
    tissue_only: bool = True
    resume: bool = False
    tiles: TileOptions = field(default_factory=TileOptions)
    pictures: PictureOptions = field(default_factory=PictureOptions)

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise UsageError(
                f"threshold {self.threshold:g} is out of range",
                hint="give a probability in (0, 1]",
            )
        if self.precision is Precision.INT8 and self.runtime is RuntimeName.TENSORFLOW:
            raise UsageError("TensorFlow has no int8", hint="leave --runtime or --precision out")
        if self.tta not in (1, 4, 8):
            raise UsageError(f"tta {self.tta} is not offered", hint="give 1, 4 or 8")


@dataclass(frozen=True)
class Plan:
    """A slide, a model, and the tiles between them.

    Attributes:
        model: its card has the tiles that were asked for.
        region: the part asked for, base pixels.
        calibration: of the int8 network that stands for the model's; `None` for fp32.
    """

    parameters: SegmentParameters
    slide: Slide
    model: Model
    region: Box
    tissue: TissueMask | None
    run: str
    calibration: Calibration | None = None

    @property
    def base_mpp(self) -> Mpp:
        return known_mpp(self.slide)

    @property
    def mpp(self) -> float:
        """µm/px of the prediction: the model's, but for slides that are far too coarse for it.

        A whole picture has the one at which its longer side is a tile.
        """
        base, card = self.base_mpp, self.model.card
        wanted = card.mpp
        if self.parameters.tiles.whole:
            size = self.slide.size
            wanted = max(size.width * base.x, size.height * base.y) / card.tile
        return max(wanted, max(base.x, base.y) / _MOST_ENLARGED)

    @property
    def scale(self) -> Scale:
        """Base pixels per pixel of the prediction."""
        return Scale.between(self.base_mpp, Mpp.square(self.mpp))

    @property
    def labels(self) -> tuple[LabelClass, ...]:
        """The classes that the model tells apart."""
        return self.model.card.labels

    @property
    def tissue_mm2(self) -> float:
        """Tissue in the region; all of the region where glass was not looked for."""
        mm2 = self.region.area * self.base_mpp.x * self.base_mpp.y / 1e6
        return mm2 * (self.tissue.share(self.region) if self.tissue else 1.0)

    @property
    def frame(self) -> Size:
        """The slide at the scale of the prediction."""
        return self.scale.size(self.slide.size)

    @property
    def mask_frame(self) -> MaskFrame:
        card = self.model.card
        return MaskFrame(
            self.slide.size, self.base_mpp, self.mpp, card.labels, chunk=card.tiling.step
        )

    @cached_property
    def grid(self) -> TileGrid:
        region = self.scale.to_level(self.region).intersect(Box.of(self.frame))
        return TileGrid(self.model.card.tiling, self.frame, region)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells to predict."""
        return tuple(cell for cell in self.grid.cells if self._has_tissue(cell))

    @property
    def digest(self) -> str:
        """Shards of two runs with the same digest hold the same bytes."""
        p = self.parameters
        said = (self.slide.fingerprint, self.base_mpp, self.model.card.digest, self.grid, p.tta)
        return hashlib.blake2b(
            repr((said, p.runtime, self.calibration)).encode(), digest_size=12
        ).hexdigest()

    def base_box(self, cell: Cell) -> Box:
        """The base pixels that a cell covers."""
        return self.scale.to_base(self.grid.write_box(cell)).intersect(Box.of(self.slide.size))

    def _has_tissue(self, cell: Cell) -> bool:
        if self.tissue is None:
            return True
        # All of the cell, not the region's part of it: the whole slide would decide the same.
        own = self.grid.cell_box(cell).intersect(Box.of(self.frame))
        return self.tissue.touches(self.scale.to_base(own))

    def warnings(self) -> list[str]:
        """What the user should know although it works."""
        wanted, had = self.model.card.mpp, max(self.base_mpp.x, self.base_mpp.y)
        if self.parameters.tiles.whole and not 2 / 3 <= self.mpp / wanted <= 1.5:
            return [
                f"{self.slide.name} is one tile at {self.mpp:.3g} µm/px, the model was trained at "
                f"{wanted:g}: leave --whole out where the prediction matters"
            ]
        if had <= 1.5 * wanted:
            return []
        return [
            f"{self.slide.name} has {had:.3g} µm/px, the model was trained at {wanted:g}: "
            f"the pixels were enlarged to {self.mpp:.3g} and the prediction means little"
        ]


def make_plan(parameters: SegmentParameters, slide: Slide, model: Model, run: str | None) -> Plan:
    """Check what can be checked and look for tissue.

    Raises:
        MissingScaleError: the slide does not say its scale and the user did not.
        SlideError: the slide is damaged, or too small to show tissue.
        RegionError: the region lies outside the slide.
        UsageError: the model does not take such tiles.
    """
    mpp = known_mpp(slide)
    if min(slide.size.width * mpp.x, slide.size.height * mpp.y) < _SMALLEST_UM:
        raise SlideError(
            f"{slide.name}: {slide.size.width} × {slide.size.height} px of {mpp.x:g} µm "
            "are too small to show tissue",
            hint=f"a side needs at least {_SMALLEST_UM:g} µm",
        )
    region = region_of_interest(parameters.roi, slide.size, slide.name)
    model = replace(model, card=parameters.tiles.applied(model.card))
    plan = Plan(parameters, slide, model, region, None, run or uuid4().hex[:12])
    return replace(plan, tissue=find_tissue(slide)) if parameters.tissue_only else plan
