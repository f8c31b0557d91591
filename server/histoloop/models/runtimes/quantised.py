"""int8 networks for OpenVINO, by NNCF's post-training quantisation, judged before they are used.

Weights and activations become 8-bit integers whose ranges are found on tissue (Jacob et al.
2018, arXiv:1712.05877); some convolutions at both ends stay float, where coarse steps cost most
and save least. What such a network says is not what its model says: it is used only if both give
the same labels, almost everywhere, on other tissue of the same slide.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histoloop.durable import replace_text
from histoloop.errors import ModelError
from histoloop.masks.labels import LabelClass, labels
from histoloop.models.registry import Model
from histoloop.models.runtimes.openvino import (
    OpenVinoRuntime,
    converted,
    failed,
    save,
    silence,
)
from histoloop.models.segmenter import Segmenter, normalise
from histoloop.slides.slide import Pixels

Labels = NDArray[np.uint8]

LEAST_DICE = 0.995
"""Below, a quantised network is not used."""

TILES = 32
"""Enough for the ranges to settle: half of them are calibrated on, half are judged."""

EXACT = ((1, 1), (1, 2), (2, 3))
"""How many convolutions at the start and at the end stay float: tried in turn, the fastest first,
until the labels hold."""


@dataclass(frozen=True)
class Calibration:
    """A quantised network and what speaks for it.

    Attributes:
        network: its file in the cache; slide, fingerprint: where the tiles are from.
        calibrated, judged: how many tiles; exact: one of `EXACT`.
        dice: of its labels and the model's at probability 0.5, of the class that fares worst.
    """

    network: str
    slide: str
    fingerprint: str
    calibrated: int
    judged: int
    exact: tuple[int, int]
    dice: float


def calibration(model: Model, cache: Path) -> Calibration | None:
    """The one that is kept for a model's weights."""
    try:
        said = json.loads(_record(model, cache).read_text())
        kept = Calibration(**said | {"exact": tuple(said["exact"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return kept if network(kept, cache).is_file() else None


def network(found: Calibration, cache: Path) -> Path:
    """Where a quantised network lies."""
    return _folder(cache) / found.network


def calibrate(
    model: Model, cache: Path, slide: str, fingerprint: str, tiles: Sequence[Pixels]
) -> Calibration:
    """Quantise a network on tissue and keep it for all slides, if it is as good.

    Args:
        tiles: ``(tile, tile, 3)`` RGB at the model's scale; every second one judges, a single
            one does both.

    Raises:
        ModelError: NNCF is not installed or fails, no class shows on the tiles that judge, or
            the labels differ by more than `LEAST_DICE` allows.
    """
    if not find_spec("nncf"):
        raise ModelError(
            "int8 needs NNCF, which is not installed", hint='pip install "histoloop[openvino]"'
        )
    learn, judge = list(tiles[::2]), list(tiles[1::2] or tiles)
    judged = _Judge(model, cache, judge, slide)
    reached = 0.0
    for exact in EXACT:
        path = _folder(cache) / f"{model.card.digest}.int8.{fingerprint}.{exact[0]}-{exact[1]}.xml"
        _quantise(model, cache, learn, exact, path)
        dice = judged.dice(path)
        if dice >= LEAST_DICE:
            found = Calibration(path.name, slide, fingerprint, len(learn), len(judge), exact, dice)
            replace_text(_record(model, cache), json.dumps(asdict(found)))
            return found
        for file in (path, path.with_suffix(".bin")):
            file.unlink(missing_ok=True)
        reached = max(reached, dice)
    raise ModelError(
        f"{model.card.reference}: int8 is refused: its labels on {slide} have Dice "
        f"{reached:.4f} against fp32, {LEAST_DICE} is asked for",
        hint="leave --precision int8 out",
    )


def _folder(cache: Path) -> Path:
    return cache / "openvino"


def _record(model: Model, cache: Path) -> Path:
    return _folder(cache) / f"{model.card.digest}.int8.json"


def _quantise(
    model: Model, cache: Path, tiles: list[Pixels], exact: tuple[int, int], path: Path
) -> None:
    """In a process of its own, as a conversion is: NNCF is large, and talks."""
    with tempfile.NamedTemporaryFile(suffix=".npy", dir=_folder(cache)) as file:
        np.save(file, np.stack(tiles))
        file.flush()
        kept = [str(count) for count in exact]
        command = [sys.executable, "-m", __name__, str(converted(model, cache)), file.name]
        command += [*kept, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise failed(model, "quantised", done.stderr, "leave --precision int8 out")


def quantise(source: Path, tiles: Pixels, exact: tuple[int, int], path: Path) -> None:
    """Write ``path`` (.xml) and its .bin, quantised on ``(n, tile, tile, 3)`` RGB.

    Args:
        exact: how many convolutions stay float, of the first and of the last.
    """
    silence()
    import nncf
    import openvino

    found = openvino.Core().read_model(source)
    shape = found.input(0).partial_shape
    found.reshape([1, *tiles.shape[1:]])
    operations = [one for one in found.get_ordered_ops() if "Convolution" in one.get_type_name()]
    names = [one.get_friendly_name() for one in operations]
    kept = dict.fromkeys([*names[: exact[0]], *names[-exact[1] :]])
    # The better, slow correction cuts the network into pieces, of which OpenVINO 2026.4 compiles
    # none that holds a transposed convolution ("Destination memory is undefined").
    transposed = any("Backprop" in one.get_type_name() for one in operations)
    eight = nncf.quantize(
        found,
        nncf.Dataset([normalise(tile)[None] for tile in tiles]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(tiles),
        fast_bias_correction=transposed,
        ignored_scope=nncf.IgnoredScope(names=list(kept)),
    )
    eight.reshape(shape)
    save(eight, path)


class _Judge:
    """Holds what the model itself says of the tiles."""

    def __init__(self, model: Model, cache: Path, tiles: list[Pixels], slide: str) -> None:
        self._model, self._tiles = model, tiles
        self._truth = self._labels(converted(model, cache))
        if not any(one.any() for one in self._truth):
            raise ModelError(
                f"{model.card.reference}: int8 cannot be judged on {slide}, where the model finds "
                "nothing",
                hint="segment a slide first that shows what the model looks for, or leave "
                "--precision int8 out",
            )

    def dice(self, network: Path) -> float:
        """Of a network's labels and the model's, of the class that fares worst."""
        said = self._labels(network)
        found = [_dice(self._truth, said, one) for one in self._model.card.labels]
        return min(dice for dice in found if dice is not None)

    def _labels(self, network: Path) -> list[Labels]:
        card = self._model.card
        runtime = OpenVinoRuntime(self._model, os.cpu_count() or 1, network)
        segmenter = Segmenter(card, runtime)
        probabilities = (segmenter.predict(tile[None])[0] for tile in self._tiles)
        return [labels(one, card.labels, 0.5) for one in probabilities]


def _dice(truth: list[Labels], said: list[Labels], one: LabelClass) -> float | None:
    """Over all tiles; None where neither has the class."""
    pairs = list(zip(truth, said, strict=True))
    both = sum(int(np.sum((a == one.code) & (b == one.code))) for a, b in pairs)
    each = sum(int(np.sum(a == one.code) + np.sum(b == one.code)) for a, b in pairs)
    return 2 * both / each if each else None


if __name__ == "__main__":
    _source, _tiles, _first, _last, _path = sys.argv[1:]
    quantise(Path(_source), np.load(_tiles), (int(_first), int(_last)), Path(_path))
