"""`histoloop worker`: compute for a scheduler."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def worker(
    scheduler: Annotated[
        str, typer.Argument(metavar="SCHEDULER", help="Its address, e.g. tcp://machine:8786.")
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Predictions at a time, a core each. [default: all cores; 1 with a GPU]",
        ),
    ] = None,
    gpu: Annotated[
        bool | None,
        typer.Option(
            "--gpu/--no-gpu",
            help="Keep it for TensorFlow's tiles and retrainings, or leave the GPU alone. "
            "[default: whether TensorFlow finds one]",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="For Dask's own files. [default: the system's temporary]")
    ] = None,
) -> None:
    """Compute for a Dask scheduler, until Ctrl-C: tiles, and whole jobs of a service.

    All machines need the same HistoLoop, and the slides, the home folder and the output under the
    same paths: a shared folder. Slides of a Digital Slide Archive are read from it by each. Workers
    may come and go; what one had not finished, another does.

    Example, on one machine `dask scheduler`, on as many as you like
    `histoloop worker tcp://first-machine:8786`, and on any
    `histoloop serve --slides /shared/slides --home /shared/home --scheduler tcp://first-machine:8786`
    or `histoloop segment … --scheduler tcp://first-machine:8786`.

    A worker with a GPU is kept for what TensorFlow computes as long as there are others: start one
    per GPU (`CUDA_VISIBLE_DEVICES=0 histoloop worker …`), and one with `--no-gpu` for the cores.

    Who reaches the scheduler can run code on all of them: keep it on a network of your own.
    """
    from histoloop.config import settings
    from histoloop.jobs.engine import MESSAGES_KEPT, connect
    from histoloop.jobs.places import GPU
    from histoloop.models.runtimes.tensorflow import has_gpu

    connect(scheduler).close()
    os.putenv("DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH", str(MESSAGES_KEPT))
    with_gpu = has_gpu() if gpu is None else gpu
    if gpu is False:
        os.putenv("CUDA_VISIBLE_DEVICES", "-1")  # a TensorFlow takes all memory that it sees
    said = settings(scheduler=scheduler, workers=workers)
    if with_gpu and "workers" not in said.model_fields_set:
        said = said.model_copy(update={"workers": 1})
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler]
    command += ["--name", f"{socket.gethostname()}-{os.getpid()}", "--nworkers", str(said.workers)]
    command += ["--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
    command += ["--local-directory", str(folder or tempfile.gettempdir())]
    command += ["--resources", f"{GPU}=1"] if with_gpu else []
    kind = ", on a GPU" if with_gpu else ""
    typer.echo(f"computing for {scheduler}, {said.workers} at a time{kind} (Ctrl-C ends it)")
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606  # its signals and its end are Dask's
