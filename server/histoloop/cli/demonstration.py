"""What the demo shows, in order."""

from __future__ import annotations

import json
import time
import urllib.request
import webbrowser
from pathlib import Path

import typer

from histoloop.config import settings
from histoloop.geometry import Size
from histoloop.jobs.archive import open_archive
from histoloop.jobs.context import Context, ThreadExecutor
from histoloop.jobs.loop import PAGE, LoopPlan, go_round
from histoloop.models.registry import DEFAULT
from histoloop.service.server import Service, running, wait_for_end
from histoloop.slides.synthetic import Specimen, write_slide

SPECIMEN = Specimen(size=Size(12_288, 9_216), mpp=0.5, seed=7)
_SLIDE = "synthetic-tumour.tiff"
_TRUTH = "synthetic-tumour-truth.tiff"


def make_slide(home: Path) -> tuple[Path, Path]:
    """The demo's slide and its truth; made at the first call."""
    slide, truth = home / "slides" / _SLIDE, home / "truth" / _TRUTH
    if not (slide.is_file() and truth.is_file()):
        slide.parent.mkdir(parents=True, exist_ok=True)
        truth.parent.mkdir(parents=True, exist_ok=True)
        size, start = SPECIMEN.size, time.perf_counter()
        typer.echo(
            f"making a synthetic slide, {size.width} × {size.height} px at {SPECIMEN.mpp} µm/px …"
        )
        write_slide(SPECIMEN, slide, truth=truth)
        typer.echo(f"made in {time.perf_counter() - start:.0f} s")
    return slide, truth


def once(home: Path, plan: LoopPlan | None = None) -> None:
    """Go the whole loop round and say what has come out."""
    said = settings(home=home)
    start = time.perf_counter()
    found = go_round(home, said, Context(ThreadExecutor(said.workers)), typer.echo, plan)
    decision = found.retrained.decision
    for one in decision.classes:
        if one.mean:
            typer.echo(
                f"{one.name}: Dice on locked truth {one.mean.active:.3f} before, "
                f"{one.mean.challenger:.3f} after"
            )
    typer.echo(decision.words)
    typer.echo(
        f"{time.perf_counter() - start:.0f} s; synthetic slides prove the way through, "
        "not the model"
    )
    typer.echo(f"→ {found.folder / PAGE}")


def serve(home: Path, port: int, *, browser: bool) -> None:
    """Serve the slide, start a segmentation, open the viewer."""
    make_slide(home)
    with running(settings(home=home, slides=home / "slides", port=port)) as service:
        address = start_segmentation(service)
        typer.echo(f"HistoLoop shows it at {address} (Ctrl-C ends it)")
        if browser:
            open_browser(address)
        wait_for_end(service)


def start_segmentation(service: Service) -> str:
    """Ask for a segmentation the way the viewer does; returns the address that shows it."""
    slide = open_archive(service.library.settings).slides.list()[0].id
    if not service.library.ledger.list(slide):
        body = json.dumps({"kind": "segment", "slide": slide, "model": DEFAULT}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{service.url}/api/jobs", body, headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
    return f"{service.url}/#slide={slide}"


def open_browser(address: str) -> None:
    """Show a page where there is a screen; a text browser would take the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is not webbrowser.GenericBrowser:
        browser.open(address)
