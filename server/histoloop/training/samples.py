"""Pictures with truth, at the scale of the model to be trained."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.errors import DatasetError
from histoloop.geometry import Box, Mpp, MppSource, Scale, Size
from histoloop.slides.folder import SUFFIXES, SlideFile, open_slide
from histoloop.slides.reading import read
from histoloop.slides.slide import Pixels, known_mpp
from histoloop.training.snapshot import Split, read_snapshot

SPLITS: tuple[Split, ...] = ("train", "valid", "test")

_TCGA_PATIENT = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")


@dataclass(frozen=True)
class Sample:
    """One picture.

    Attributes:
        patient: pictures of one patient never stand on both sides of a split.
        image: ``(rows, cols, 3)`` uint8 RGB; truth: ``(rows, cols)`` uint8 class index from 1,
            0 for none, `IGNORED` where nothing is known.
        digest: of both files.
        weight: how often the patient is drawn in training, beside others' 1.
    """

    name: str
    patient: str
    image: Pixels
    truth: NDArray[np.uint8]
    digest: str
    weight: float = 1.0


def load_split(data: Path, split: str, mpp: float, assumed: float | None = None) -> list[Sample]:
    """The pictures of ``data/<split>/images`` with their masks from ``data/<split>/masks``.

    A mask has its picture's stem and size; values are class codes, or 0 and 255 for one class.
    A snapshot's masks hold GT codes; its manifest says what they stand for, and code 0, outside
    the ROI, becomes `IGNORED`.

    Args:
        mpp: scale to read at; assumed: µm/px of pictures that do not say their own.

    Raises:
        DatasetError: a mask is missing or does not fit.
        MissingScaleError: a picture does not say its scale and nothing is assumed.
    """
    return [sample for _, sample in each_picture(data, split, mpp, assumed)]


def each_picture(
    data: Path, split: str, mpp: float, assumed: float | None = None
) -> Iterator[tuple[SlideFile, Sample]]:
    """The same, one at a time, each with the file that its picture is read from.

    Raises:
        DatasetError, MissingScaleError: as `load_split`, when the picture's turn comes.
    """
    images = sorted((data / split / "images").glob("*"))
    snapshot = read_snapshot(data)
    truth = snapshot.truth_of_codes() if snapshot else None
    how = _Reading(mpp, assumed, _patients(data / "patients.csv"), truth)
    for image in images:
        if image.suffix.lower() in SUFFIXES:
            address = _address(image, assumed)
            yield address, _load(address, _mask_of(image), how)


def refuse_leak(splits: dict[str, list[Sample]]) -> None:
    """Make sure that no patient stands in two splits.

    Raises:
        DatasetError: one does; the message names patient and splits.
    """
    seen: dict[str, str] = {}
    for split, samples in splits.items():
        for sample in samples:
            if (other := seen.setdefault(sample.patient, split)) != split:
                raise DatasetError(
                    f"patient {sample.patient} is in {other} and in {split}: "
                    "the score would be worthless",
                    hint="keep all pictures of a patient in one split",
                )


def digest_of(samples: Iterable[Sample]) -> str:
    """One digest for a set of pictures, whatever their order."""
    together = "".join(sorted(sample.digest for sample in samples))
    return hashlib.blake2b(together.encode(), digest_size=16).hexdigest()


def patient_of(name: str) -> str:
    """The patient in a TCGA barcode; any other name is taken for a patient of its own."""
    match = _TCGA_PATIENT.search(name)
    return match[0] if match else name


def site_of(patient: str) -> str:
    """The tissue-source site in a TCGA patient's barcode; empty for any other name."""
    return patient[5:7] if _TCGA_PATIENT.fullmatch(patient) else ""


@dataclass(frozen=True)
class _Reading:
    """How the pictures of a folder are read; see `load_split`.

    Attributes:
        truth: class index of each of 256 mask codes, where a snapshot says so.
    """

    mpp: float
    assumed: float | None
    patients: dict[str, _Patient]
    truth: NDArray[np.uint8] | None


def _address(image: Path, assumed: float | None) -> SlideFile:
    """The file, with the assumed scale if it does not say its own."""
    if assumed and open_slide(image).mpp is None:
        return SlideFile(image, Mpp.square(assumed, MppSource.ASSUMED))
    return SlideFile(image)


def _load(address: SlideFile, mask: Path, how: _Reading) -> Sample:
    slide, image = address.open(), address.path
    scale = Scale.between(known_mpp(slide), Mpp.square(how.mpp))
    frame = scale.size(slide.size)
    digest = hashlib.blake2b(image.read_bytes() + mask.read_bytes(), digest_size=16)
    patient = how.patients.get(image.stem) or _Patient(patient_of(image.stem))
    return Sample(
        image.stem,
        patient.name,
        read(slide, Box.of(frame), scale),
        _truth(mask, slide.size, frame, how.truth),
        digest.hexdigest(),
        patient.weight,
    )


def _mask_of(image: Path) -> Path:
    found = sorted((image.parent.parent / "masks").glob(f"{escape(image.stem)}.*"))
    if not found:
        raise DatasetError(
            f"{image}: has no mask", hint=f"put {image.stem}.png into {image.parent.parent}/masks"
        )
    return found[0]


def _truth(
    mask: Path, base: Size, frame: Size, classes: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Classes at the frame's size: of those in a pixel's area the most frequent."""
    Image.MAX_IMAGE_PIXELS = None
    codes = np.asarray(Image.open(mask).convert("L"))
    if codes.shape[::-1] != base:
        raise DatasetError(f"{mask}: is {codes.shape[::-1]} px, its picture is {tuple(base)} px")
    if classes is not None:
        codes = classes[codes]
    values = np.unique(codes)
    if classes is None and set(values.tolist()) <= {0, 255}:
        codes, values = codes // 255, values // 255
    shares = [
        cv2.resize((codes == value).astype(np.float32), frame, interpolation=cv2.INTER_AREA)
        for value in values
    ]
    return np.asarray(values[np.argmax(shares, axis=0)], np.uint8)


class _Patient(NamedTuple):
    name: str
    weight: float = 1.0


def _patients(table: Path) -> dict[str, _Patient]:
    """``name,patient,weight`` rows, for pictures whose name says nothing."""
    if not table.is_file():
        return {}
    with table.open(newline="") as file:
        return {
            row["name"]: _Patient(row["patient"], float(row.get("weight") or 1))
            for row in csv.DictReader(file)
        }
