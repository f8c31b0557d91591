"""How long after a click a prediction is seen.

    python -m benchmarks.latency SLIDE [--model NAME] [--side 1024] [--rounds 7]

A service of its own shows the slide's folder. A region of so many px of the model's scale, each
round another, is asked for by REST; it counts until the viewer would have its first overlay tile:
the event that tells of a finished place has come, and a tile of the overlay there has been
fetched. The first round, in which workers start and the model is loaded, is told apart. In turn
with the rounds the model alone predicts as many tiles from memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from histoloop.config import settings
from histoloop.geometry import Box
from histoloop.jobs.benchmark import Bare
from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.plan import SegmentParameters
from histoloop.models.registry import DEFAULT, ModelRegistry
from histoloop.service.server import running
from histoloop.slides.folder import SlideFile

_TIMEOUT_S = 120


@dataclass(frozen=True)
class Round:
    """Seconds from the request on.

    Attributes:
        seen: until the first tile of the overlay; done: until the job has ended.
        bare: of the model alone, on all tiles of the region.
    """

    seen: float
    done: float
    bare: float


@dataclass(frozen=True)
class Viewer:
    """What the browser does, as far as it counts."""

    url: str
    slide: dict[str, Any]

    @classmethod
    def of(cls, url: str, name: str) -> Viewer:
        listed = requests.get(f"{url}/api/slides", timeout=_TIMEOUT_S).json()["slides"]
        (id_,) = (one["id"] for one in listed if one["name"] == name)
        return cls(url, requests.get(f"{url}/api/slides/{id_}", timeout=_TIMEOUT_S).json())

    def ask(self, model: str, roi: Box) -> tuple[float, float]:
        """Seconds to the first overlay tile and to the end of a job."""
        began = time.perf_counter()
        body = {"slide": self.slide["id"], "model": model, "roi": list(roi)}
        answer = requests.post(f"{self.url}/api/jobs", json=body, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        job, seen = answer.json(), 0.0
        for kind, content in self._events(job["id"]):
            if kind == "tiles" and not seen:
                self._fetch(job["run"], Box(*content["boxes"][0]))
                seen = time.perf_counter() - began
            elif kind == "job" and content["state"] not in ("queued", "running"):
                if content["state"] != "done" or not seen:
                    raise SystemExit(f"the job is {content['state']}: {content['failure']}")
                return seen, time.perf_counter() - began
        raise SystemExit("the service has hung up")

    def _events(self, job: str) -> Iterator[tuple[str, Any]]:
        address = f"{self.url}/api/jobs/{job}/events"
        with requests.get(address, stream=True, timeout=_TIMEOUT_S) as stream:
            kind = ""
            for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
                key, _, value = line.partition(": ")
                if key == "event":
                    kind = value
                elif key == "data":
                    yield kind, json.loads(value)

    def _fetch(self, run: str, place: Box) -> None:
        zoom = self.slide["max_zoom"]
        x, y = place.x // self.slide["tile_width"], place.y // self.slide["tile_height"]
        address = f"{self.url}/api/runs/{run}/tiles/{zoom}/{x}/{y}"
        requests.get(address, timeout=_TIMEOUT_S).raise_for_status()


def main(path: Path, model: str, side: int, rounds: int) -> None:
    """Print the table."""
    with TemporaryDirectory() as folder:
        said = settings(slides=path.parent, home=Path(folder) / "home", port=0)
        with running(said) as service:
            viewer = Viewer.of(service.url, path.name)
            mpp = ModelRegistry(said.home).get(model).card.mpp
            regions = _regions(viewer.slide, round(side * mpp / viewer.slide["mpp"]["x"]))
            first = _round(viewer, path, model, next(regions), said.home, said.workers)
            found = [
                _round(viewer, path, model, next(regions), said.home, said.workers)
                for _ in range(rounds)
            ]
    print(f"{'':14} {'to the first tile':>18} {'to the end':>12} {'bare model':>12} {'ratio':>7}")
    for name, several in (("first of all", [first]), (f"{rounds} more", found)):
        seen, done, bare = (
            statistics.median(getattr(one, what) for one in several)
            for what in ("seen", "done", "bare")
        )
        ratio = statistics.median(one.seen / one.bare for one in several)
        print(f"{name:14} {seen:>16.2f} s {done:>10.2f} s {bare:>10.2f} s {ratio:>7.2f}")


def _round(viewer: Viewer, path: Path, model: str, roi: Box, home: Path, workers: int) -> Round:
    asked = SegmentParameters(SlideFile(path), model, Path(), roi=roi)
    bare = Bare.of(asked, home, ThreadExecutor(workers))
    bare.once()
    return Round(*viewer.ask(model, roi), bare.once().wall)


def _regions(slide: dict[str, Any], side: int) -> Iterator[Box]:
    """Squares of base pixels, row by row, off the grid of tiles."""
    for y in range(side // 3, slide["height"] - side, side):
        for x in range(side // 3, slide["width"] - side, side):
            yield Box(x, y, side, side)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    main(asked.slide, asked.model, asked.side, asked.rounds)
