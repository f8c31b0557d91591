"""How fast polygons get into a Digital Slide Archive: our bulk route beside the host's own.

    python -m benchmarks.bulk_push [--polygons 300000] [--rounds 3]

Every round sends the same documents in each way, in turn, to a DSA that is started for it: as
`girder-client` posts them, as the host takes lists of them, and as a stream to the plugin. A few
documents are made beforehand and sent over and over. It prints a table of polygons per second, the
median of the ratios within the rounds, and how far the memory of server and client grew.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
import orjson
import psutil
import requests
from girder_client import GirderClient
from tests.support.dsa.fixtures import open_archive
from tests.support.dsa.provision import Archive

Document = dict[str, Any]
Push = Callable[[GirderClient, str, Iterator[Document]], None]

VERTICES = 24
PER_DOCUMENT = 10_000
PER_REQUEST = 8


def documents(count: int) -> list[Document]:
    """Annotation documents of nucleus-like outlines."""
    random = np.random.default_rng(0)
    angles = np.arange(VERTICES) * 2 * math.pi / VERTICES
    return [
        {
            "name": "nuclei",
            "attributes": {"run": "benchmark", "model": "none@1", "block": [number, 0]},
            "elements": [_element(random, angles) for _ in range(PER_DOCUMENT)],
        }
        for number in range(count)
    ]


def _element(random: np.random.Generator, angles: np.ndarray) -> Document:
    x, y = random.uniform(0, 90_000, 2)
    radius = 12 + 3 * random.random(VERTICES)
    ring = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
    points = [[float(a), float(b), 0.0] for a, b in np.round(ring, 2)]
    return {
        "type": "polyline",
        "closed": True,
        "points": points,
        "holes": [],
        "group": "nucleus",
        "label": {"value": "nucleus"},
        "lineColor": "rgb(230, 60, 0)",
        "fillColor": "rgba(230, 60, 0, 0.25)",
        "lineWidth": 2,
    }


def plain(client: GirderClient, item: str, made: Iterator[Document]) -> None:
    """What a script with girder-client does."""
    for document in made:
        client.post("annotation", parameters={"itemId": item}, json=document)


def listed(client: GirderClient, item: str, made: Iterator[Document]) -> None:
    """The host's own route for several; it answers with a count only."""
    for document in made:
        client.post(f"annotation/item/{item}", data=json.dumps([document]))


def streamed(client: GirderClient, item: str, made: Iterator[Document]) -> None:
    """The plugin's bulk route; Girder 3 lets a request have 100 MB."""
    while batch := list(islice(made, PER_REQUEST)):
        answer = requests.post(
            f"{client.urlBase}histoloop/annotations/{item}",
            data=(orjson.dumps(document) + b"\n" for document in batch),
            headers={"Girder-Token": client.token, "Content-Type": "application/x-ndjson"},
            timeout=3600,
        )
        answer.raise_for_status()


WAYS: dict[str, Push] = {
    "POST annotation": plain,
    "POST annotation/item": listed,
    "bulk stream": streamed,
}


@dataclass(frozen=True)
class Measured:
    """One way in one round; memory is growth while it ran, in bytes."""

    seconds: float
    server: int
    client: int


class Peak:
    """The growth of a process's resident memory while the block runs."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.growth = 0

    def __enter__(self) -> Peak:
        self._start = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self.growth = max(self.growth, self._process.memory_info().rss - self._start)


def measure(archive: Archive, push: Push, made: list[Document], times: int) -> Measured:
    """Send documents, in turn, so many times in all."""
    client = archive.client("annotator")
    item = client.createItem(archive.folders["private"], f"benchmark {time.time_ns()}")["_id"]
    girder, here = Peak(archive.stack.pids["girder"]), Peak(psutil.Process().pid)
    with girder, here:
        begun = time.perf_counter()
        push(client, item, islice(cycle(made), times))
        seconds = time.perf_counter() - begun
    stored = client.get("annotation", parameters={"itemId": item, "limit": 0})
    assert sum(one["_elementCount"] for one in stored) == times * PER_DOCUMENT
    client.delete(f"item/{item}")  # every round meets the same database
    return Measured(seconds, girder.growth, here.growth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polygons", type=int, default=300_000, help="in tens of thousands")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    times = max(asked.polygons // PER_DOCUMENT, 1)
    results: dict[str, list[Measured]] = {name: [] for name in WAYS}
    with open_archive("girder3") as archive:
        made = documents(3)
        for push in WAYS.values():
            measure(archive, push, made, 1)  # warm
        for number in range(asked.rounds):
            for name in list(WAYS)[:: 1 if number % 2 else -1]:
                results[name].append(measure(archive, WAYS[name], made, times))
    _print(results, times * PER_DOCUMENT)


def _print(results: dict[str, list[Measured]], polygons: int) -> None:
    print(f"{polygons:,} polygons of {VERTICES} vertices, {PER_DOCUMENT:,} a document")
    print(f"{'':22}{'s':>8}{'polygons/s':>12}{'ratio':>8}{'server MiB':>12}{'client MiB':>12}")
    base = [one.seconds for one in results["POST annotation"]]
    for name, rounds in results.items():
        seconds = [one.seconds for one in rounds]
        ratio = statistics.median(a / b for a, b in zip(base, seconds, strict=True))
        print(
            f"{name:22}{statistics.median(seconds):8.1f}"
            f"{polygons / statistics.median(seconds):12,.0f}{ratio:8.2f}"
            f"{max(one.server for one in rounds) / 2**20:12.0f}"
            f"{max(one.client for one in rounds) / 2**20:12.0f}"
        )


if __name__ == "__main__":
    main()
