"""`histoloop models`: what can be run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The models that can be run.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")]


@app.command("list")
def list_models(home: Home = None) -> None:
    """List all models, newest version first."""
    from histoloop.config import settings
    from histoloop.models.registry import ModelRegistry

    for model in ModelRegistry(settings(home=home).home).list():
        typer.echo(f"{model.card.reference}\t{model.card.mpp:g} µm/px\t{model.card.summary}")


@app.command("show")
def show_model(reference: str, home: Home = None) -> None:
    """Print a model's card: classes, scale, data, what was measured and on how little."""
    from histoloop.config import settings
    from histoloop.models.registry import ModelRegistry

    card = ModelRegistry(settings(home=home).home).get(reference).card
    typer.echo(card.model_dump_json(indent=2))
