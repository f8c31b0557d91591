"""`histoloop`: the verbs and how they end."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from histoloop import __version__
from histoloop.cli import (
    benchmark,
    dataset,
    demo,
    doctor,
    evaluate,
    models,
    retrain,
    runs,
    segment,
    serve,
    synthesize,
    train,
    worker,
)
from histoloop.cli.annotations import app as annotations_app
from histoloop.durable import is_disk_fault
from histoloop.errors import CancelledError, HistoloopError

app = typer.Typer(
    name="histoloop",
    help="Segment whole-slide images, look at the prediction, train the next model.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("segment")(segment.segment)
app.command("train")(train.train)
app.command("retrain")(retrain.retrain)
app.command("evaluate")(evaluate.evaluate)
app.command("benchmark")(benchmark.benchmark)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)
app.command("synthesize")(synthesize.synthesize)
app.add_typer(annotations_app, name="annotations")
app.add_typer(dataset.app, name="dataset")
app.add_typer(models.app, name="models")
app.add_typer(runs.app, name="runs")


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[  # noqa: ARG001
        bool, typer.Option("--debug", help="Show tracebacks.")
    ] = False,
) -> None:
    """Options that come before the verb; --debug is acted on in `main`."""
    if version:
        typer.echo(f"histoloop {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a verb; an error is one line on stderr and an exit code: 2 wrong use, 1 failed."""
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        sys.exit(app(standalone_mode=False))
    for library in ("tifffile", "large_image"):  # what they complain of, our errors say
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        sys.exit(app(standalone_mode=False))
    except HistoloopError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if not is_disk_fault(error):
            raise
        _fail(f"{error} (look at the disk and at who may write there)", 1)
    except TyperException as error:
        _fail(" ".join(str(error).split()), 2)
    except (CancelledError, typer.Abort, KeyboardInterrupt):
        _fail("cancelled; --resume goes on from here", 1)


def _fail(message: str, code: int) -> None:
    print(f"histoloop: {message}", file=sys.stderr)
    sys.exit(code)
