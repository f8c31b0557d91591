"""One shard of a segmentation: read its tiles, predict them, put them on disk.

A pure function of its task; it runs in a thread, in another process or on another machine.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from histoloop.errors import ModelError, SlideError
from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.models import runtimes
from histoloop.models.card import ModelCard, read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import Runtime, RuntimeName
from histoloop.models.segmenter import Segmenter
from histoloop.slides.reading import read
from histoloop.slides.slide import Level, Pixels, Slide, SlideAddress, changed, known_mpp
from histoloop.tiling.grid import Cell, Shard, TileGrid
from histoloop.tiling.stitching import Probabilities

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PredictionTask:
    """What every shard of a run has in common; small, picklable, hashable.

    Attributes:
        slide: where it is; fingerprint: what must lie there; mpp: µm/px to predict at.
        model: model folder; digest: of its weights; cache: folder for converted networks.
        network: an int8 network in the place of the model's, `None` for none.
        threads: CPU threads of one prediction.
        folder: where finished shards go.
    """

    slide: SlideAddress
    fingerprint: str
    mpp: float
    model: Path
    digest: str
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
    found = _load(path)
    if found is not None and tuple(found) == shard.cells:
        return ShardResult(found, resumed=True)
    _log.debug("shard %d: %d tiles", shard.number, len(shard.cells))
    began = time.perf_counter()
    slide = _slide(task.slide, task.fingerprint)
    source = _Source(slide, Scale.between(known_mpp(slide), Mpp.square(task.mpp)))
    tiles = dict[Cell, Probabilities]()
    with (
        lent_segmenter(task) as segmenter,
        ThreadPoolExecutor(1) as reader,  # the next tile is read while this one is predicted
    ):
        seconds = {"load": time.perf_counter() - began}
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
    return ShardResult(tiles, seconds | source.seconds, this_process(), peak_rss())


@contextmanager
def lent_segmenter(task: PredictionTask) -> Iterator[Segmenter]:
    """A segmenter that this thread alone uses, loaded unless an earlier one is free.

    Raises:
        ModelError: it cannot be loaded, or is not that of the run.
    """
    card = _card(task)
    with _LENDING.lent(Model(task.model, card), task) as runtime:
        yield Segmenter(card, runtime, task.tta)


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
        try:
            pixels = read(self, box, self.scale)
        except SlideError as error:
            error.place = tuple(self.scale.to_base(box).intersect(Box.of(self.size)))
            raise
        self._reading += time.perf_counter() - began
        return pixels

    @property
    def seconds(self) -> dict[str, float]:
        return {"read": self._decoding, "resample": self._reading - self._decoding}


def this_process() -> str:
    """Host and process, as no other worker is called."""
    return f"{os.uname().nodename}:{os.getpid()}"


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


def _card(task: PredictionTask) -> ModelCard:
    """For the tiles of the grid, which need not be those that the model's card proposes."""
    card = read_card(task.model)
    if card.digest != task.digest:
        raise ModelError(
            f"{task.model}: holds other weights than when the run began", hint="run it again"
        )
    return card.model_copy(update=asdict(task.grid.tiling))


class _Lending:
    """Loaded networks, lent to one thread at a time and kept for the next shard.

    OpenVINO computes for one thread after the other where several share a network: two threads
    on two cores are 1.9 times as fast with one each.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._free: dict[tuple[object, ...], list[Runtime]] = {}

    @contextmanager
    def lent(self, model: Model, task: PredictionTask) -> Iterator[Runtime]:
        key = (model.card.digest, model.card.tile, task.runtime, task.network, task.threads)
        runtime = self._take(key) or runtimes.load(
            model, task.runtime, task.threads, task.cache, task.network
        )
        if runtime.concurrent:
            self._give_back(key, runtime)
        yield runtime
        if not runtime.concurrent:
            self._give_back(key, runtime)

    def _take(self, key: tuple[object, ...]) -> Runtime | None:
        with self._lock:
            free = self._free.get(key)
            return free.pop() if free else None

    def _give_back(self, key: tuple[object, ...], runtime: Runtime) -> None:
        """Keep it; those of the models that were not asked for lately go."""
        with self._lock:
            self._free[key] = [*self._free.pop(key, []), runtime]
            for old in list(self._free)[: -self._most]:
                del self._free[old]


_LENDING = _Lending(most=2)


@lru_cache(maxsize=4)
def _slide(address: SlideAddress, fingerprint: str) -> Slide:
    """The slide that the run is of, not whatever lies there when this process comes to it."""
    slide = address.open()
    if slide.fingerprint != fingerprint:
        raise changed(slide.name)
    return slide
