"""`histoloop serve`: the service and the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Slides = Annotated[Path | None, typer.Option(help="Folder of slides to show.")]
Dsa = Annotated[
    str | None, typer.Option(metavar="URL", help="Show a Digital Slide Archive instead.")
]
Home = Annotated[
    Path | None, typer.Option(help="Jobs, runs, models, caches. [default: ~/.histoloop]")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="0 takes a free one. [default: 8080]")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDR", help="A Dask scheduler; none: this machine computes.")
]
Annotator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Who draws on slides of a folder. [default: your account here]"
    ),
]


def serve(
    slides: Slides = None,
    dsa: Dsa = None,
    home: Home = None,
    host: Host = None,
    port: Port = None,
    scheduler: Scheduler = None,
    annotator: Annotator = None,
) -> None:
    """Serve slides of a folder, or of a Digital Slide Archive: viewer, segmentation, REST.

    Every option can be set in the environment too, e.g. `HISTOLOOP_SLIDES`, `HISTOLOOP_DSA`.

    Example: `histoloop serve --slides /data/slides`, then open http://127.0.0.1:8080

    With `--dsa https://dsa.example.org` everybody signs in with their account there, and sees
    and may do what it lets them. Where you are the only one, `HISTOLOOP_DSA_KEY` holds your API
    key and spares you that. `HISTOLOOP_DSA_SECRET` is shared with the plugin in the archive.
    `--host` lets other machines in, with an archive only; put a TLS proxy in front then, and
    set `HISTOLOOP_PUBLIC_URL` to its https address. Never put a proxy before a service that has
    a key: without that address, whoever comes through it would act as you.
    """
    from histoloop.cli.models import who
    from histoloop.config import settings
    from histoloop.logs import configure
    from histoloop.service.server import running, wait_for_end

    said = settings(
        slides=slides,
        dsa=dsa,
        home=home,
        host=host,
        port=port,
        scheduler=scheduler,
        annotator=annotator,
    )
    if said.annotator is None:
        said = said.model_copy(update={"annotator": who()})
    configure(said)
    with running(said) as service:
        typer.echo(f"HistoLoop listens on {service.url} (Ctrl-C ends it)")
        wait_for_end(service)
