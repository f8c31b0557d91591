"""What works here, what does not, and what to do about it: tried, where trying is quick."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from histoloop import __version__
from histoloop.config import Settings
from histoloop.errors import HistoloopError
from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.jobs.archive import dsa_site, open_archive
from histoloop.jobs.engine import connect
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.retention import GB, used
from histoloop.jobs.room import LEAST_ROOM
from histoloop.models import runtimes
from histoloop.models.registry import DEFAULT, ModelRegistry
from histoloop.models.runtimes import RuntimeName
from histoloop.models.segmenter import Segmenter
from histoloop.service.app import STATIC
from histoloop.service.visitor import visitor_of
from histoloop.slides.dsa.pulse import Pulse
from histoloop.slides.folder import open_slide
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.reading import read

_PARTS = (
    *("large-image", "openslide-bin", "openvino", "nncf", "tensorflow", "tensorflow-cpu"),
    *("keras", "dask", "girder-client"),
)
_LITTLE = 10 * LEAST_ROOM
"""Bytes on the home's disk below which somebody should look after it."""


class Verdict(StrEnum):
    """Of one thing."""

    WORKS = "works"
    LACKS = "lacks"
    FAILS = "fails"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        verdict: works; lacks what not everybody needs; fails: something will not work.
        hint: the way out, empty where there is none to take.
    """

    name: str
    verdict: Verdict
    said: str
    hint: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Try everything that the settings ask for, one after the other, as they are read."""
    checks: dict[str, Callable[[Settings], Finding]] = {
        "software": _software,
        "home": _home,
        "ledger": _ledger,
        "runs": _runs,
        "viewer": _viewer,
        "folder of slides": _folder,
        "archive": _archive,
        "scheduler": _scheduler,
        "slides": _slides,
        "model": _model,
        "int8": _int8,
        "training": _training,
    }
    asked = {"folder of slides": settings.slides, "archive": settings.dsa}
    asked["scheduler"] = settings.scheduler
    for name, check in checks.items():
        if asked.get(name, name):
            yield _tried(name, check, settings)


def _tried(name: str, check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except HistoloopError as error:
        return Finding(name, Verdict.FAILS, error.message, error.hint)
    except Exception as error:  # whatever a broken installation comes to
        return Finding(name, Verdict.FAILS, f"{type(error).__name__}: {error}")


def _software(_: Settings) -> Finding:
    parts = [f"{name} {found}" for name in _PARTS if (found := _version(name))]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_memory()}"
    said = f"HistoLoop {__version__}, Python {platform.python_version()}, {machine}; "
    return Finding("software", Verdict.WORKS, said + ", ".join(parts))


def _version(part: str) -> str | None:
    try:
        return version(part)
    except PackageNotFoundError:
        return None


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


def _slides(_: Settings) -> Finding:
    """A pyramid that is written and read back."""
    with TemporaryDirectory() as folder:
        path, size = Path(folder) / "slide.tiff", Size(600, 500)
        picture = np.random.default_rng(0).integers(0, 256, (500, 600, 3), np.uint8)
        write_pyramid(path, size, Mpp.square(0.5), [picture], lossless=True)
        slide = open_slide(path)
        same = np.array_equal(read(slide, Box.of(size), Scale(1.0, 1.0)), picture)
    if not same:
        return Finding("slides", Verdict.FAILS, "a slide is not read as it was written")
    return Finding("slides", Verdict.WORKS, "pyramids are written and read")


def _model(settings: Settings) -> Finding:
    """A tile that the bundled model predicts."""
    model = ModelRegistry(settings.home).get(DEFAULT)
    with TemporaryDirectory() as folder:
        runtime = runtimes.load(model, RuntimeName.AUTO, 1, Path(folder))
        segmenter, side = Segmenter(model.card, runtime), model.card.tile
        tile = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
        segmenter.predict(tile)
        began = time.perf_counter()
        segmenter.predict(tile)
        seconds = time.perf_counter() - began
    said = f"{model.card.reference} predicts a tile of {side} px in {seconds:.2f} s on a core by "
    said += f"{runtime.name} ({runtimes.reason(RuntimeName.AUTO)})"
    return Finding("model", Verdict.WORKS, said)


