"""What a slide of an archive costs to read, and whether its tiles' encoding changes a label.

``python -m benchmarks.dsa_reading SLIDE [MODEL]`` brings a Digital Slide Archive up, uploads the
slide, segments the file and the item side by side, and prints for each encoding: requests and
bytes per megapixel of the model's scale, the share of tiles that the cache had, the most
requests under way at once (of a budget of `BUDGET`), seconds, and how the prediction differs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr
from tests.support.dsa.archive import open_archive
from tests.support.dsa.proxy import Proxy

from histoloop.config import settings
from histoloop.geometry import Box
from histoloop.jobs import prediction
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.outputs import PROBABILITY
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment
from histoloop.masks.mask import Mask
from histoloop.models.registry import DEFAULT
from histoloop.slides.dsa import slide as dsa_slide
from histoloop.slides.dsa.site import DsaSite, Login
from histoloop.slides.dsa.slide import DsaItem, Traffic
from histoloop.slides.folder import SlideFile
from histoloop.slides.slide import SlideAddress

BUDGET = 6
ENCODINGS: dict[str, dict[str, object]] = {
    "JPEG 90": {"encoding": "JPEG", "jpegQuality": 90, "jpegSubsampling": 0},
    "JPEG 95": {"encoding": "JPEG", "jpegQuality": 95, "jpegSubsampling": 0},
    "JPEG 100": {"encoding": "JPEG", "jpegQuality": 100, "jpegSubsampling": 0},
    "PNG": {"encoding": "PNG"},
}


@dataclass(frozen=True)
class Run:
    """A prediction, ``(rows, cols)`` uint8 of the first class, and what it took."""

    values: NDArray[np.uint8]
    seconds: float
    traffic: Traffic


def main(path: Path, model: str) -> None:
    """Measure and print."""
    home = settings().home
    local = predict(SlideFile(path), model, home)
    megapixels = local.values.size / 1e6
    print(
        f"{path.name}: {megapixels:.2f} Mpx at the model's scale, "
        f"{local.seconds:.1f} s from the file"
    )
    print("encoding   requests/Mpx  kB/Mpx  from cache  at once  seconds  labels equal  mean |Δp|")
    with open_archive() as archive:
        item = archive.upload(path)
        login = Login(token=SecretStr(archive.token("reader")))
        for name, encoding in ENCODINGS.items():
            with TemporaryDirectory() as cache, Proxy(archive.stack.root_url) as proxy:
                site = DsaSite(f"{proxy.url}/api/v1", Path(cache), login, BUDGET)
                run = remote(DsaItem(site, item, path.name), encoding, model, home)
                print(line(name, run, local, proxy, megapixels))


def remote(item: DsaItem, encoding: Mapping[str, object], model: str, home: Path) -> Run:
    """Segment the item with its tiles in an encoding, which the product has settled."""
    before = dsa_slide._ENCODING
    dsa_slide._ENCODING = dict(encoding)
    try:
        return predict(item, model, home)
    finally:
        dsa_slide._ENCODING = before


def predict(slide: SlideAddress, model: str, home: Path) -> Run:
    """Segment all of a slide, glass included."""
    with TemporaryDirectory() as out:
        parameters = SegmentParameters(slide, model, Path(out), tissue_only=False)
        start = perf_counter()
        segment(parameters, home, Context(ThreadExecutor(2)))
        seconds = perf_counter() - start
        mask = Mask.open(Path(out) / PROBABILITY)
        values = mask.read(Box.of(mask.frame.size))[0]
    opened = prediction._slide(slide)
    return Run(values, seconds, getattr(opened, "traffic", Traffic()))


def line(name: str, run: Run, local: Run, proxy: Proxy, megapixels: float) -> str:
    """A row of the table."""
    seen = proxy.seen()
    received = sum(one.received for one in seen) / 1000
    tiles = run.traffic.fetched + run.traffic.cached
    equal = ((run.values >= 128) == (local.values >= 128)).mean()
    apart = np.abs(run.values.astype(int) - local.values).mean() / 255
    return (
        f"{name:10} {len(seen) / megapixels:12.1f}  {received / megapixels:6.0f}"
        f"  {run.traffic.cached / tiles:10.1%}  {proxy.peak:7}  {run.seconds:7.1f}"
        f"  {equal:12.4%}  {apart:9.5f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), (sys.argv[2:] or [DEFAULT])[0])
