"""A synthetic slide as files: streamed in bands, drawn by several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Full, Queue

import numpy as np

from histoloop.geometry import Box, Mpp
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.synthetic.rendering import BLOCK, Labels, Pixels, render
from histoloop.slides.synthetic.specimen import Specimen

_AHEAD = 2
"""Bands that are drawn, or wait to be written, at a time: they bound the memory."""


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
    label_bands: Queue[Labels | None] = Queue(_AHEAD)
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
    tops = range(0, height, BLOCK)
    draw = partial(render, specimen)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        waiting: list[list[Future[tuple[Pixels, Labels]]]] = []
        for top in tops:
            rows = min(BLOCK, height - top)
            boxes = (Box(x, top, min(BLOCK, width - x), rows) for x in range(0, width, BLOCK))
            waiting.append([pool.submit(draw, box) for box in boxes])
            if len(waiting) > _AHEAD:
                yield _joined(waiting.pop(0))
                progress((top - _AHEAD * BLOCK) / height)
        for futures in waiting:
            yield _joined(futures)
    progress(1.0)


def _joined(futures: list[Future[tuple[Pixels, Labels]]]) -> tuple[Pixels, Labels]:
    parts = [future.result() for future in futures]
    pixels = np.concatenate([pixels for pixels, _ in parts], axis=1)
    return pixels, np.concatenate([labels for _, labels in parts], axis=1)
