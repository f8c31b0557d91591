"""Folders of pictures with masks, before anything of them is read: whose they are, who trains.

Three layouts: ``{train,valid,test}/{images,masks}``, a snapshot (the same, with a manifest), and
the one that BCSS is published in (`bcss`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import NamedTuple

from histoloop.errors import DatasetError
from histoloop.geometry import Mpp
from histoloop.slides.folder import SUFFIXES
from histoloop.training.snapshot import Split

SPLITS: tuple[Split, ...] = ("train", "valid", "test")

_TCGA_PATIENT = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")


class Picture(NamedTuple):
    """A picture that was not read yet: its stem, whose it is, its files; see `Sample`.

    Attributes:
        mask: one is named even where none is there.
        mpp: what its folder says; it overrules the file.
        annotator: who has labelled it, where each annotator's mask is a picture of its own.
    """

    name: str
    patient: str
    weight: float
    image: Path
    mask: Path
    mpp: Mpp | None = None
    annotator: str = ""


def pictures_of(data: Path, split: str) -> Iterator[Picture]:
    """The pictures of a split of the first two layouts, by name.

    Raises:
        DatasetError: the table of patients cannot be read.
    """
    patients = _patients(data / "patients.csv")
    for image in sorted((data / split / "images").glob("*")):
        if image.suffix.lower() in SUFFIXES:
            patient, weight = patients.get(image.stem) or (patient_of(image.stem), 1.0)
            mask = mask_beside(image, data / split / "masks")
            yield Picture(image.stem, patient, weight, image, mask)


def mask_beside(image: Path, masks: Path) -> Path:
    """The mask of a picture; where it should be if it is not there."""
    found = sorted(masks.glob(f"{escape(image.stem)}.*"))
    return found[0] if found else masks / f"{image.stem}.png"


def patient_of(name: str) -> str:
    """The patient in a TCGA barcode; any other name is taken for a patient of its own."""
    match = _TCGA_PATIENT.search(name)
    return match[0] if match else name


def site_of(patient: str) -> str:
    """The tissue-source site in a TCGA patient's barcode; empty for any other name."""
    return patient[5:7] if _TCGA_PATIENT.fullmatch(patient) else ""


def _patients(table: Path) -> dict[str, tuple[str, float]]:
    """Patient and weight by ``name`` (name,patient,weight), for names that say nothing."""
    if not table.is_file():
        return {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            return {
                row["name"]: (row["patient"], float(row.get("weight") or 1))
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"{table}: cannot be read as a table of patients ({error})",
            hint="it needs the columns name,patient and may have weight, a number",
        ) from error
