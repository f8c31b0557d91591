"""What a job knows of the world: who computes its shards and who listens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from histoloop.geometry import Box

Item = TypeVar("Item")
Result = TypeVar("Result")
Rank = Callable[[Item], float]


@dataclass(frozen=True)
class Progress:
    """How far a stage has come; ``total`` is 0 while that is unknown."""

    stage: str
    done: int = 0
    total: int = 0
    tiles_per_s: float = 0.0
    eta_s: float | None = None


class Executor(Protocol):
    """Computes independent items somewhere."""

    def map(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        rank: Rank[Item],
        check: Callable[[], None],
    ) -> Iterator[Result]:
        """Results as they come; whenever a place is free the item of lowest rank goes next.

        ``check`` is called between results; when it raises, nothing more is started. An error
        in ``work`` is raised here.
        """
        ...


class Listener(Protocol):
    """Hears of a job's progress and says what its user wants."""

    def progress(self, progress: Progress) -> None: ...

    def ready(self, boxes: Sequence[Box]) -> None:
        """The prediction of these base boxes can be looked at."""
        ...

    def focus(self) -> Box | None:
        """The base box that somebody looks at."""
        ...

    def check(self) -> None:
        """Raises CancelledError when the job is to stop."""
        ...


class SilentListener:
    """Nobody listens, nobody cancels."""

    def progress(self, progress: Progress) -> None: ...

    def ready(self, boxes: Sequence[Box]) -> None: ...

    def focus(self) -> Box | None:
        return None

    def check(self) -> None: ...


@dataclass(frozen=True)
class ThreadExecutor:
    """Threads of this process: readers and runtimes leave the interpreter lock alone."""

    workers: int = 1

    def map(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        rank: Rank[Item],
        check: Callable[[], None],
    ) -> Iterator[Result]:
        waiting, running = list(items), set[Future[Result]]()
        with ThreadPoolExecutor(self.workers) as pool:
            while waiting or running:
                check()
                while waiting and len(running) < self.workers:
                    running.add(pool.submit(work, take_lowest(waiting, rank)))
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)


def take_lowest(items: list[Item], rank: Rank[Item]) -> Item:
    """Remove and return the item of lowest rank, the first of equals."""
    return items.pop(min(range(len(items)), key=lambda index: rank(items[index])))


@dataclass(frozen=True)
class Context:
    """Given to a job, which never knows what runs it."""

    executor: Executor = field(default_factory=ThreadExecutor)
    listener: Listener = field(default_factory=SilentListener)
