"""Batches made beside the training step, in the order of the steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice

from histoloop.training.patches import Batch, PatchSource

WORKERS = 2
AHEAD = 4
"""Batches that wait at most; one of four 192 px patches takes 2.9 MB."""


def prefetched(
    source: PatchSource, first: int = 0, workers: int = WORKERS, ahead: int = AHEAD
) -> Iterator[Batch]:
    """The batches of steps ``first``, ``first + 1``, … without end.

    They do not depend on the number of workers. Workers are threads: NumPy, OpenCV and the
    training step work without Python's lock, and nothing has to be copied.

    Raises:
        SlideError: what `PatchSource.batch_at` raises, when that batch's turn comes.
    """
    steps = count(first)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="patches")
    try:
        waiting: deque[Future[Batch]] = deque(
            pool.submit(source.batch_at, step) for step in islice(steps, max(ahead, 1))
        )
        for step in steps:
            batch = waiting.popleft().result()
            waiting.append(pool.submit(source.batch_at, step))
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
