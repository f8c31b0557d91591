"""What ``kill -9`` costs: a scheduler, workers and a service that die again and again.

    python -m benchmarks.kills SLIDE [--dsa] [--kills 50] [--model NAME] [--seed 0]

A Dask scheduler, two worker machines of a core each, and a service run as processes of this
machine; what dies is started again, as systemd or Docker would. A job is done undisturbed. Then the
same job is asked for again and again, and while it runs one of the three, drawn by lot, is killed
every few seconds. Of every disturbed job it is asked whether its files and its annotation documents
are those of the undisturbed one, byte for byte and element for element, whether a shard was
written again that was whole on disk, and how many shards were begun that were not needed. With
``--dsa`` slide and annotations lie in a real Girder, whose own answer is what is compared; without,
in a folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from tests.support.dsa.archive import open_archive
from tests.support.dsa.provision import Archive

from histoloop.models.registry import DEFAULT

BIN = Path(sys.executable).parent
LEASE_S = 4
PAUSE_S = (2.0, 6.0)
"""Between a kill and the next."""


@contextmanager
def _again_and_again(work: Callable[[], None], seconds: float) -> Iterator[None]:
    """Do some work at that interval, in the background, until the block is left."""
    ending = threading.Event()

    def repeat() -> None:
        while not ending.wait(seconds):
            work()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@dataclass
class Keeper:
    """Starts a program again whenever it has ended, until the block is left."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[Keeper]:
        try:
            with _again_and_again(self._revive, 0.2):
                yield self
        finally:
            self.kill()

    def kill(self) -> None:
        """With all its children, as if its machine had lost its power."""
        with self._lock:
            if self._process and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def _revive(self) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    self.command,
                    env=os.environ | self.environment,
                    stdout=self.log.open("ab"),
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )


@dataclass
class Shards:
    """How often each shard of a run was made whole on disk, whichever attempt has it."""

    runs: Path
    run: str
    _seen: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[Shards]:
        with _again_and_again(self._look, 0.02):
            yield self

    @property
    def again(self) -> int:
        return sum(len(versions) - 1 for versions in self._seen.values())

    def _look(self) -> None:
        for path in self.runs.glob(f"{self.run}*/.shards/*.npz"):
            with suppress(FileNotFoundError):  # the run is complete
                found = path.stat()
                self._seen.setdefault(path.name, set()).add((found.st_ino, found.st_mtime_ns))


