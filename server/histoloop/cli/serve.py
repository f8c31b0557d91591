"""`histoloop serve`: the service and the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Slides = Annotated[Path | None, typer.Option(help="Folder of slides to show.")]
Home = Annotated[
    Path | None, typer.Option(help="Jobs, runs, models, caches. [default: ~/.histoloop]")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="0 takes a free one. [default: 8080]")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDR", help="A Dask scheduler; none: this machine computes.")
]


def serve(
    slides: Slides = None,
    home: Home = None,
    host: Host = None,
    port: Port = None,
    scheduler: Scheduler = None,
) -> None:
    """Serve a folder of slides: viewer, segmentation, REST.

    Every option can be set in the environment too, e.g. `HISTOLOOP_SLIDES`.

    Example: `histoloop serve --slides /data/slides`, then open http://127.0.0.1:8080
    """
    from histoloop.config import settings
    from histoloop.service.server import running, wait_for_end

    said = settings(slides=slides, home=home, host=host, port=port, scheduler=scheduler)
    with running(said) as service:
        typer.echo(f"HistoLoop listens on {service.url} (Ctrl-C ends it)")
        wait_for_end()
