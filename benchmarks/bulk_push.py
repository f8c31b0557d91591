"""How fast polygons get into a Digital Slide Archive: our bulk route beside the host's own.

    python -m benchmarks.bulk_push [--polygons 300000] [--rounds 3]

Every round sends the same documents in each way, in turn, to an empty DSA that is started for it:
as `girder-client` posts them, as the host takes lists of them, and as a stream to the plugin. A few
documents are made beforehand and sent over and over. It prints a table of polygons per second, the
median of the ratios within the rounds, the processor time that each party took for a thousand
polygons, and how far the memory of Girder and of the client grew.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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


PARTIES = ("client", "girder", "mongod")


@dataclass(frozen=True)
class Measured:
    """One way in one round: processor seconds and growth of memory in bytes by party."""

    seconds: float
    cpu: dict[str, float]
    growth: dict[str, int]


class Watch:
    """Processor time and growth of memory of a process while the block runs."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.growth = 0
        self.cpu = 0.0

    def __enter__(self) -> Watch:
        self._memory, self._cpu = self._process.memory_info().rss, self._used()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.cpu = self._used() - self._cpu

    def _used(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            self.growth = max(self.growth, self._process.memory_info().rss - self._memory)


def measure(archive: Archive, push: Push, made: list[Document], times: int) -> Measured:
    """Send documents, in turn, so many times in all."""
    client = archive.client("annotator")
    warm, item = (client.createItem(archive.folders["private"], name)["_id"] for name in "ab")
    push(client, warm, iter(made[:1]))
    pids = archive.stack.pids | {"client": psutil.Process().pid}
    watches = {party: Watch(pids[party]) for party in PARTIES}
    with ExitStack() as running:
        for watch in watches.values():
            running.enter_context(watch)
        begun = time.perf_counter()
        push(client, item, islice(cycle(made), times))
        seconds = time.perf_counter() - begun
    stored = client.get("annotation", parameters={"itemId": item, "limit": 0})
    assert sum(one["_elementCount"] for one in stored) == times * PER_DOCUMENT
    return Measured(
        seconds,
        {party: watch.cpu for party, watch in watches.items()},
        {party: watch.growth for party, watch in watches.items()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polygons", type=int, default=300_000, help="in tens of thousands")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    times = max(asked.polygons // PER_DOCUMENT, 1)
    results: dict[str, list[Measured]] = {name: [] for name in WAYS}
    made = documents(3)
    for number in range(asked.rounds):
        for name in list(WAYS)[:: 1 if number % 2 else -1]:
            with open_archive("girder3") as archive:
                results[name].append(measure(archive, WAYS[name], made, times))
    _print(results, times * PER_DOCUMENT)


def _print(results: dict[str, list[Measured]], polygons: int) -> None:
    print(f"{polygons:,} polygons of {VERTICES} vertices, {PER_DOCUMENT:,} a document")
    print(f"{'':31}{'ratio':>17}{'ms CPU per 1000 polygons':>27}{'growth in MiB':>20}")
    heads = ("s", "per s", "median", "lowest", *PARTIES, "girder", "client")
    print(f"{'':21}" + "".join(f"{head:>9}" for head in heads))
    base = [one.seconds for one in results["POST annotation"]]
    for name, rounds in results.items():
        seconds = [one.seconds for one in rounds]
        ratios = [a / b for a, b in zip(base, seconds, strict=True)]
        middle = statistics.median(seconds)
        cpu = [statistics.median(one.cpu[party] for one in rounds) for party in PARTIES]
        growth = [max(one.growth[party] for one in rounds) for party in ("girder", "client")]
        print(
            f"{name:21}{middle:9.1f}{polygons / middle:9,.0f}"
            f"{statistics.median(ratios):9.2f}{min(ratios):9.2f}"
            + "".join(f"{1e6 * one / polygons:9.1f}" for one in cpu)
            + "".join(f"{one / 2**20:9.0f}" for one in growth)
        )


if __name__ == "__main__":
    main()
