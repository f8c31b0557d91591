"""`histoloop doctor`: what works here, and what not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from histoloop.cli.serve import Dsa, Home, Scheduler, Slides

_MARKS = {"works": "✓", "lacks": "–", "fails": "✗"}


def doctor(
    slides: Slides = None,
    dsa: Dsa = None,
    home: Home = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None, typer.Option(help="Write what was found as JSON, to attach to a question.")
    ] = None,
) -> None:
    """Try what works here, and say what does not, why, and what to do about it.

    A slide is written and read, a tile is predicted, the home folder and its ledger are looked
    at; with `--slides`, `--dsa` and `--scheduler`, or their settings, these are asked, too.
    Keys, tokens and passwords are not told. Ends with 1 if anything fails.

    Example: `histoloop doctor --slides /data/slides`
    """
    from histoloop.config import settings
    from histoloop.durable import replace_text
    from histoloop.service.checkup import Verdict, examine

    said = settings(slides=slides, dsa=dsa, home=home, scheduler=scheduler)
    findings = []
    for one in examine(said):
        findings.append(one)
        typer.echo(f"{_MARKS[one.verdict]} {one.name:17}{one.said}")
        if one.hint:
            typer.echo(f"  {'':17}→ {one.hint}")
    if out:
        replace_text(out, json.dumps([asdict(one) for one in findings], indent=2))
    raise typer.Exit(int(any(one.verdict is Verdict.FAILS for one in findings)))
