"""HistoLoop beside what its users have, on the same network and weights.

    python -m benchmarks.against DATA MODEL [--rounds 5]

DATA holds ``bcss/``, MODEL is a model folder that takes tiles of 512 and of 1,024 px. On one core,
one thread, over a real BCSS region, in turns:

- ``source``: the experiment that HistoLoop began from. Picture in memory; for each 512² px of it
  a square of 768² px is shrunk to 512², predicted by Keras' ``predict`` and enlarged again.
- ``shrunk``, ``shrunk int8``: HistoLoop at that scale, its own tiles.
- ``naive``: large-image's ``tileIterator`` at full scale, tiles of 512² px with a halo of 64, a
  ``predict`` each.
- ``full``, ``full int8``: HistoLoop at full scale.

Then, on all cores, the same tissue on glass, of which it is two fifths: ``source`` and ``shrunk``.
What HistoLoop takes begins with the file and ends with all files of a run; of the others only the
mask in memory is asked. Medians of rounds; the Dice of each against BCSS's truth. Last, how near
``full`` comes to what the core multiplies in float32 at best.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.architecture_cost import cost
from histoloop.geometry import Box, Size
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment
from histoloop.masks.mask import Mask
from histoloop.models.card import CARD, WEIGHTS, read_card
from histoloop.models.registry import Model
from histoloop.models.runtimes import Precision
from histoloop.models.segmenter import normalise
from histoloop.models.weights import load_network
from histoloop.slides.folder import SlideFile
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.tumor_data import BCSS_MPP

REGION = "TCGA-A2-A0D2-DX1"
BLOCK, AROUND, SIDE = 512, 128, 512
"""The source's: pixels that a tile gives, context on each side, what the network sees."""

HALO, TILE = 64, 1024
GLASS = Size(5120, 4480)
"""Two and a half times the region."""

_PRODUCT = """
import time, numpy
one = numpy.random.default_rng(0).random((3000, 3000), numpy.float32)
def seconds():
    began = time.perf_counter()
    one @ one
    return time.perf_counter() - began
seconds()
print(2 * 3000**3 / min(seconds() for _ in range(5)) / 1e9)
"""

Labels = NDArray[np.bool_]


@dataclass(frozen=True)
class Picture:
    """A region and its truth, in memory and as a slide."""

    pixels: NDArray[np.uint8]
    truth: Labels
    slide: Path

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], truth: Labels, slide: Path) -> Picture:
        size = Size(pixels.shape[1], pixels.shape[0])
        write_pyramid(slide, size, BCSS_MPP[REGION], [pixels])
        return cls(pixels, truth, slide)

    def dice(self, said: Labels) -> float:
        return float(2 * np.sum(said & self.truth) / (said.sum() + self.truth.sum()))