def _int8(_: Settings) -> Finding:
    if find_spec("nncf") and find_spec("openvino"):
        return Finding("int8", Verdict.WORKS, "NNCF is installed")
    hint = 'pip install "histoloop[openvino]"'
    return Finding("int8", Verdict.LACKS, "NNCF or OpenVINO is not installed", hint)


def _training(_: Settings) -> Finding:
    if not (find_spec("tensorflow") and find_spec("keras")):
        hint = 'pip install "histoloop[cpu]", or [gpu]'
        return Finding("training", Verdict.LACKS, "TensorFlow is not installed", hint)
    from histoloop.training.backend import load_backend
    from histoloop.training.device import device_in_use

    load_backend()
    device = device_in_use()
    said = f"TensorFlow trains on {device.count} × {device.name} ({device.kind})"
    return Finding("training", Verdict.WORKS, said)


def _home(settings: Settings) -> Finding:
    """Somewhere to write, and room."""
    home = settings.home.absolute()
    there = next(one for one in (home, *home.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        hint = "name another one with --home or HISTOLOOP_HOME"
        return Finding("home", Verdict.FAILS, f"{there} cannot be written to", hint)
    free = shutil.disk_usage(there).free
    said = f"{home} has {free / 2**30:.0f} GB of free disk"
    if free < _LITTLE:
        verdict = Verdict.FAILS if free < LEAST_ROOM else Verdict.LACKS
        return Finding("home", verdict, said, "make room, or name another one with --home")
    return Finding("home", Verdict.WORKS, said)


def _runs(settings: Settings) -> Finding:
    """What they take, and of how much."""
    taken, most, days = used(settings) / GB, settings.runs_gb, settings.runs_days
    limits = [f"{most:g} GB at most"] if most else []
    limits += [f"{days:g} days after they were last looked at"] if days else []
    said = f"take {taken:.1f} GB; " + (f"they stay: {', '.join(limits)}" if limits else "all stay")
    if most and taken > most:
        hint = "`histoloop runs list` says why: let some go, or raise HISTOLOOP_RUNS_GB"
        return Finding("runs", Verdict.LACKS, said, hint)
    return Finding("runs", Verdict.WORKS, said)


def _ledger(settings: Settings) -> Finding:
    if not settings.ledger and not settings.ledger_file.is_file():
        return Finding("ledger", Verdict.WORKS, "no job has been asked for yet")
    ledger = Ledger(settings.ledger_url)
    if wrong := ledger.damage():
        hint = "put back ledger.sqlite from a backup, or move it away: runs stay, jobs are lost"
        return Finding("ledger", Verdict.FAILS, f"is damaged: {wrong}", hint)
    counts = ", ".join(f"{count} {state}" for state, count in ledger.counts().items())
    return Finding("ledger", Verdict.WORKS, f"{ledger.place} has jobs: {counts or 'none'}")


def _viewer(_: Settings) -> Finding:
    if (STATIC / "index.html").is_file():
        return Finding("viewer", Verdict.WORKS, "is built")
    return Finding("viewer", Verdict.FAILS, "is not built", "run `make client`")


def _folder(settings: Settings) -> Finding:
    found = list(open_archive(settings).slides.list())
    said = f"{len(found)} slides in {settings.slides}"
    return Finding("folder of slides", Verdict.WORKS if found else Verdict.LACKS, said)


def _archive(settings: Settings) -> Finding:
    """Whether it answers, and to whom."""
    site = dsa_site(settings)
    Pulse(site).refuse_absent()
    if not (settings.dsa_key or settings.dsa_token):
        said = f"{site.host} answers; everybody signs in with an account there"
        return Finding("archive", Verdict.WORKS, said)
    user = visitor_of(settings, None).user()
    said = f"{site.host} answers, to {user.login if user else 'nobody'}"
    return Finding("archive", Verdict.WORKS, said)


def _scheduler(settings: Settings) -> Finding:
    address = settings.scheduler or ""
    with connect(address) as client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
    if workers:
        return Finding("scheduler", Verdict.WORKS, f"{address} has {len(workers)} workers")
    hint = f"start some: histoloop worker {address}"
    return Finding("scheduler", Verdict.FAILS, f"{address} has no workers", hint)
