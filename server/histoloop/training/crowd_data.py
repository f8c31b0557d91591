"""The pictures of a snapshot as each annotator has labelled them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED
from histoloop.training.mask_files import content_of
from histoloop.training.meaning import Meaning, of_snapshot
from histoloop.training.pictures import Picture
from histoloop.training.samples import Sample, SlideSample, address_of, load, pictures
from histoloop.training.snapshot import Snapshot, rater_masks_of, read_snapshot

FEWEST = 2
"""Annotators whom it makes sense to tell apart."""


@dataclass(frozen=True)
class Crowd:
    """What annotators have labelled.

    Attributes:
        samples: each picture as often as somebody has labelled in it, `IGNORED` where that
            annotator has not; it is held in memory once.
        pixels: that each annotator has labelled, by name, of the snapshot's masks.
    """

    samples: list[Sample]
    pixels: Mapping[str, int]

    def __str__(self) -> str:
        seen = len({one.name for one in self.samples})
        return (
            f"{len(self.pixels)} annotators have labelled {seen} pictures, "
            f"{len(self.samples) / seen:.1f} of them each"
        )


def load_crowd(
    data: Path, among: Sequence[Sample], mpp: float, assumed: float | None = None
) -> Crowd:
    """The training pictures of a snapshot, for each who has labelled something in them.

    Args:
        among: the pictures to train on.

    Raises:
        DatasetError: it is no snapshot, fewer than `FEWEST` have labelled anything, or a mask
            of theirs is missing or cannot be read.
    """
    snapshot = read_snapshot(data)
    if snapshot is None:
        raise DatasetError(
            f"{data}: does not say who has labelled what",
            hint="a crowd is kept in a snapshot: make one with histoloop dataset build, or train "
            "without --crowd",
        )
    meaning, held = of_snapshot(snapshot), {one.name: one for one in among}
    samples: list[Sample] = []
    pixels: Counter[str] = Counter()
    for picture in _pictures(data, snapshot):
        if picture.name in held and (known := _known(meaning, picture.mask)):
            twin = held[picture.name]
            image = None if isinstance(twin, SlideSample) else twin.image
            samples.append(load(picture, address_of(picture, assumed), mpp, meaning, image))
            pixels[picture.annotator] += known
    if len(pixels) < FEWEST:
        raise DatasetError(
            f"{data}: {', '.join(pixels) or 'nobody'} alone has labelled what is trained on: "
            "there is nobody to tell apart",
            hint="train without --crowd, or build a snapshot of what more people drew",
        )
    return Crowd(samples, dict(sorted(pixels.items())))


def _known(meaning: Meaning, mask: Path) -> int:
    return int(meaning.pixels(content_of(mask))[:IGNORED].sum())


def _pictures(data: Path, snapshot: Snapshot) -> Iterator[Picture]:
    """Those of the training split, with the mask of one annotator each."""
    rois = {roi.name: roi for roi in snapshot.rois}
    for picture in pictures(data, "train"):
        roi = rois[picture.name]
        for number, rater in enumerate(roi.raters):
            mask = data / rater_masks_of(roi) / f"{number:02d}.png"
            yield picture._replace(mask=mask, annotator=rater.annotator)
