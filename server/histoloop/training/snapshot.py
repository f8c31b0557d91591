"""A training snapshot: what a model was trained on, fixed for good.

A folder that `train` reads like any other, ``{train,valid,test}/{images,masks}`` and
``patients.csv``, with ``snapshot.json`` beside them. Masks hold GT codes, 0 outside the ROI;
the manifest says which codes make which class. Its digest covers every input and every file:
the same inputs give the same digest and the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from histoloop.annotations.gtcodes import OUTSIDE
from histoloop.errors import DatasetError
from histoloop.training.augmentation import IGNORED

MANIFEST = "snapshot.json"

Split = Literal["train", "valid", "test"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SnapshotClass(_Part):
    """A class that a model learns, and the GT codes that it is made of; channels in order."""

    name: str = Field(min_length=1)
    codes: tuple[int, ...] = Field(min_length=1)
    color: str = Field(pattern="^#[0-9a-f]{6}$")


class SnapshotSlide(_Part):
    """A slide that ROIs lie on; ``mpp`` of its base, along x and y."""

    id: str
    name: str
    fingerprint: str
    patient: str
    site: str
    mpp: tuple[float, float]


class SnapshotAnnotation(_Part):
    """A document that has a say in a mask; ``digest`` of its content.

    Attributes:
        role: of its annotator, as the document has it; reviewer: who has looked through it.
        asks: whether its ROIs are of a review queue, for others to draw in.
    """

    id: str
    version: str
    updated: str
    annotator: str
    digest: str
    role: str = ""
    reviewer: str = ""
    asks: bool = False


class SnapshotRater(_Part):
    """Somebody who has labelled in an ROI; their own mask lies in ``raters``.

    Attributes:
        weight: of a vote; everything: whether they have labelled all of their outline, and not
            only what they drew.
        accuracy, balanced: against a consensus that was voted on, see `RaterQuality`.
    """

    annotator: str
    role: str
    weight: float
    everything: bool
    mask_digest: str
    accuracy: float | None = None
    balanced: float | None = None


class SnapshotRoi(_Part):
    """A picture with its mask, named alike.

    Attributes:
        roi: id of the document and index of the element that outlines it.
        box: left, top, width, height of the outline's bounding box, base pixels.
        mpp: of the picture, along x and y; size: its width and height.
        annotations: all whose areas touch the ROI, and its own.
        consensus: the method that made the mask; raters: those whose drawings went into it.
        pixels: by GT code, of the mask.
        corrected: pixels that differ from the layers of models, whose digests ``predictions``
            are; they lie in ``corrections``, and ``corrections_digest`` is empty without layers.
    """

    name: str
    split: Split
    slide: str
    roi: tuple[str, int]
    box: tuple[int, int, int, int]
    mpp: tuple[float, float]
    size: tuple[int, int]
    annotations: tuple[SnapshotAnnotation, ...]
    consensus: str
    raters: tuple[SnapshotRater, ...]
    image_digest: str
    mask_digest: str
    pixels: dict[str, int]
    predictions: tuple[str, ...] = ()
    corrected: int = 0
    corrections_digest: str = ""


class Snapshot(_Part):
    """The manifest.

    Attributes:
        inputs: digest of all that the snapshot is made from; tells a rebuild before it is made.
        settings: how it was made: consensus and its version, split, seed, scale.
        complaints: what was left out or odd, a line each.
    """

    format: Literal[1] = 1
    digest: str = ""
    inputs: str
    software: str
    settings: dict[str, Any]
    gtcodes: tuple[dict[str, Any], ...]
    classes: tuple[SnapshotClass, ...] = Field(min_length=1)
    slides: tuple[SnapshotSlide, ...]
    annotators: tuple[str, ...]
    rois: tuple[SnapshotRoi, ...]
    complaints: tuple[str, ...]

    def sealed(self) -> Snapshot:
        """With the digest of everything else."""
        content = self.model_dump(mode="json", exclude={"digest"})
        return self.model_copy(update={"digest": digest_of_json(content)})

    def to_json(self) -> bytes:
        """As it lies in the folder."""
        return orjson.dumps(self.model_dump(mode="json"), option=_FOR_PEOPLE)


_FOR_PEOPLE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def truth_of_codes(classes: Sequence[SnapshotClass]) -> NDArray[np.uint8]:
    """Class index, from 1, for each of 256 mask codes.

    Codes of no class are 0: known to be none of them. Outside the ROI nothing is known.
    """
    table = np.zeros(256, np.uint8)
    for index, one in enumerate(classes, start=1):
        table[list(one.codes)] = index
    table[[OUTSIDE, IGNORED]] = IGNORED
    return table


def digest_of_json(value: Mapping[str, Any]) -> str:
    """Of a value, whatever the order of its keys and however wild its numbers."""
    content = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def digest_of_file(path: Path) -> str:
    """Of all of its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def read_snapshot(folder: Path) -> Snapshot | None:
    """The manifest of a folder, its seal checked; `None` for a folder without one.

    Raises:
        DatasetError: it is no manifest, or somebody has changed it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        snapshot = Snapshot.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(
            f"{path}: is no snapshot's manifest ({str(error).splitlines()[0]})",
            hint="build the snapshot again",
        ) from error
    if snapshot.sealed().digest != snapshot.digest:
        raise DatasetError(
            f"{path}: was changed after it was built", hint="build the snapshot again"
        )
    return snapshot


def verify(folder: Path, snapshot: Snapshot) -> None:
    """Make sure that the pictures and masks are those of the manifest.

    Raises:
        DatasetError: one is missing or another; the message names it.
    """
    for roi in snapshot.rois:
        files = {image_of(roi): roi.image_digest, mask_of(roi): roi.mask_digest}
        if roi.corrections_digest:
            files[corrections_of(roi)] = roi.corrections_digest
        for number, rater in enumerate(roi.raters):
            files[rater_masks_of(roi) / f"{number:02d}.png"] = rater.mask_digest
        for path, digest in files.items():
            if not (folder / path).is_file() or digest_of_file(folder / path) != digest:
                raise DatasetError(
                    f"{folder / path}: is not what the snapshot {snapshot.digest} says",
                    hint="build the snapshot again, elsewhere",
                )


def image_of(roi: SnapshotRoi) -> Path:
    """The picture, relative to the folder."""
    return Path(roi.split, "images", f"{roi.name}.tiff")


def mask_of(roi: SnapshotRoi) -> Path:
    """The mask, relative to the folder."""
    return Path(roi.split, "masks", f"{roi.name}.png")


def rater_masks_of(roi: SnapshotRoi) -> Path:
    """The folder of the annotators' own masks, relative to the snapshot's."""
    return Path(roi.split, "raters", roi.name)


def corrections_of(roi: SnapshotRoi) -> Path:
    """255 where people have corrected a model's layer, else 0; relative to the folder."""
    return Path(roi.split, "corrections", f"{roi.name}.png")


def preview_of(roi: SnapshotRoi) -> Path:
    """What people are shown of an ROI, relative to the folder; no trainer reads it."""
    return Path(roi.split, "previews", f"{roi.name}.png")
