"""What segmenting costs as the slide grows: time, and memory.

    python -m benchmarks.growth FOLDER [--model NAME] [--rounds 3] [--huge]

Synthetic slides at 0.5 µm/px, nearly all tissue, of 5,000² to 40,000² px; with ``--huge`` one of
100,000² px as well, that of 20,000² px three times on much glass. FOLDER keeps the slides. Sizes
take turns, each run in a process of its own; the medians are printed, with the cost of a tile over
that of a line through the origin, fitted to all sizes but the huge one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.models.registry import DEFAULT
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read
from histoloop.slides.slide import Slide

SIDES = (5_000, 10_000, 20_000, 40_000)
HUGE, PIECE = 100_000, 20_000
PLACES = ((10_000, 5_000), (60_000, 40_000), (20_000, 75_000))
BAND = 1_000
MPP = 0.5


@dataclass(frozen=True)
class Run:
    """One segmentation, as its report tells."""

    tiles: int
    seconds: float
    tracing: float
    peak_mb: float

    @classmethod
    def of(cls, slide: Path, model: str) -> Run:
        with TemporaryDirectory() as folder:
            _histoloop("segment", slide, "--model", model, "--out", folder)
            (path,) = Path(folder).rglob("report.json")
            report = json.loads(path.read_text())
        seconds = report["seconds"]
        peak = report["peak_rss_bytes"] / 2**20
        return cls(report["tiles"]["run"], seconds["total"], seconds["trace"], peak)


def _histoloop(*arguments: object) -> None:
    command = [str(Path(sys.executable).with_name("histoloop")), *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def slide(folder: Path, side: int) -> Path:
    """A synthetic slide, made once."""
    path = folder / f"{side}.tiff"
    if not path.exists():
        sides = ("--width", side, "--height", side)
        _histoloop("synthesize", path, *sides, "--mpp", MPP, "--seed", 3)
    return path


def huge(folder: Path) -> Path:
    """Much glass, and the same piece of tissue here and there."""
    path = folder / f"{HUGE}.tiff"
    if not path.exists():
        piece = open_slide(slide(folder, PIECE))
        write_pyramid(path, Size(HUGE, HUGE), Mpp.square(MPP), _bands(piece))
    return path


def _bands(piece: Slide) -> Iterator[NDArray[np.uint8]]:
    for top in range(0, HUGE, BAND):
        band = np.full((BAND, HUGE, 3), 242, np.uint8)
        for x, y in PLACES:
            if 0 <= top - y < PIECE:
                box = Box(0, top - y, PIECE, BAND)
                band[:, x : x + PIECE] = read(piece, box, Scale(1, 1))
        yield band


def main(folder: Path, model: str, rounds: int, with_huge: bool) -> None:
    """Print the table."""
    folder.mkdir(parents=True, exist_ok=True)
    slides = {side: slide(folder, side) for side in SIDES}
    if with_huge:
        slides[HUGE] = huge(folder)
    runs: dict[int, list[Run]] = {side: [] for side in slides}
    for _ in range(rounds):
        for side, path in slides.items():
            runs[side].append(Run.of(path, model))
    tiles = {side: found[0].tiles for side, found in runs.items()}
    seconds = {side: statistics.median(one.seconds for one in runs[side]) for side in slides}
    slope = sum(tiles[side] * seconds[side] for side in SIDES) / sum(
        tiles[side] ** 2 for side in SIDES
    )
    print(f"{'px':>9} {'tiles':>7} {'s':>8} {'s a tile':>9} {'÷ fitted':>9} {'trace':>7} {'MB':>7}")
    for side, found in runs.items():
        share = statistics.median(one.tracing / one.seconds for one in found)
        peak = statistics.median(one.peak_mb for one in found)
        each = seconds[side] / tiles[side]
        print(
            f"{side:>8}² {tiles[side]:>7} {seconds[side]:>8.1f} {each:>9.4f} "
            f"{each / slope:>9.3f} {share:>7.1%} {peak:>7.0f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--huge", action="store_true")
    asked = parser.parse_args()
    main(asked.folder, asked.model, asked.rounds, asked.huge)
