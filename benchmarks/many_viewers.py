"""Many viewers at one service, while it segments: do they wait, and does its memory grow?

    python -m benchmarks.many_viewers FOLDER [--viewers 100] [--seconds 60] [--rounds 2]
        [--think 2 6] [--sides 20000 40000] [--soak MINUTES] [--seed 0]

FOLDER is that of `growth`. A service of its own, with workers on all cores, has segmented the slide
of 20,000² px; one viewer pans over it, with that overlay, then many at once (see `panning`). In
turns they do so while nothing else happens, and while the slide of 40,000² px is segmented again
and again. With ``--soak`` they do so for so long with the job alone, and the memory of the service
and of its workers is looked at meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import requests

from benchmarks.growth import slide as synthetic
from benchmarks.panning import Log, Scene, pan

KINDS = ("slide", "overlay", "outlines")
PERIOD_S = 5.0
"""Between two looks at the memory."""


@dataclass(frozen=True)
class Service:
    """One that runs as a process of this machine."""

    url: str
    process: psutil.Process

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Service]:
        command = [str(Path(sys.executable).with_name("histoloop")), "serve", "--port", "0"]
        command += ["--slides", str(folder / "slides"), "--home", str(folder / "home")]
        with (folder / "log").open("wb") as log:
            started = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        try:
            said = started.stdout.readline() if started.stdout else ""
            if "http://" not in said:
                raise SystemExit(f"the service did not start: {(folder / 'log').read_text()}")
            url = said[said.index("http://") :].split()[0]
            yield cls(url, psutil.Process(started.pid))
        finally:
            started.send_signal(signal.SIGINT)
            try:
                started.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def segmented(self, slide: str, stop: threading.Event) -> dict[str, Any]:
        """Have a slide segmented; the job, ended or, when it is to stop, cancelled."""
        body = {"kind": "segment", "slide": slide}
        answer = requests.post(f"{self.url}/api/jobs", json=body, timeout=60)
        answer.raise_for_status()
        job: dict[str, Any] = answer.json()
        while job["state"] in ("queued", "running"):
            if stop.wait(0.5):
                requests.post(f"{self.url}/api/jobs/{job['id']}/cancel", json={}, timeout=60)
            job = self.get(f"/api/jobs/{job['id']}")
        if job["state"] == "failed":
            raise SystemExit(f"job failed: {job['failure']}")
        return job

    def memory(self) -> tuple[float, float]:
        """MB of the service, and of its workers; pages that they share count once, in parts."""
        workers = sum(_megabytes(one) for one in self.process.children(recursive=True))
        return _megabytes(self.process), workers

    def cpu_s(self) -> float:
        """Seconds of CPU of the service alone."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss / 2**20)
    except psutil.Error:  # has just ended
        return 0.0


