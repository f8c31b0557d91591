"""`histoloop demo`: the whole way through on a slide of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    home: Annotated[
        Path | None,
        typer.Option(help="Where the demo keeps its files. [default: ~/.histoloop/demo]"),
    ] = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8080,
    browser: Annotated[bool, typer.Option(help="Open the viewer in a browser.")] = True,
    once: Annotated[
        bool, typer.Option("--once", help="Go the whole loop round, print what came out, and end.")
    ] = False,
) -> None:
    """Make a synthetic slide, serve the viewer and stream a segmentation over it.

    Takes seconds to start and needs no data. With `--once` nothing is served: slides of a
    laboratory that stains unlike others are segmented, three made-up annotators correct them, the
    model is trained on, and the gate decides on slides whose exact truth is locked; a page shows
    all of it. Each call is another round.
    """
    from histoloop.cli import demonstration
    from histoloop.config import settings

    place = home or settings().home / "demo"
    if once:
        demonstration.once(place)
    else:
        demonstration.serve(place, port, browser=browser)