@dataclass(frozen=True)
class Keras:
    """The network as everybody has it."""

    network: Any

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(h, w)`` of ``(h, w, 3)``."""
        found = self.network.predict(normalise(pixels[None]), verbose=0)
        return np.asarray(found[0, ..., 0], np.float32)

    def source(self, picture: Picture) -> Labels:
        height, width = picture.truth.shape
        said = np.zeros((height, width), np.float32)
        for y in range(0, height, BLOCK):
            for x in range(0, width, BLOCK):
                top, left = max(0, y - AROUND), max(0, x - AROUND)
                crop = picture.pixels[top : y + BLOCK + AROUND, left : x + BLOCK + AROUND]
                shrunk = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
                grown = cv2.resize(self.predict(shrunk), crop.shape[1::-1])
                block = grown[y - top : y - top + BLOCK, x - left : x - left + BLOCK]
                said[y : y + BLOCK, x : x + BLOCK] = block
        return said >= 0.5

    def naive(self, picture: Picture) -> Labels:
        import large_image

        source = large_image.open(str(picture.slide))
        said = np.zeros(picture.truth.shape, np.float32)
        for tile in source.tileIterator(
            tile_size={"width": SIDE, "height": SIDE},
            tile_overlap={"x": 2 * HALO, "y": 2 * HALO},
            format=large_image.constants.TILE_FORMAT_NUMPY,
        ):
            pixels = tile["tile"][..., :3]
            height, width = pixels.shape[:2]
            missing = ((0, SIDE - height), (0, SIDE - width), (0, 0))
            found = self.predict(np.pad(pixels, missing, mode="edge"))[:height, :width]
            kept = tile["tile_overlap"]
            inside = found[kept["top"] : height - kept["bottom"]]
            inside = inside[:, kept["left"] : width - kept["right"]]
            y, x = tile["y"] + kept["top"], tile["x"] + kept["left"]
            said[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        return said >= 0.5


@dataclass(frozen=True)
class HistoLoop:
    """The whole of ``histoloop segment``."""

    model: Path
    home: Path
    precision: Precision
    cores: int

    def segment(self, picture: Picture) -> Labels:
        with TemporaryDirectory() as folder:
            asked = SegmentParameters(
                SlideFile(picture.slide),
                str(self.model),
                Path(folder) / "run",
                precision=self.precision,
            )
            segment(asked, self.home, Context(ThreadExecutor(self.cores)))
            mask = Mask.open(asked.out / "probability.zarr")
            said = mask.read(Box.of(mask.frame.size))[0]
        height, width = picture.truth.shape
        return np.asarray(cv2.resize(said, (width, height)) >= 128)


def main(data: Path, model: Path, rounds: int) -> None:
    """Print both tables."""
    _one_thread()
    with TemporaryDirectory(prefix="against-") as name:
        folder = Path(name)
        region, on_glass = _pictures(data, folder)
        mpp = max(BCSS_MPP[REGION].x, BCSS_MPP[REGION].y)
        shrunk = _variant(model, folder / "shrunk", mpp * (BLOCK + 2 * AROUND) / SIDE)
        full = _variant(model, folder / "full", mpp)
        keras = Keras(load_network(Model(model, read_card(model))))
        home = folder / "home"

        def ours(which: Path, precision: Precision, cores: int) -> HistoLoop:
            return HistoLoop(which, home, precision, cores)

        all_cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(all_cores)})
        ways: dict[str, Callable[[Picture], Labels]] = {
            "source": keras.source,
            "shrunk": ours(shrunk, Precision.FP32, 1).segment,
            "shrunk int8": ours(shrunk, Precision.INT8, 1).segment,
            "naive": keras.naive,
            "full": ours(full, Precision.FP32, 1).segment,
            "full int8": ours(full, Precision.INT8, 1).segment,
        }
        beside = {"source": "source", "shrunk": "source", "shrunk int8": "source"}
        beside |= {"naive": "naive", "full": "naive", "full int8": "naive"}
        seconds = _table(f"one core, {REGION}", region, ways, beside, rounds)
        tiles = math.prod(-(-side // (TILE - 2 * HALO)) for side in region.truth.shape)
        gmac = cost(keras.network).gmac * TILE**2 / 2**20 * tiles
        best = _sgemm()
        print(
            f"full multiplies {2 * gmac / seconds['full']:.0f} GFLOP/s from file to files, "
            f"{200 * gmac / seconds['full'] / best:.0f} % of sgemm's {best:.0f}"
        )
        os.sched_setaffinity(0, all_cores)
        ways = {
            "source": keras.source,
            "shrunk": ours(shrunk, Precision.FP32, len(all_cores)).segment,
            "shrunk int8": ours(shrunk, Precision.INT8, len(all_cores)).segment,
        }
        _table(f"{len(all_cores)} cores, two fifths tissue", on_glass, ways, beside, rounds)


def _one_thread() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _pictures(data: Path, folder: Path) -> tuple[Picture, Picture]:
    pixels = np.asarray(Image.open(data / "bcss" / f"{REGION}_rgb.jpg"))
    truth = np.asarray(Image.open(data / "bcss" / f"{REGION}_tumor.png")) > 0
    glass = np.full((GLASS.height, GLASS.width, 3), 243, np.uint8)
    none = np.zeros(glass.shape[:2], bool)
    place = (slice(900, 900 + truth.shape[0]), slice(700, 700 + truth.shape[1]))
    glass[place], none[place] = pixels, truth
    return (
        Picture.of(pixels, truth, folder / "region.tiff"),
        Picture.of(glass, none, folder / "glass.tiff"),
    )


def _variant(model: Path, folder: Path, mpp: float) -> Path:
    """The same weights, at another scale and in the tiles of this comparison."""
    folder.mkdir()
    shutil.copyfile(model / WEIGHTS, folder / WEIGHTS)
    changes = {"mpp": mpp, "tile": TILE, "halo": HALO, "overlap": 0}
    (folder / CARD).write_text(read_card(model).model_copy(update=changes).model_dump_json())
    return folder


def _table(
    title: str,
    picture: Picture,
    ways: dict[str, Callable[[Picture], Labels]],
    beside: dict[str, str],
    rounds: int,
) -> dict[str, float]:
    """Print what each way took; returns its median seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    said = {name: way(picture) for name, way in ways.items()}  # which warms everything up
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(picture)
            seconds[name].append(time.perf_counter() - began)
    megapixels = picture.truth.size / 1e6
    print(f"{title}: {megapixels:.1f} Mpx, {rounds} rounds")
    print(f"{'':12} {'s/Mpx':>7} {'times as fast':>26} {'Dice':>6}")
    for name, times in seconds.items():
        ratios = sorted(a / b for a, b in zip(seconds[beside[name]], times, strict=True))
        faster = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        each = statistics.median(times) / megapixels
        print(f"{name:12} {each:>7.3f} {faster:>26} {picture.dice(said[name]):>6.3f}", flush=True)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _sgemm() -> float:
    """GFLOP/s of a large float32 product, on one thread of a process of its own."""
    said = subprocess.run(
        [sys.executable, "-c", _PRODUCT],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(said.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    main(asked.data, asked.model, asked.rounds)
