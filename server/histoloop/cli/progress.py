"""What a person at a terminal sees of a segmentation."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from histoloop.config import Settings
from histoloop.jobs.batch import Outcome, segment_all
from histoloop.jobs.context import Context, Executor, Progress, SilentListener, ThreadExecutor
from histoloop.jobs.delivery import delivered, refuse_unpushable
from histoloop.jobs.plan import SegmentParameters
from histoloop.models.runtimes import RuntimeName
from histoloop.slides.slide import SlideAddress

_STAGES = {
    "tissue": "looking for tissue",
    "calibrate": "calibrating int8",
    "predict": "predicting",
    "trace": "tracing outlines",
}


@dataclass
class BarListener(SilentListener):
    """A progress bar per slide."""

    bars: Bars
    task: TaskID

    def progress(self, progress: Progress) -> None:
        speed = f"{progress.tiles_per_s:.1f} tiles/s" if progress.tiles_per_s else ""
        self.bars.update(
            self.task,
            completed=progress.done,
            total=progress.total or None,
            stage=_STAGES.get(progress.stage, progress.stage),
            speed=speed,
        )


def segment_with_progress(
    slides: Sequence[SlideAddress],
    common: SegmentParameters,
    settings: Settings,
    *,
    push: bool,
    supersede: bool,
) -> int:
    """Segment and say how it goes; returns the exit code.

    Args:
        push: put each result into the DSA that its slide came from; supersede: there, in the
            place of what earlier runs of the same model have left.
    """
    if push:
        refuse_unpushable(slides)
    console = Console(stderr=True)
    columns = ("{task.description}", "{task.fields[stage]}")
    with (
        _executor(settings, common.runtime) as executor,
        Bars(
            *(TextColumn(column) for column in columns),
            BarColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as bars,
    ):

        def context(slide: SlideAddress) -> Context:
            task = bars.add_task(slide.name, total=None, stage="", speed="")
            return Context(executor, BarListener(bars, task))

        outcomes = [
            _said(delivered(outcome, supersede=supersede) if push else outcome)
            for outcome in segment_all(slides, common, settings.home, context)
        ]
    return _summary(outcomes)


def _said(outcome: Outcome) -> Outcome:
    if outcome.error:
        print(f"histoloop: {outcome.error}", file=sys.stderr)
    if outcome.report:
        for warning in outcome.report.warnings:
            print(f"histoloop: warning: {warning}", file=sys.stderr)
        areas = ", ".join(
            f"{one.name} {one.area_mm2:.2f} mm² ({one.share:.0%} of the tissue)"
            for one in outcome.report.classes
        )
        took = f"{outcome.report.seconds['total']:.1f} s on {outcome.report.runtime}"
        print(f"{outcome.slide.name}: {areas} in {took}", end="")
        print(f" → {outcome.out}")
    return outcome


def _summary(outcomes: Sequence[Outcome]) -> int:
    """The exit code: that of the only slide, or 1 when any of several failed."""
    failed = [outcome for outcome in outcomes if outcome.error]
    if len(outcomes) > 1:
        names = ", ".join(outcome.slide.name for outcome in failed)
        print(f"{len(outcomes) - len(failed)} of {len(outcomes)} slides segmented", end="")
        print(f"; failed: {names}" if failed else "")
        return 1 if failed else 0
    return max((outcome.error.exit_code for outcome in failed if outcome.error), default=0)


@contextmanager
def _executor(settings: Settings, runtime: RuntimeName) -> Iterator[Executor]:
    if settings.scheduler is None:
        yield ThreadExecutor(settings.workers)
        return
    from histoloop.jobs.engine import DaskExecutor, connect

    with connect(settings.scheduler) as client:
        yield DaskExecutor(client, gpu=runtime is RuntimeName.TENSORFLOW)
