"""The pictures of a snapshot as each annotator has labelled them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED
from histoloop.training.mask_files import content_of
from histoloop.training.meaning import Meaning, of_snapshot
from histoloop.training.patches import annotators_of
from histoloop.training.pictures import Picture
from histoloop.training.samples import Sample, SlideSample, address_of, load, pictures
from histoloop.training.snapshot import Snapshot, rater_masks_of, read_snapshot

FEWEST = 2
"""Annotators whom it makes sense to tell apart."""


def load_crowd(
    data: Path,
    among: Sequence[Sample],
    mpp: float,
    assumed: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Sample]:
    """The training pictures of a snapshot, once for each who has labelled something in them.

    They are `IGNORED` where that annotator has not; the picture is held in memory once.

    Args:
        among: the pictures to train on; say: told how many have labelled how much.

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
    for picture in _pictures(data, snapshot):
        if picture.name in held and _known(meaning, picture.mask):
            twin = held[picture.name]
            image = None if isinstance(twin, SlideSample) else twin.image
            samples.append(load(picture, address_of(picture, assumed), mpp, meaning, image))
    names, seen = annotators_of(samples), len({one.name for one in samples})
    if len(names) < FEWEST:
        raise DatasetError(
            f"{data}: {', '.join(names) or 'nobody'} alone has labelled what is trained on: "
            "there is nobody to tell apart",
            hint="train without --crowd, or build a snapshot of what more people drew",
        )
    say(
        f"{len(names)} annotators have labelled {seen} pictures, "
        f"{len(samples) / seen:.1f} of them each"
    )
    return samples


def labelled_pixels(samples: Sequence[Sample]) -> dict[str, int]:
    """How much each annotator has labelled, at the model's scale; of nobody where none is told."""
    found = dict.fromkeys(annotators_of(samples), 0)
    for sample in samples if found else ():
        found[sample.annotator] += int(np.count_nonzero(sample.truth != IGNORED))
    return found


def _known(meaning: Meaning, mask: Path) -> bool:
    return bool(meaning.pixels(content_of(mask))[:IGNORED].any())


def _pictures(data: Path, snapshot: Snapshot) -> Iterator[Picture]:
    """Those of the training split, with the mask of one annotator each."""
    rois = {roi.name: roi for roi in snapshot.rois}
    for picture in pictures(data, "train"):
        roi = rois[picture.name]
        for number, rater in enumerate(roi.raters):
            mask = data / rater_masks_of(roi) / f"{number:02d}.png"
            yield picture._replace(mask=mask, annotator=rater.annotator)
