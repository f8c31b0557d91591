"""One worker against two, a core each: how much sooner is one slide done?

    python -m benchmarks.two_workers SLIDE [--rounds 3] [--cores 0 1] [--model NAME]

A Dask scheduler, workers of one thread each (fp32, OpenVINO), and `histoloop segment --scheduler`,
which is the driver: it hands out shards, stitches, traces and writes. With one worker all of that,
scheduler and driver too, has the first core alone. With two, each worker is pinned to a core of its
own, and scheduler and driver may take either: twice the cores for all that is done. In the same
rounds, to see what the machine itself allows (memory, shared parts of cores), one whole process
without a scheduler runs on the first core, then two side by side, on a core each. Files are
compared byte for byte, annotations without the run's id.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Client

from histoloop.models.registry import DEFAULT

BIN = Path(sys.executable).parent
FIXED = ("--runtime", "openvino", "--precision", "fp32")


@dataclass(frozen=True)
class Run:
    """One segmentation.

    Attributes:
        seconds: by stage, as its report has them; process: of the driver, its start included.
        content: digests of its files by name.
    """

    seconds: dict[str, float]
    process: float
    content: dict[str, str]

    @classmethod
    def read(cls, out: Path, process: float) -> Run:
        (report,) = out.rglob("report.json")
        return cls(json.loads(report.read_bytes())["seconds"], process, _content(report.parent))

    @property
    def total(self) -> float:
        return self.seconds["total"]


def _content(folder: Path) -> dict[str, str]:
    zarr = sorted(one for one in (folder / "probability.zarr").rglob("*") if one.is_file())
    found = {
        str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in (folder / "mask.tiff", *zarr)
    }
    documents = json.loads((folder / "annotation.json").read_bytes())
    for one in documents:
        del one["attributes"]["run"]
    text = json.dumps(documents, sort_keys=True)
    return found | {"annotation.json": hashlib.sha256(text.encode()).hexdigest()}


def _started(cores: Sequence[int], *command: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(BIN / str(command[0])), *map(str, command[1:])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"HISTOLOOP_WORKERS": "1"},
        preexec_fn=partial(os.sched_setaffinity, 0, cores),  # inherited by all that it starts
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(said.decode())


@contextmanager
def cluster(workers: Sequence[int], folder: Path) -> Iterator[str]:
    """A scheduler, and a worker on each of these cores; the address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    with ExitStack() as stack:

        def start(cores: Sequence[int], *command: object) -> None:
            process = _started(cores, *command)
            stack.callback(process.wait)
            stack.callback(process.terminate)

        listen = ("--host", "127.0.0.1", "--port", 0, "--scheduler-file", file)
        start(workers, "dask", "scheduler", *listen, "--no-dashboard", "--no-jupyter")
        while not (file.is_file() and file.read_text().endswith("}")):
            time.sleep(0.05)
        address: str = json.loads(file.read_text())["address"]
        for core in workers:
            start([core], "histoloop", "worker", address, "--workers", 1, "--folder", folder)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(len(workers), timeout=60)
        yield address


@dataclass(frozen=True)
class Slide:
    """What is segmented, and by which model."""

    path: Path
    model: str

    def segment(self, cores: Sequence[int], out: Path, *more: object) -> subprocess.Popen[bytes]:
        command = ("segment", self.path, "--model", self.model, "--out", out, *FIXED, *more)
        return _started(cores, "histoloop", *command)

    def on_workers(self, cores: Sequence[int]) -> Run:
        """The second segmentation of a cluster that has loaded its model with the first."""
        with TemporaryDirectory() as name, cluster(cores, Path(name)) as address:
            for turn in ("warm", "timed"):
                out, began = Path(name) / turn, time.perf_counter()
                _ended(self.segment(cores, out, "--scheduler", address))
            return Run.read(out, time.perf_counter() - began)

    def by_itself(self, cores: Sequence[int]) -> list[Run]:
        """A process on each core at once."""
        with TemporaryDirectory() as name:
            began = time.perf_counter()
            outs = [Path(name) / str(core) for core in cores]
            started = [self.segment([core], out) for core, out in zip(cores, outs, strict=True)]
            for process in started:
                _ended(process)
            return [Run.read(out, time.perf_counter() - began) for out in outs]


def main(slide: Slide, cores: Sequence[int], rounds: int) -> None:
    """Print seconds by stage, the ratios, and whether all files are the same."""
    one, two, alone, beside = list[Run](), list[Run](), list[Run](), list[Run]()
    for number in range(rounds):
        one.append(slide.on_workers(cores[:1]))
        two.append(slide.on_workers(cores))
        alone += slide.by_itself(cores[:1])
        pair = slide.by_itself(cores)
        beside.append(max(pair, key=lambda run: run.total))
        print(
            f"round {number + 1}: {one[-1].total:.1f} s with one worker, {two[-1].total:.1f} with "
            f"two; {alone[-1].total:.1f} by itself, {beside[-1].total:.1f} each of two",
            flush=True,
        )
    kinds = {"one worker": one, "two workers": two, "by itself": alone, "each of two": beside}
    print(f"{'seconds':<12}" + "".join(f"{name:>14}" for name in kinds))
    for stage in one[0].seconds:
        medians = (statistics.median(run.seconds[stage] for run in runs) for runs in kinds.values())
        print(f"{stage:<12}" + "".join(f"{value:>14.2f}" for value in medians))
    processes = (statistics.median(run.process for run in runs) for runs in kinds.values())
    print(f"{'process':<12}" + "".join(f"{value:>14.2f}" for value in processes))
    won = [single.total / double.total for single, double in zip(one, two, strict=True)]
    bound = [2 * single.total / double.total for single, double in zip(alone, beside, strict=True)]
    same = all(run.content == one[0].content for run in (*one, *two, *alone, *beside))
    print(
        f"two workers are {_spread(won)} as fast as one; the machine allows {_spread(bound)}; "
        f"{len(one[0].content)} files, {'all the same' if same else 'NOT THE SAME'}"
    )


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} × ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, nargs=2, default=(0, 1))
    parser.add_argument("--model", default=DEFAULT)
    asked = parser.parse_args()
    main(Slide(asked.slide, asked.model), asked.cores, asked.rounds)
