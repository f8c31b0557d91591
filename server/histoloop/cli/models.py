"""`histoloop models`: what can be run, and which version of it is."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from histoloop.models.registry import ModelRegistry

app = typer.Typer(help="The models that can be run, and which version is.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Where models are. [default: ~/.histoloop]")]
Why = Annotated[str, typer.Option(help="Kept in the model's history.")]


@app.command("list")
def list_models(home: Home = None) -> None:
    """List all models with their tags, newest version first."""
    registry = _registry(home)
    for model in registry.list():
        card = model.card
        tags = ",".join(registry.tags_of(card)) or "-"
        typer.echo(f"{card.reference}\t{tags}\t{card.mpp:g} µm/px\t{card.summary}")
    for error in registry.broken():
        typer.echo(f"left out: {error}", err=True)


@app.command("show")
def show_model(reference: str, home: Home = None) -> None:
    """Print a model's card: classes, scale, data, what was measured and on how little.

    Beside it stand its tags, what it goes on from, its name's history and the gate's decision.
    """
    from histoloop.training.gate_decision import read_decision

    registry = _registry(home)
    card = registry.get(reference).card
    decision = read_decision(registry.folder.parent, card.name, card.version)
    said = card.model_dump(mode="json") | {
        "tags": registry.tags_of(card),
        "lineage": registry.lineage(card),
        "history": [one.model_dump() for one in registry.tags.read(card.name).history],
        "gate": {"words": decision.words} | decision.model_dump() if decision else None,
    }
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False))


@app.command("add")
def add_model(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A model folder.")],
    why: Why = "",
    home: Home = None,
) -> None:
    """Check a model folder and take it into the registry.

    The card has to be right, the weights its own and free of code, and the network has to
    predict a tile. A version that is taken becomes the next free one. What the name stands for
    stays as it is; the first version of a name is active at once.
    """
    from histoloop.models.admission import add

    registry = _registry(home)
    card = add(registry, folder, who(), why).card
    if "active" in registry.tags_of(card):
        typer.echo(f"{card.reference} added: active, the first of its name")
        return
    active = registry.active(card.name)
    stays = f"{active.card.reference} stays active" if active else "none is active"
    promote = f"histoloop models promote {card.reference}"
    typer.echo(f"{card.reference} added as candidate; {stays} until `{promote}`")


@app.command("promote")
def promote_model(
    reference: Annotated[str, typer.Argument(metavar="NAME@V")], why: Why = "", home: Home = None
) -> None:
    """Make a version the one that its name stands for, whatever the gate has said."""
    card = _registry(home).promote(reference, who(), why).card
    typer.echo(f"{card.reference} is active; the next job uses it")


@app.command("rollback")
def rollback_model(name: str, why: Why = "", home: Home = None) -> None:
    """Go back to the version that was active before; the next job uses it."""
    card = _registry(home).rollback(name, who(), why).card
    typer.echo(f"{card.reference} is active again; the next job uses it")


def _registry(home: Path | None) -> ModelRegistry:
    from histoloop.config import settings
    from histoloop.models.registry import ModelRegistry

    return ModelRegistry(settings(home=home).home)


def who() -> str:
    """Who is at the terminal, for people."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "somebody"
