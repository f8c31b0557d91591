"""What a run says about itself: `report.json`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from histoloop.jobs.prediction import ShardResult, peak_rss, this_process

STAGES = (
    *("tissue", "calibrate", "load", "read", "resample", "predict"),
    *("stitch", "store", "trace", "write"),
)
"""What a run spends its time on, in the order of the journey."""


@dataclass
class Tally:
    """What a run costs, added up as its parts come."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    tiles: int = 0
    resumed: int = 0
    peaks: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of a block to one of `STAGES`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] += time.perf_counter() - start

    def add(self, result: ShardResult) -> None:
        """Count a shard."""
        for stage, seconds in result.seconds.items():
            self.stages[stage] += seconds
        self.tiles += len(result.tiles)
        self.resumed += len(result.tiles) if result.resumed else 0
        if result.worker:
            self.peaks[result.worker] = max(result.peak_rss, self.peaks.get(result.worker, 0))

    def seconds(self) -> dict[str, float]:
        """Seconds by stage; what workers do is summed over them, ``total`` is on the clock.

        ``tissue`` opens the slide and looks for tissue, ``calibrate`` makes and judges an int8
        network where there is none yet, ``load`` makes the model ready, ``read``
        decodes, ``resample`` brings pixels to the model's scale, ``write`` makes mask.tiff,
        annotation.json and pictures.
        """
        spent = {stage: round(seconds, 3) for stage, seconds in self.stages.items()}
        return spent | {"total": round(time.perf_counter() - self.started, 3)}

    @property
    def peak_rss(self) -> int:
        """Bytes of all processes that took part, each at its own peak."""
        return sum({**self.peaks, this_process(): peak_rss()}.values())


@dataclass(frozen=True)
class ClassArea:
    """How much of a class there is.

    Attributes:
        share: of the tissue in the region; 0 when there is none.
    """

    name: str
    code: int
    area_mm2: float
    share: float


@dataclass(frozen=True)
class Vectorisation:
    """How well the polygons stand for the mask.

    Attributes:
        iou: of the mask and the rasterised polygons; 1 where both are empty.
        tolerance_px: how far an outline may have been moved, mask pixels.
    """

    iou: float
    polygons: int
    holes: int
    vertices: int
    tolerance_px: float


@dataclass(frozen=True)
class Report:
    """The whole of `report.json`.

    Attributes:
        tiling: px of tile, halo and overlap, and whether the picture was one tile.
        pictures: ``files`` that lie beside it, and whether they were ``sharpened``.
        runtime_reason: why that runtime was chosen.
        calibration: where int8 was computed, what speaks for its network.
    """

    run: str
    plan: str
    software: str
    slide: dict[str, Any]
    model: dict[str, Any]
    region: list[int]
    threshold: float
    tta: int
    runtime: str
    tiles: dict[str, int]
    seconds: dict[str, float]
    peak_rss_bytes: int
    seam: dict[str, float]
    classes: list[ClassArea]
    vectorisation: Vectorisation
    warnings: list[str]
    tiling: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)
    runtime_reason: str = ""
    precision: str = "fp32"
    calibration: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> Report | None:
        """The report of a run that is complete; `None` where there is none, or an older one's."""
        try:
            said = json.loads(path.read_bytes())
            return cls(
                **said
                | {
                    "classes": [ClassArea(**one) for one in said["classes"]],
                    "vectorisation": Vectorisation(**said["vectorisation"]),
                }
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
