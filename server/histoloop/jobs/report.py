"""What a run says about itself: `report.json`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from histoloop.jobs.prediction import ShardResult, peak_rss


@dataclass
class Tally:
    """What the shards of a run cost, added up as they come."""

    started: float = field(default_factory=time.perf_counter)
    read_s: float = 0.0
    predict_s: float = 0.0
    stitch_s: float = 0.0
    trace_s: float = 0.0
    tiles: int = 0
    resumed: int = 0
    peaks: dict[str, int] = field(default_factory=dict)

    def add(self, result: ShardResult) -> None:
        """Count a shard."""
        self.read_s += result.read_s
        self.predict_s += result.predict_s
        self.tiles += len(result.tiles)
        self.resumed += len(result.tiles) if result.resumed else 0
        if result.worker:
            self.peaks[result.worker] = max(result.peak_rss, self.peaks.get(result.worker, 0))

    def seconds(self) -> dict[str, float]:
        """Seconds by stage; reading and predicting are summed over the workers."""
        return {
            "read": round(self.read_s, 3),
            "predict": round(self.predict_s, 3),
            "stitch": round(self.stitch_s, 3),
            "trace": round(self.trace_s, 3),
            "total": round(time.perf_counter() - self.started, 3),
        }

    @property
    def peak_rss(self) -> int:
        """Bytes of all processes that took part, each at its own peak."""
        mine = peak_rss()
        return sum(self.peaks.values()) + (mine if mine not in self.peaks.values() else 0)


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
