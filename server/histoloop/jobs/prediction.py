"""One shard of a segmentation: read its tiles, predict them, put them on disk.

A pure function of its task; it runs in a thread, in another process or on another machine.
"""

from __future__ import annotations

import os
import resource
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.models import runtimes
from histoloop.models.card import ModelCard, read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import Runtime, RuntimeName
from histoloop.models.segmenter import Segmenter
from histoloop.slides.reading import read
from histoloop.slides.slide import Level, Pixels, Slide, SlideAddress, changed, known_mpp
from histoloop.tiling.grid import Cell, Shard, TileGrid, Tiling
from histoloop.tiling.stitching import Probabilities


@dataclass(frozen=True)
class PredictionTask:
    """What every shard of a run has in common; small, picklable, hashable.

    Attributes:
        slide: where it is; fingerprint: what must lie there; mpp: µm/px to predict at.
        model: model folder; cache: folder for converted networks.
        network: an int8 network in the place of the model's, `None` for none.
        threads: CPU threads of one prediction.
        folder: where finished shards go.
    """

    slide: SlideAddress
    fingerprint: str
    mpp: float
    model: Path
    grid: TileGrid
    tta: int
    runtime: RuntimeName
    network: Path | None
    threads: int
    cache: Path
    folder: Path

    def shard_path(self, shard: Shard) -> Path:
        return self.folder / f"{shard.number:06d}.npz"


@dataclass(frozen=True)
class ShardResult:
    """Predicted tiles, each ``(classes, reach, reach)``, and what they cost.

    Attributes:
        seconds: of the worker, by the name of the stage.
        worker: host and process; peak_rss: bytes that it held at most so far.
        resumed: found on disk instead of computed.
    """

    tiles: dict[Cell, Probabilities]
    seconds: dict[str, float] = field(default_factory=dict)
    worker: str = ""
    peak_rss: int = 0
    resumed: bool = False


def predict_shard(task: PredictionTask, shard: Shard) -> ShardResult:
    """Predict the tiles of a shard, or load them when they lie on disk already."""
    path = task.shard_path(shard)
    if (tiles := _load(path)) is not None:
        return ShardResult(tiles, resumed=True)
    began = time.perf_counter()
    runtime = _runtime(
        task.model, task.runtime, task.network, task.threads, task.cache, task.grid.tiling
    )
    segmenter = Segmenter(_card(task.model, task.grid.tiling), runtime, task.tta)
    slide = _slide(task.slide, task.fingerprint)
    tiles, seconds = dict[Cell, Probabilities](), {"load": time.perf_counter() - began}
    source = _Source(slide, Scale.between(known_mpp(slide), Mpp.square(task.mpp)))
    with ThreadPoolExecutor(1) as reader:  # the next tile is read while this one is predicted
        coming = reader.map(source.read, map(task.grid.read_box, shard.cells))
        # One tile at a time: on a CPU larger batches are no faster and hold more memory.
        for cell, pixels in zip(shard.cells, coming, strict=True):
            began = time.perf_counter()
            tiles[cell] = segmenter.predict(pixels[None])[0]
            seconds["predict"] = seconds.get("predict", 0.0) + time.perf_counter() - began
    slide.refuse_changed()  # after the last pixel was read, before the first is believed
    began = time.perf_counter()
    _save(path, tiles)
    seconds["store"] = time.perf_counter() - began
    worker = f"{os.uname().nodename}:{os.getpid()}"
    return ShardResult(tiles, seconds | source.seconds, worker, peak_rss())


@dataclass
class _Source:
    """Tiles of a slide, and what they cost: decoding apart from resampling."""

    slide: Slide
    scale: Scale
    _decoding: float = 0.0
    _reading: float = 0.0

    @property
    def size(self) -> Size:
        return self.slide.size

    @property
    def levels(self) -> tuple[Level, ...]:
        return self.slide.levels

    def read_level(self, zoom: int, box: Box) -> Pixels:
        began = time.perf_counter()
        pixels = self.slide.read_level(zoom, box)
        self._decoding += time.perf_counter() - began
        return pixels

    def read(self, box: Box) -> Pixels:
        began = time.perf_counter()
        pixels = read(self, box, self.scale)
        self._reading += time.perf_counter() - began
        return pixels

    @property
    def seconds(self) -> dict[str, float]:
        return {"read": self._decoding, "resample": self._reading - self._decoding}


def peak_rss() -> int:
    """Bytes of memory that this process has held at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _save(path: Path, tiles: dict[Cell, Probabilities]) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    with draft.open("wb") as file:
        np.savez(file, cells=np.array(list(tiles)), tiles=np.stack(list(tiles.values())))
    draft.replace(path)


def _load(path: Path) -> dict[Cell, Probabilities] | None:
    """The tiles of a finished shard; the archive's checksums are verified."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            cells = [Cell(*pair) for pair in stored["cells"].tolist()]
            return dict(zip(cells, stored["tiles"], strict=True))
    except FileNotFoundError:
        return None
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # a torn file is worth nothing: it is computed again


@lru_cache(maxsize=2)
def _runtime(
    folder: Path,
    name: RuntimeName,
    network: Path | None,
    threads: int,
    cache: Path,
    tiling: Tiling,
) -> Runtime:
    return runtimes.load(Model(folder, _card(folder, tiling)), name, threads, cache, network)


@lru_cache(maxsize=2)
def _card(folder: Path, tiling: Tiling) -> ModelCard:
    """For the tiles of the grid, which need not be those that the card proposes."""
    return read_card(folder).model_copy(update=asdict(tiling))


@lru_cache(maxsize=4)
def _slide(address: SlideAddress, fingerprint: str) -> Slide:
    """The slide that the run is of, not whatever lies there when this process comes to it."""
    slide = address.open()
    if slide.fingerprint != fingerprint:
        raise changed(slide.name)
    return slide
