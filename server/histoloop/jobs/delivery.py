"""Bringing a finished run to the store where people look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from histoloop.annotations.dsa import Document
from histoloop.annotations.files import read_documents
from histoloop.annotations.push import Pushed, push_run
from histoloop.annotations.store import AnnotationStore
from histoloop.errors import HistoloopError, UsageError
from histoloop.jobs import outputs
from histoloop.jobs.batch import Outcome
from histoloop.slides.dsa.slide import DsaItem
from histoloop.slides.slide import SlideAddress


def deliver(
    folder: Path,
    store: AnnotationStore,
    slide: str,
    run: str,
    *,
    supersede: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Pushed:
    """Put a run into a store, in the place of what was put there of it before.

    Args:
        folder: of the run's results; slide: id in the store.
        supersede: let it take the place of earlier runs of the same model, too.
        check: called before each document; what it raises ends the delivery.

    Raises:
        HistoloopError: the store refuses, or is away; what it has taken is taken up again when
            the run is delivered once more.
    """
    documents = _checked(read_documents(folder / outputs.ANNOTATION), check)
    return push_run(store, slide, run, documents, folder / outputs.MASK, supersede=supersede)


def _checked(documents: Iterable[Document], check: Callable[[], None]) -> Iterator[Document]:
    for document in documents:
        check()
        yield document
    check()  # before what is not among them is deleted


def refuse_unpushable(slides: Sequence[SlideAddress]) -> None:
    """Make sure that every slide has an archive to push to, before hours go into it.

    Raises:
        UsageError: one is a file of this machine.
    """
    for slide in slides:
        if not isinstance(slide, DsaItem):
            raise UsageError(
                f"{slide.name}: is a file, there is no archive to push to",
                hint="leave --push out, or use `histoloop annotations push` with its result",
            )


def delivered(outcome: Outcome, *, supersede: bool) -> Outcome:
    """A slide's outcome once its result lies in the archive that it came from."""
    slide, report = outcome.slide, outcome.report
    if report is None or not isinstance(slide, DsaItem):
        return outcome
    from histoloop.annotations.dsa_store import DsaAnnotationStore

    store = DsaAnnotationStore(slide.site)
    try:
        pushed = deliver(outcome.out, store, slide.id, report.run, supersede=supersede)
    except HistoloopError as error:
        return replace(outcome, error=error)
    return replace(outcome, report=replace(report, warnings=[*report.warnings, *pushed.notes]))
