"""The prediction of one run: probabilities, kept once, from which everything is derived.

On disk an OME-Zarr 0.5 group (https://ngff.openmicroscopy.org/0.5): one array per level,
``(classes, rows, cols)`` uint8, finest first, a chunk per cell of the tile grid. What was not
predicted has no chunk and reads as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from histoloop.errors import NotFoundError
from histoloop.geometry import Box, Mpp, MppSource, Scale, Size
from histoloop.masks.labels import LabelClass
from histoloop.tiling.stitching import Probabilities

ZSTD_LEVEL = 1
"""Half the time of Zarr's default for 12 % more bytes."""


@dataclass(frozen=True)
class MaskFrame:
    """What the arrays mean.

    Attributes:
        base: the slide in base pixels; base_mpp: its scale.
        mpp: µm per pixel of the finest level, both axes.
        chunk: side of a cell, px.
    """

    base: Size
    base_mpp: Mpp
    mpp: float
    classes: tuple[LabelClass, ...]
    chunk: int

    @property
    def scale(self) -> Scale:
        """Base pixels per mask pixel."""
        return Scale.between(self.base_mpp, Mpp.square(self.mpp))

    @property
    def size(self) -> Size:
        return self.scale.size(self.base)

    def level_sizes(self) -> list[Size]:
        """Finest first, halved until a level fits into one chunk."""
        sizes = [self.size]
        while max(sizes[-1]) > self.chunk and self.chunk % 2 ** len(sizes) == 0:
            sizes.append(Size(-(-sizes[-1].width // 2), -(-sizes[-1].height // 2)))
        return sizes


class Mask:
    """The stored pyramid of one run; any number read while a `MaskWriter` fills it."""

    def __init__(self, path: Path, group: zarr.Group) -> None:
        self.path, self._group = path, group
        self.frame = _frame(dict(group.attrs))

    @classmethod
    def create(cls, path: Path, frame: MaskFrame) -> Mask:
        """Make an empty mask; an existing one is replaced."""
        group = zarr.open_group(path, mode="w", attributes=_attributes(frame))
        for level, size in enumerate(frame.level_sizes()):
            group.create_array(
                str(level),
                shape=(len(frame.classes), size.height, size.width),
                chunks=(1, frame.chunk, frame.chunk),
                dtype="uint8",
                compressors=ZstdCodec(level=ZSTD_LEVEL),
                dimension_names=["c", "y", "x"],
            )
        return cls(path, group)

    @classmethod
    def open(cls, path: Path) -> Mask:
        """Open a mask to read or to go on writing.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return cls(path, zarr.open_group(path, mode="r+"))
        except (FileNotFoundError, KeyError) as error:
            raise NotFoundError(f"{path}: holds no prediction", hint="segment first") from error

    @cached_property
    def levels(self) -> list[zarr.Array[Any]]:
        """Finest first."""
        count = len(self._group.attrs["ome"]["multiscales"][0]["datasets"])  # type: ignore
        return [self._group[str(level)] for level in range(count)]  # type: ignore[misc]

    def chunk_path(self, level: int, channel: int, row: int, column: int) -> Path:
        """The file of a chunk, which exists if any of its pixels was predicted above 0."""
        return self.path / str(level) / "c" / str(channel) / str(row) / str(column)

    def read(self, box: Box, level: int = 0) -> Probabilities:
        """``(classes, rows, cols)`` of a box in pixels of a level, inside it."""
        rows, columns = box.within(Box(0, 0, 0, 0))
        return np.asarray(self.levels[level][:, rows, columns])

    def view(self, base: Box, out: Size) -> Probabilities:
        """The mask over a base box, resampled to ``out`` pixels; 0 beyond the slide.

        Reads the coarsest level that is at least as fine as the output.
        """
        wanted = base.width / out.width / self.frame.scale.x
        level = int(np.clip(np.floor(np.log2(max(wanted, 1.0))), 0, len(self.levels) - 1))
        scale = Scale(self.frame.scale.x * 2**level, self.frame.scale.y * 2**level)
        full = Box(0, 0, self.levels[level].shape[2], self.levels[level].shape[1])
        source = scale.to_level(base).grow(2).intersect(full)
        result = np.zeros((len(self.frame.classes), out.height, out.width), np.uint8)
        if source.empty:
            return result
        matrix = _sampling(base, out, scale, source)
        for channel, values in enumerate(self.read(source, level)):
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            cv2.warpAffine(values, matrix, out, dst=result[channel], flags=flags)
        return result


class Downwards:
    """Reads a mask from top to bottom, in boxes of any height: no chunk is decoded twice for it."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._box, self._held = Box(0, 0, 0, 0), np.zeros((0, 0, 0), np.uint8)

    def read(self, box: Box) -> Probabilities:
        """As `Mask.read`; the last row of chunks stays in memory."""
        step = self._mask.frame.chunk
        tops = range(box.y // step * step, box.bottom, step)
        parts = [self._row(top, box)[:, max(box.y - top, 0) : box.bottom - top] for top in tops]
        return np.concatenate(parts, axis=1)

    def _row(self, top: int, box: Box) -> Probabilities:
        bottom = min(top + self._mask.frame.chunk, self._mask.frame.size.height)
        wanted = Box.between(box.x, top, box.right, bottom)
        if wanted != self._box:
            self._box, self._held = wanted, self._mask.read(wanted)
        return self._held


def _sampling(base: Box, out: Size, scale: Scale, source: Box) -> np.ndarray[Any, Any]:
    """Affine map from output pixel indices to source pixel indices; centres meet centres."""
    step_x, step_y = base.width / out.width / scale.x, base.height / out.height / scale.y
    left = base.x / scale.x - source.x + step_x / 2 - 0.5
    top = base.y / scale.y - source.y + step_y / 2 - 0.5
    return np.array([[step_x, 0.0, left], [0.0, step_y, top]])


def _attributes(frame: MaskFrame) -> dict[str, Any]:
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1.0, frame.mpp * 2**level, frame.mpp * 2**level]}
            ],
        }
        for level in range(len(frame.level_sizes()))
    ]
    axes = [{"name": "c", "type": "channel"}] + [
        {"name": name, "type": "space", "unit": "micrometer"} for name in "yx"
    ]
    multiscale = {"name": "probability", "axes": axes, "datasets": datasets}
    return {"ome": {"version": "0.5", "multiscales": [multiscale]}, "histoloop": asdict(frame)}


def _frame(attributes: dict[str, Any]) -> MaskFrame:
    stored = attributes["histoloop"]
    mpp = stored["base_mpp"]
    return MaskFrame(
        base=Size(*stored["base"]),
        base_mpp=Mpp(mpp["x"], mpp["y"], MppSource(mpp["source"])),
        mpp=stored["mpp"],
        classes=classes_from(stored["classes"]),
        chunk=stored["chunk"],
    )


def classes_from(stored: Sequence[dict[str, Any]]) -> tuple[LabelClass, ...]:
    """Classes as they stand in JSON."""
    return tuple(LabelClass(one["name"], one["code"], one["color"]) for one in stored)