@dataclass
class Memory:
    """Looks at a service's memory at an interval: minutes since, MB of it, MB of its workers."""

    service: Service
    looks: list[tuple[float, float, float]] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[Memory]:
        ending, began = threading.Event(), time.monotonic()

        def look() -> None:
            while not ending.wait(PERIOD_S):
                minute = (time.monotonic() - began) / 60
                self.looks.append((minute, *self.service.memory()))
                if len(self.looks) % 60 == 0:
                    self.tell()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ending.set()
            thread.join()

    def tell(self) -> None:
        minutes = [one[0] for one in self.looks]
        for name, values in (
            ("service", [one[1] for one in self.looks]),
            ("workers", [one[2] for one in self.looks]),
        ):
            third = max(1, len(values) // 3)
            first, last = values[:third], values[-third:]
            slope = 0.0
            if len(values) > 1:
                slope = statistics.linear_regression(minutes, values).slope * 60
            print(
                f"{name}: {statistics.median(first):.0f} MB in the first third, "
                f"{statistics.median(last):.0f} in the last, {max(values):.0f} at most, "
                f"{slope:+.0f} MB an hour",
                flush=True,
            )


@contextmanager
def busy(service: Service, slide: str) -> Iterator[Counter[str]]:
    """While the block runs the slide is segmented, again and again; how many jobs ended how."""
    stop, ended = threading.Event(), Counter[str]()

    def work() -> None:
        while not stop.is_set():
            ended[service.segmented(slide, stop)["state"]] += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(5)  # its model is loaded, its first tiles are there
    try:
        yield ended
    finally:
        stop.set()
        thread.join()


@dataclass(frozen=True)
class Crowd:
    """Who looks, at what, and how patiently."""

    service: Service
    scene: Scene
    think_s: tuple[float, float]
    seed: int

    def look(self, name: str, viewers: int, seconds: float) -> Log:
        """Let them look, and print what they waited for."""
        began, before = time.monotonic(), self.service.cpu_s()
        log = asyncio.run(
            pan(self.service.url, self.scene, viewers, seconds, self.think_s, self.seed)
        )
        took = time.monotonic() - began
        share = (self.service.cpu_s() - before) / took
        for kind in KINDS:
            waits = sorted(log.waits.get(kind, []))
            each = "  ".join(f"{1000 * _quantile(waits, q):7.0f}" for q in (0.5, 0.95, 0.99))
            print(
                f"{name:<22} {kind:<9} {len(waits) / took:7.1f}/s  {each} ms"
                f"   {len(log.errors)} errors, service {share:.2f} cores",
                flush=True,
            )
        for message, count in Counter(log.errors).most_common(5):
            print(f"  {count} × {message}")
        return log


def _quantile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _p95(logs: Sequence[Log], kind: str) -> float:
    return _quantile(sorted(wait for log in logs for wait in log.waits.get(kind, [])), 0.95)


def scene(service: Service, slide: str) -> Scene:
    """The slide, once it has been segmented."""
    run = service.get(f"/api/runs/{service.segmented(slide, threading.Event())['run']}")
    detail = service.get(f"/api/slides/{slide}")
    return Scene(
        slide=slide,
        run=run["id"],
        layer=run["classes"][0]["name"],
        side=detail["width"],
        tile=detail["tile_width"],
        top=detail["max_zoom"],
        mpp=detail["mpp"]["x"],
        run_mpp=run["mpp"],
    )


def main(asked: argparse.Namespace) -> None:
    """Print the waits, their ratio, and the memory."""
    with TemporaryDirectory(prefix="viewers-") as name:
        folder = Path(name)
        (folder / "slides").mkdir()
        for side in asked.sides:
            shutil.copy(synthetic(asked.folder, side), folder / "slides")
        with Service.running(folder) as service:
            ids = {one["width"]: one["id"] for one in service.get("/api/slides")["slides"]}
            seen, segmented = (ids[side] for side in asked.sides)
            crowd = Crowd(service, scene(service, seen), tuple(asked.think), asked.seed)
            print(f"{'':<32} {'asked':>9}  {'50 %':>7}  {'95 %':>7}  {'99 %':>7}", flush=True)
            if asked.soak:
                with Memory(service).watched() as memory, busy(service, segmented) as jobs:
                    crowd.look(f"{asked.viewers} with a job", asked.viewers, 60 * asked.soak)
                memory.tell()
                print(f"jobs: {dict(jobs)}")
                return
            crowd.look("one alone", 1, asked.seconds)
            idle, working = list[Log](), list[Log]()
            for _ in range(asked.rounds):
                idle.append(crowd.look(f"{asked.viewers} idle", asked.viewers, asked.seconds))
                with busy(service, segmented):
                    name = f"{asked.viewers} with a job"
                    working.append(crowd.look(name, asked.viewers, asked.seconds))
            errors = sum(len(log.errors) for log in (*idle, *working))
            for kind in KINDS:
                quiet, loaded = _p95(idle, kind), _p95(working, kind)
                print(
                    f"{kind}: p95 {1000 * loaded:.0f} ms with a job, {1000 * quiet:.0f} without: "
                    f"{loaded / quiet:.2f} ×"
                )
            print(f"{errors} errors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--think", type=float, nargs=2, default=(2.0, 6.0), help="seconds")
    parser.add_argument("--sides", type=int, nargs=2, default=(20_000, 40_000), help="px")
    parser.add_argument("--soak", type=float, default=0, help="minutes")
    parser.add_argument("--seed", type=int, default=0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it has started
    main(parser.parse_args())
