"""What a person at a terminal, or in a log, sees of a training within its epochs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from histoloop.jobs.pace import Pace

SPARSE_S = 60.0
"""Between two lines in a log."""


@dataclass
class StepListener:
    """Says step, speed and the time that is left.

    On a terminal that is one line, rewritten; elsewhere a line a minute.

    Attributes:
        epochs, steps: of the whole training; seconds: of the last epoch, judging included, 0
            while none has ended in this process.
    """

    epochs: int
    steps: int
    show: Callable[[str], None]
    every: float = 0.0
    clock: Callable[[], float] = time.monotonic
    seconds: float = 0.0
    _pace: Pace | None = None
    _said: float | None = None

    def step(self, epoch: int, done: int) -> None:
        """So many steps of an epoch are done."""
        if self._pace is None or done <= self._pace.done:
            # From its first step on: that one may have compiled the step or judged the last epoch.
            self._pace = Pace("train", self.steps, done, self.clock)
            self._said = self.clock() if self._said is None else self._said
            return
        told, now = self._pace.advance(1), self.clock()
        if now - (self._said or 0.0) < self.every or not told.tiles_per_s:
            return
        self._said = now
        left = (self.steps - done) / told.tiles_per_s
        whole = self.seconds or self.steps / told.tiles_per_s
        total = left + (self.epochs - epoch) * whole
        self.show(
            f"step {done}/{self.steps} of epoch {epoch}/{self.epochs}: "
            f"{told.tiles_per_s:.1f} steps/s, {_span(left)} left in it, {_span(total)} in all"
        )


@contextmanager
def step_listener(
    epochs: int, steps: int, console: Console | None = None
) -> Iterator[StepListener]:
    """A listener that shows on standard error, and leaves no line behind on a terminal."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield StepListener(epochs, steps, lambda line: console.out(line, highlight=False), SPARSE_S)
        return
    shared = sys.stdout.isatty()  # else what is said there goes to a file, and has to stay there
    with Live("", console=console, transient=True, redirect_stdout=shared) as live:
        yield StepListener(epochs, steps, live.update)


def _span(seconds: float) -> str:
    """Whole seconds under two minutes, then minutes, then hours and minutes."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
