"""`histoloop runs`: what the results of a service take, and putting old ones away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from histoloop.config import Settings
    from histoloop.jobs.ledger import Ledger
    from histoloop.jobs.retention import Stored

app = typer.Typer(
    help="The runs of a service: what they take, and putting old ones away.", no_args_is_help=True
)

_MOST = 1_000_000
"""Days, or GB."""

Home = Annotated[Path | None, typer.Option(help="Of the service. [default: ~/.histoloop]")]


@app.command("list")
def list_runs(home: Home = None) -> None:
    """List runs with their size, when they were last looked at, and why they stay.

    At the top is what would be put away first: of a job that came to nothing, then what nobody has
    looked at for longest. Runs of no job stay unless `prune --orphans` says otherwise.

    A run is kept for good by *Keep* in the viewer, or by
    `PUT /api/runs/RUN/kept` with `{"kept": true}`.
    """
    from histoloop.jobs.retention import GB, survey, used

    with _opened(home) as (settings, ledger):
        _print(survey(settings, ledger))
        typer.echo(f"{used(settings) / GB:.2f} GB in all, {settings.runs}")


@app.command("prune")
def prune_runs(
    older_than: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS", help="Only what nobody has looked at for so long. [default: 1]"
        ),
    ] = None,
    to_size: Annotated[
        float | None,
        typer.Option(metavar="GB", help="Only until the others take no more, the oldest first."),
    ] = None,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Runs of no job, too: see that it is their ledger.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    home: Home = None,
) -> None:
    """Put old runs away: delete their masks, probabilities and pictures, and remember that.

    Annotations stay, and so do runs that are at work, that somebody keeps, and all that models were
    trained on. A run that was put away is said to be so in the viewer, where *Run again* makes
    it anew. The service may run meanwhile; it does the same by itself where `HISTOLOOP_RUNS_DAYS`
    or `HISTOLOOP_RUNS_GB` asks for it. Name the ledger in `HISTOLOOP_LEDGER` if the service
    has one in PostgreSQL.

    Examples: `histoloop runs prune --older-than 90 --dry-run`, then without `--dry-run`;
    `histoloop runs prune --to-size 200`
    """
    from histoloop.errors import UsageError
    from histoloop.jobs.retention import FRESH, GB, prune, used

    if older_than is None and to_size is None:
        raise UsageError("what is to go?", hint="name --older-than DAYS, or --to-size GB, or both")
    if not all(0 <= one <= _MOST for one in (older_than, to_size) if one is not None):
        raise UsageError(
            f"DAYS and GB are numbers from 0 to {_MOST:,}",
            hint="0 stands for all that may be put away",
        )
    age = FRESH if older_than is None else timedelta(days=older_than)
    most = None if to_size is None else int(to_size * GB)
    with _opened(home) as (settings, ledger):
        gone = prune(settings, ledger, age, most, orphans=orphans, dry=dry_run)
        _print(gone)
        freed = sum(one.bytes for one in gone) / GB
        verb = "would be put away" if dry_run else "put away"
        left = used(settings) / GB - (freed if dry_run else 0)
        typer.echo(f"{len(gone)} {verb}: {freed:.2f} GB; {left:.2f} GB stay")


def _print(runs: Sequence[Stored]) -> None:
    for one in runs:
        what = f"{one.job.request.slide_name}\t{one.job.state}" if one.job else "\tof no job"
        size, day = f"{one.bytes / 1e6:.1f} MB", one.wanted.strftime("%Y-%m-%d")
        typer.echo(f"{one.run}\t{size}\t{day}\t{what}\t{one.stays}".rstrip())


@contextmanager
def _opened(home: Path | None) -> Iterator[tuple[Settings, Ledger]]:
    from histoloop.config import settings
    from histoloop.jobs.ledger import Ledger
    from histoloop.jobs.retention import refuse_without

    said = settings(home=home)
    refuse_without(said)
    with closing(Ledger(said.ledger_url)) as ledger:
        yield said, ledger
