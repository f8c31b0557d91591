"""How a segmentation's polygons get into a Digital Slide Archive: our push beside girder-client.

    python -m benchmarks.push_annotations [--polygons 300000] [--rounds 3]

Every round starts DSAs of its own and pushes the same file of documents in each way, in turn,
each way in a process of its own: as girder-client posts them; by our store, to a server without
our plugin and to one with it. Printed are polygons per second and per second of computing (of
client, Girder and MongoDB together: what else runs on the machine matters less to it), each with
its ratio within the rounds, and memory in the first and in the last third of a push.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from girder_client import GirderClient
from pydantic import SecretStr
from shapely import Polygon
from tests.support.dsa.fixtures import open_archive
from tests.support.dsa.provision import Archive

from histoloop.annotations.dsa import to_document
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import read_documents, write_documents
from histoloop.annotations.layers import Provenance, model_layers
from histoloop.geometry import Scale
from histoloop.masks.labels import LabelClass
from histoloop.masks.shape_file import ShapeFile
from histoloop.slides.dsa.site import DsaSite, Login

PLAIN, STOCK, PLUGIN = "girder-client POST", "our push", "our push, our plugin"
WAYS = (PLAIN, STOCK, PLUGIN)
VERTICES = 24
WIDTH, HEIGHT = 90_000, 70_000
_PERIOD_S = 0.25


@dataclass(frozen=True)
class Measured:
    """One push.

    Attributes:
        cpu: seconds of computing, of all processes; memory: bytes of client, girder and mongod
            at each look.
    """

    seconds: float
    cpu: float
    memory: list[dict[str, int]]

    def megabytes(self, process: str, third: int) -> float:
        """The most that a process had in a third of the push."""
        few = np.array_split([look[process] for look in self.memory], 3)[third]
        return float(few.max()) / 1e6


def write_layers(path: Path, polygons: int) -> int:
    """The documents of a run that found so many nuclei; how many documents there are."""
    random = np.random.default_rng(0)
    turn = np.arange(VERTICES) * 2 * np.pi / VERTICES
    outlines = []
    for x, y in random.uniform((20, 20), (WIDTH - 20, HEIGHT - 20), (polygons, 2)):
        radius = 12 + 3 * random.random(VERTICES)
        ring = np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])
        outlines.append(Polygon(ring))
    origin = Provenance("benchmark", "none@1", "0" * 64, 0.25, 0.5)
    label, file = LabelClass("tumor", 1, "#e6194b"), ShapeFile.of(outlines)
    layers = model_layers(label, file, Scale(1, 1), origin)
    return write_documents(path, map(to_document, layers))


def push(way: str, url: str, item: str, path: Path, token: str) -> None:
    """What the measured process does."""
    if way == PLAIN:
        client = GirderClient(apiUrl=url)
        client.setToken(token)
        for document in read_documents(path):
            client.post("annotation", parameters={"itemId": item}, json=document)
        return
    site = DsaSite(url, path.parent / "cache", Login(token=SecretStr(token)))
    DsaAnnotationStore(site).replace_run(item, "benchmark", read_documents(path))


def measure(way: str, archive: Archive, path: Path) -> Measured:
    """Push in a process of its own and look at everybody's memory meanwhile."""
    client = archive.client("annotator")
    item = client.createItem(archive.folders["private"], way)["_id"]
    command = [sys.executable, "-m", "benchmarks.push_annotations", "--as", way, "--url"]
    command += [archive.url, "--item", item, "--file", str(path)]
    memory, cpu = [], 0.0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()  # it has loaded its code
        start, worked = time.perf_counter(), computing(archive, process.pid)
        process.stdin.write(archive.token("annotator").encode() + b"\n")
        process.stdin.flush()
        while process.poll() is None:
            memory.append({"client": rss(process.pid), **archive.stack.rss})
            cpu = computing(archive, process.pid) or cpu
            time.sleep(_PERIOD_S)
        seconds = time.perf_counter() - start
    assert process.returncode == 0
    stored = client.get("annotation", parameters={"itemId": item, "limit": 0})
    expected = sum(len(one["elements"]) for one in read_documents(path))
    assert sum(one["_elementCount"] for one in stored) == expected
    return Measured(seconds, cpu - worked, [look for look in memory if look["client"]])


def computing(archive: Archive, pid: int) -> float:
    """Seconds that client, Girder and MongoDB have computed so far; 0 when the client is gone."""
    try:
        times = [psutil.Process(one).cpu_times() for one in (pid, *archive.stack.pids.values())]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(one.user + one.system for one in times)


def rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def rounds(path: Path, count: int) -> Iterator[dict[str, Measured]]:
    """Every way once per round, each round beginning with another."""
    for number in range(count):
        order = WAYS[number % 3 :] + WAYS[: number % 3]
        found = {}
        with open_archive(plugins=()) as stock:
            for way in order:
                if way != PLUGIN:
                    found[way] = measure(way, stock, path)
        with open_archive() as with_plugin:
            found[PLUGIN] = measure(PLUGIN, with_plugin, path)
        print(json.dumps({way: round(one.seconds, 1) for way, one in found.items()}), flush=True)
        yield found


def report(found: list[dict[str, Measured]], polygons: int) -> None:
    print(f"\n{polygons} polygons of {VERTICES} vertices, {len(found)} rounds; memory in MB as")
    print("first third → last third of a push, medians of the rounds\n")
    print(f"{'':22}{'polygons/s':>11}{'ratio':>8}{'/CPU s':>9}{'ratio':>8}", end="")
    print("".join(f"{name:>16}" for name in ("client", "girder", "mongod")))
    for way in WAYS:
        speed = median(polygons / one[way].seconds for one in found)
        ratio = median(one[PLAIN].seconds / one[way].seconds for one in found)
        per_cpu = median(polygons / one[way].cpu for one in found)
        cpu_ratio = median(one[PLAIN].cpu / one[way].cpu for one in found)
        memory = "".join(
            f"{median(one[way].megabytes(name, 0) for one in found):8.0f} →"
            f"{median(one[way].megabytes(name, 2) for one in found):6.0f}"
            for name in ("client", "girder", "mongod")
        )
        print(f"{way:22}{speed:11.0f}{ratio:7.2f}×{per_cpu:9.0f}{cpu_ratio:7.2f}×{memory}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polygons", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    for name in ("--as", "--url", "--item", "--file"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if way := getattr(said, "as"):
        print("ready", flush=True)
        push(way, said.url, said.item, Path(said.file), sys.stdin.readline().strip())
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "annotation.json"
        count = write_layers(path, said.polygons)
        print(f"{count} documents, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        report(list(rounds(path, said.rounds)), said.polygons)


if __name__ == "__main__":
    main()
