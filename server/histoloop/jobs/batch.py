"""Several slides, one after the other; a bad one does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from histoloop.errors import CancelledError, ClusterLostError, HistoloopError, UsageError
from histoloop.jobs.context import Context
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.report import Report
from histoloop.jobs.segment import segment
from histoloop.slides.slide import SlideAddress


@dataclass(frozen=True)
class Outcome:
    """What became of a slide: a report or an error."""

    slide: SlideAddress
    out: Path
    report: Report | None
    error: HistoloopError | None


def segment_all(
    slides: Sequence[SlideAddress],
    common: SegmentParameters,
    home: Path,
    context: Callable[[SlideAddress], Context],
) -> Iterator[Outcome]:
    """Segment slides into ``common.out/<stem>``.

    Args:
        common: what all slides share; its ``slide`` and ``out/<stem>`` are set for each.
        context: gives the context in which a slide is segmented.

    Raises:
        UsageError: two slides would write to one folder.
        CancelledError: the user wants to stop.
        ClusterLostError: nobody computes any more.
    """
    folders = [common.out / _stem(slide.name) for slide in slides]
    if len(set(folders)) < len(folders):
        raise UsageError(
            "two slides have the same file name and would overwrite each other's results",
            hint="segment them into different --out folders",
        )
    for slide, out in zip(slides, folders, strict=True):
        try:
            parameters = replace(common, slide=slide, out=out)
            yield Outcome(slide, out, segment(parameters, home, context(slide)), None)
        except (CancelledError, ClusterLostError):
            raise
        except HistoloopError as error:
            yield Outcome(slide, out, None, error)


def _stem(name: str) -> str:
    """A folder below ``out``, whatever an archive lets a slide be called."""
    stem = Path(name.replace("\\", "/")).stem.replace("\0", "")
    return stem if stem.strip(". ") else "slide"
