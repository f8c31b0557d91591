"""A synthetic slide as files: streamed in bands, drawn by several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Full, Queue

import numpy as np

from histoloop.geometry import Box, Mpp
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.synthetic.rendering import BLOCK, Labels, Pixels, render
from histoloop.slides.synthetic.specimen import Specimen

_BLOCKS_AHEAD = 8
"""Blocks per worker that are drawn before they are read; with the next, the memory's bound."""

_BANDS_AHEAD = 1
"""Bands of labels that wait to be written."""


def write_slide(
    specimen: Specimen,
    path: Path,
    *,
    truth: Path | None = None,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write a specimen as a pyramidal TIFF, and its labels as another.

    Args:
        truth: where `Tissue` codes go, aligned with the slide; nowhere by default.
        workers: processes that draw; a core each by default.
        progress: told the share that is done, 0–1.

    Raises:
        OutputError: a file cannot be written.
    """
    size, mpp = specimen.size, Mpp.square(specimen.mpp)
    label_bands: Queue[Labels | None] = Queue(_BANDS_AHEAD)
    bands = _bands(specimen, workers or os.cpu_count() or 1, progress or (lambda _share: None))
    with ThreadPoolExecutor(1) as beside:
        writing: Future[None] | None = None
        if truth is not None:
            labels = _taken(label_bands)
            writing = beside.submit(write_pyramid, truth, size, mpp, labels, nearest=True)
        try:
            write_pyramid(path, size, mpp, _divided(bands, label_bands, writing))
        finally:
            if writing is not None:
                _put(label_bands, None, writing)
    if writing is not None:
        writing.result()


def _divided(
    bands: Iterator[tuple[Pixels, Labels]],
    label_bands: Queue[Labels | None],
    writing: Future[None] | None,
) -> Iterator[Pixels]:
    """Pass pictures on and labels aside."""
    for pixels, labels in bands:
        if writing is not None:
            _put(label_bands, labels, writing)
        yield pixels


def _taken(queue: Queue[Labels | None]) -> Iterator[Labels]:
    while (labels := queue.get()) is not None:
        yield labels


def _put(queue: Queue[Labels | None], labels: Labels | None, writing: Future[None]) -> None:
    """Wait for room only as long as somebody makes some."""
    while not writing.done():
        try:
            queue.put(labels, timeout=0.2)
        except Full:
            continue
        return


def _bands(
    specimen: Specimen, workers: int, progress: Callable[[float], None]
) -> Iterator[tuple[Pixels, Labels]]:
    """Bands of a block's height, from top to bottom."""
    width, height = specimen.size
    boxes = tuple(Box.of(specimen.size).split(BLOCK))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        drawn = zip(boxes, _in_order(pool, partial(render, specimen), boxes, workers), strict=True)
        done = 0
        for top in range(0, height, BLOCK):
            band = Box(0, top, width, min(BLOCK, height - top))
            pixels = np.empty((band.height, width, 3), np.uint8)
            labels = np.empty((band.height, width), np.uint8)
            for box, (rgb, codes) in islice(drawn, -(-width // BLOCK)):
                pixels[box.within(band)], labels[box.within(band)] = rgb, codes
                done += box.area
                progress(done / Box.of(specimen.size).area)
            yield pixels, labels


def _in_order(
    pool: Executor, draw: Callable[[Box], tuple[Pixels, Labels]], boxes: Iterable[Box], workers: int
) -> Iterator[tuple[Pixels, Labels]]:
    """What is drawn in each box; workers run ahead of the reader, but never far."""
    waiting: deque[Future[tuple[Pixels, Labels]]] = deque()
    for box in boxes:
        waiting.append(pool.submit(draw, box))
        if len(waiting) > _BLOCKS_AHEAD * workers:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
