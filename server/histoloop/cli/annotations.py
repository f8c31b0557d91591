"""`histoloop annotations`: between a Digital Slide Archive, files and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from histoloop.cli.rasterize import rasterize

if TYPE_CHECKING:
    from histoloop.annotations.transfer import Transfer

app = typer.Typer(
    help="Annotations: from and to a DSA, as files, as GeoJSON, as masks.", no_args_is_help=True
)
app.command("rasterize")(rasterize)

Item = Annotated[
    str,
    typer.Argument(
        metavar="ITEM", help="The slide: the address that a browser shows for it, or its id."
    ),
]
Dsa = Annotated[
    str | None, typer.Option(metavar="URL", help="Where an ITEM that is only an id is looked up.")
]


@app.command("pull")
def pull(
    item: Item,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="A .json file for all, or a folder: one file each."),
    ],
    dsa: Dsa = None,
) -> None:
    """Save all annotations of a slide as the archive has them.

    `HISTOLOOP_DSA_KEY` (or `HISTOLOOP_DSA_TOKEN`) says who you are in the DSA that
    `HISTOLOOP_DSA` names; any other one is asked without it.

    Example: `histoloop annotations pull "https://dsa.example.org/histomics#?image=ID" all.json`
    """
    from histoloop.annotations import transfer
    from histoloop.cli.values import annotations_of

    store, id = annotations_of(item, dsa)
    say(transfer.pull(store, id, out), str(out))


@app.command("push")
def push(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="Documents, or a folder that `histoloop segment` has written."
        ),
    ],
    item: Item,
    dsa: Dsa = None,
    layer: Annotated[
        str | None,
        typer.Option(help="Pushed again under this name, they replace themselves. [default: file]"),
    ] = None,
    supersede: Annotated[
        bool,
        typer.Option("--supersede", help="Also remove earlier runs of the same model, by anybody."),
    ] = False,
) -> None:
    """Put annotations on a slide; a second push of the same changes nothing.

    What you pushed before under the same name is replaced, a model's run by whoever pushed it.
    Nothing else is touched, nor anything that somebody has corrected in the archive since.
    `HISTOLOOP_DSA_KEY` (or `HISTOLOOP_DSA_TOKEN`) says who you are in the DSA that
    `HISTOLOOP_DSA` names; any other one is asked without it.

    Example: `histoloop annotations push results/slide "https://dsa.example.org/#item/ID"`
    """
    from histoloop.annotations import transfer
    from histoloop.cli.values import annotations_of

    store, id = annotations_of(item, dsa)
    done = transfer.push(store, source, id, layer or source.stem, supersede=supersede)
    say(done, f"item {id}")


@app.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="DSA documents, or GeoJSON.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The other one.")],
) -> None:
    """Turn DSA documents into GeoJSON as QuPath has it, or back.

    Nothing is dropped silently: what the other format cannot hold is counted on stderr. What
    has no place there travels in `properties.dsa` or `user.geojson`, so that a file that
    nobody has changed comes back as it was.

    Example: `histoloop annotations convert annotation.json for-qupath.geojson`
    """
    from histoloop.annotations import transfer

    say(transfer.convert(source, target), str(target))


def say(done: Transfer, where: str) -> None:
    """One line on what was done, and one on stderr for whatever was not."""
    for note in done.notes:
        typer.echo(f"histoloop: {note}", err=True)
    typer.echo(f"{where}: {done.documents} annotation{'' if done.documents == 1 else 's'}")