@dataclass(frozen=True)
class Service:
    """What a client sees; it asks again where nobody answers."""

    url: str
    home: Path
    archive: Archive | None

    @cached_property
    def headers(self) -> dict[str, str]:
        return {"Girder-Token": self.archive.token("annotator")} if self.archive else {}

    def get(self, path: str) -> Any:
        return self._asked("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._asked("POST", path, body)

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        end = time.monotonic() + 120
        while True:
            try:
                answer = requests.request(
                    method, self.url + path, json=body, headers=self.headers, timeout=20
                )
                if answer.status_code < 500:
                    answer.raise_for_status()
                    return answer.json()
            except (requests.ConnectionError, requests.Timeout):
                pass
            if time.monotonic() > end:
                raise SystemExit(f"{path}: nobody has answered for two minutes")
            time.sleep(0.2)

    def ended(self, job: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self.get(f"/api/jobs/{job}")
        return None if found["state"] in ("queued", "running") else found

    def content(self, slide: str, run: str) -> dict[str, str]:
        """Digests of all that a run has left, by name."""
        attempts = (self.home / "runs").glob(f"{run}*")
        folder = max(attempts, key=lambda one: int(one.name.partition("~")[2] or 1))
        files = [folder / "mask.tiff", *sorted((folder / "probability.zarr").rglob("*"))]
        found = {
            str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest()
            for one in files
            if one.is_file()
        }
        documents = [
            json.dumps(_timeless(one["elements"]), sort_keys=True)
            for one in self._documents(slide)
            if one.get("attributes", {}).get("run") == run
        ]
        joined = "\n".join(sorted(documents)).encode()
        found[f"{len(documents)} documents"] = hashlib.sha256(joined).hexdigest()
        return found

    def _documents(self, slide: str) -> Iterator[dict[str, Any]]:
        """Of a DSA as it gives them itself."""
        if self.archive:
            client = self.archive.client("annotator")
            for one in client.get("annotation", parameters={"itemId": slide, "limit": 0}):
                yield client.get(f"annotation/{one['_id']}")["annotation"]
        else:
            for one in self.get(f"/api/slides/{slide}/annotations")["annotations"]:
                yield self.get(f"/api/annotations/{one['id']}")


def _timeless(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what every push makes anew."""
    new = ("id", "girderId")
    return [{key: value for key, value in one.items() if key not in new} for one in elements]


def main(path: Path, model: str, kills: int, seed: int, on_dsa: bool) -> None:
    """Print what was killed, and what it cost."""
    lot = random.Random(seed)
    with TemporaryDirectory(prefix="kills-") as name, ExitStack() as stack:
        folder = Path(name)
        archive = stack.enter_context(open_archive()) if on_dsa else None
        slide = archive.upload(path) if archive else None
        (folder / "slides").mkdir()
        shutil.copy(path, folder / "slides")
        keepers, service = _machines(folder, stack, archive)
        slide = slide or service.get("/api/slides")["slides"][0]["id"]
        asked = {"kind": "segment", "slide": slide, "model": model}
        _done(service, service.post("/api/jobs", asked))  # which warms everything up
        seconds, first = _done(service, service.post("/api/jobs", asked))
        expected = service.content(slide, first["run"])
        needed = _begun(folder) // 2
        print(
            f"undisturbed: {seconds:.1f} s, {first['progress']['total']} tiles, {needed} shards, "
            + ", ".join(name for name in expected if name.endswith("documents")),
            flush=True,
        )
        killed: Counter[str] = Counter()
        jobs, took, again, wrong = 0, 0.0, 0, 0
        while killed.total() < kills:
            job = service.post("/api/jobs", asked)
            began, jobs = time.monotonic(), jobs + 1
            with Shards(folder / "home" / "runs", job["run"]).watched() as shards:
                while killed.total() < kills and not service.ended(job["id"]):
                    time.sleep(lot.uniform(*PAUSE_S))
                    role = lot.choice(sorted(keepers))
                    keepers[role].kill()
                    killed[role.rstrip("12")] += 1
                _, last = _done(service, job)
            took += time.monotonic() - began
            again += shards.again
            same = last["state"] == "done" and service.content(slide, job["run"]) == expected
            wrong += not same
            if not same:
                print(f"job {job['id']}: {last['state']} {last['failure']}", flush=True)
        extra = _begun(folder) - (2 + jobs) * needed
    kinds = ", ".join(f"{role} {count}" for role, count in sorted(killed.items()))
    lost = (took - jobs * seconds) / kills
    print(
        f"{kills} kills ({kinds}) in {jobs} jobs: {wrong} with other files or documents, "
        f"{again} shards written again, {extra} begun in vain "
        f"({extra / needed / kills:.2%} of a job's work a kill), "
        f"{lost:.1f} s lost a kill (lease {LEASE_S} s)"
    )


def _begun(folder: Path) -> int:
    """Shards that the workers have begun to compute so far, by their logs."""
    return sum(
        len(re.findall(r"shard \d+: \d+ tiles", log.read_text(errors="replace")))
        for log in folder.glob("worker?.log")
    )


def _machines(
    folder: Path, stack: ExitStack, archive: Archive | None
) -> tuple[dict[str, Keeper], Service]:
    scheduler, port = _free_port(), _free_port()
    address = f"tcp://127.0.0.1:{scheduler}"
    histoloop = str(BIN / "histoloop")
    dask = [str(BIN / "dask"), "scheduler", "--host", "127.0.0.1", "--port", str(scheduler)]
    work = [histoloop, "worker", address, "--workers", "1", "--folder", str(folder)]
    serve = [histoloop, "serve", "--port", str(port)]
    serve += ["--dsa", archive.stack.root_url] if archive else ["--slides", str(folder / "slides")]
    serve += ["--home", str(folder / "home"), "--scheduler", address]
    commands = {
        "scheduler": [*dask, "--no-dashboard", "--no-jupyter"],
        "worker1": work,
        "worker2": work,
        "service": serve,
    }
    environment = {"HISTOLOOP_LEASE_S": str(LEASE_S), "HISTOLOOP_LOG_LEVEL": "debug"}
    keepers = {
        role: Keeper(command, environment, folder / f"{role}.log")
        for role, command in commands.items()
    }
    for keeper in keepers.values():
        stack.enter_context(keeper.running())
    return keepers, Service(f"http://127.0.0.1:{port}", folder / "home", archive)


def _done(service: Service, job: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    while not (found := service.ended(job["id"])):
        time.sleep(0.1)
        if time.monotonic() - began > 300:
            raise SystemExit(f"job {job['id']} does not end")
    return time.monotonic() - began, found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--dsa", action="store_true")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it has started
    main(asked.slide, asked.model, asked.kills, asked.seed, asked.dsa)
