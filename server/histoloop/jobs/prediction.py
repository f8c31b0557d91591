"""One shard of a segmentation: read its tiles, predict them, put them on disk.

A pure function of its task; it runs in a thread, in another process or on another machine.
"""

from __future__ import annotations

import os
import resource
import sys
import time
import zipfile
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from histoloop.geometry import Mpp, Scale
from histoloop.models import runtimes
from histoloop.models.card import read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import RuntimeName
from histoloop.models.segmenter import Segmenter
from histoloop.slides.reading import read
from histoloop.slides.slide import Slide, SlideAddress, changed, known_mpp
from histoloop.tiling.grid import Cell, Shard, TileGrid, Tiling
from histoloop.tiling.stitching import Probabilities


@dataclass(frozen=True)
class PredictionTask:
    """What every shard of a run has in common; small, picklable, hashable.

    Attributes:
        slide: where it is; fingerprint: what must lie there; mpp: µm/px to predict at.
        model: model folder; cache: folder for converted networks.
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
    threads: int
    cache: Path
    folder: Path

    def shard_path(self, shard: Shard) -> Path:
        return self.folder / f"{shard.number:06d}.npz"


@dataclass(frozen=True)
class ShardResult:
    """Predicted tiles, each ``(classes, reach, reach)``, and what they cost.

    Attributes:
        read_s, predict_s: seconds of the worker.
        worker: host and process; peak_rss: bytes that it held at most so far.
        resumed: found on disk instead of computed.
    """

    tiles: dict[Cell, Probabilities]
    read_s: float = 0.0
    predict_s: float = 0.0
    worker: str = ""
    peak_rss: int = 0
    resumed: bool = False


def predict_shard(task: PredictionTask, shard: Shard) -> ShardResult:
    """Predict the tiles of a shard, or load them when they lie on disk already."""
    path = task.shard_path(shard)
    if (tiles := _load(path)) is not None:
        return ShardResult(tiles, resumed=True)
    segmenter = _segmenter(
        task.model, task.runtime, task.threads, task.cache, task.tta, task.grid.tiling
    )
    slide = _slide(task.slide, task.fingerprint)
    scale = Scale.between(known_mpp(slide), Mpp.square(task.mpp))
    start = time.perf_counter()
    pixels = [read(slide, task.grid.read_box(cell), scale) for cell in shard.cells]
    slide.refuse_changed()  # after the last pixel was read, before the first is believed
    read_at = time.perf_counter()
    # One tile at a time: on a CPU larger batches are no faster and hold more memory.
    predicted = [segmenter.predict(tile[None])[0] for tile in pixels]
    predicted_at = time.perf_counter()
    tiles = dict(zip(shard.cells, predicted, strict=True))
    _save(path, tiles)
    worker = f"{os.uname().nodename}:{os.getpid()}"
    return ShardResult(tiles, read_at - start, predicted_at - read_at, worker, peak_rss())


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
def _segmenter(
    folder: Path, runtime: RuntimeName, threads: int, cache: Path, tta: int, tiling: Tiling
) -> Segmenter:
    """The model for the tiles of the grid, which need not be those that its card proposes."""
    card = read_card(folder).model_copy(update=asdict(tiling))
    model = Model(folder, card)
    return Segmenter(model.card, runtimes.load(model, runtime, threads, cache), tta)


@lru_cache(maxsize=4)
def _slide(address: SlideAddress, fingerprint: str) -> Slide:
    """The slide that the run is of, not whatever lies there when this process comes to it."""
    slide = address.open()
    if slide.fingerprint != fingerprint:
        raise changed(slide.name)
    return slide
