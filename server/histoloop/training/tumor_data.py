"""The pictures that the bundled model `tumor` was trained on, as a folder for `train`.

``python -m histoloop.training.tumor_data SOURCE OUT`` gathers two BCSS regions, sixteen
CAMELYON patches and synthetic slides; SOURCE holds ``bcss/`` and ``camelyon/``.
"""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid
from histoloop.slides.synthetic import Specimen, Tissue, write_slide

BCSS_MPP = {"TCGA-A2-A0D2-DX1": Mpp(0.2844, 0.2840), "TCGA-A2-A1G6-DX1": Mpp(0.2656, 0.2917)}
"""Effective µm/px along x and y: the published JPEGs were resampled."""

_ASIDE = 0.3
"""Weight of what is no breast tumour of a patient: lymph nodes and synthetic slides."""

_SYNTHETIC = {"train": range(1, 7), "valid": range(101, 103)}
"""Seeds; every seed is another tissue in another stain."""

_SYNTHETIC_SIZE = Size(3072, 3072)
_SYNTHETIC_MPP = 1.0


def gather(source: Path, out: Path) -> None:
    """Write ``out/{train,valid}/{images,masks}`` and ``out/patients.csv``."""
    patients: list[tuple[str, str, float]] = []
    patients += _bcss(source / "bcss", out)
    patients += _camelyon(source / "camelyon", out)
    for split, seeds in _SYNTHETIC.items():
        patients += [_synthetic(seed, split, out) for seed in seeds]
    with (out / "patients.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("name", "patient", "weight"), *patients])


def _bcss(source: Path, out: Path) -> Iterator[tuple[str, str, float]]:
    for name, mpp in BCSS_MPP.items():
        pixels = np.asarray(Image.open(source / f"{name}_rgb.jpg"))
        size = Size(pixels.shape[1], pixels.shape[0])
        write_pyramid(_image(out, "train", name), size, mpp, [pixels], lossless=True)
        shutil.copyfile(source / f"{name}_tumor.png", _mask(out, "train", name))
        yield name, name[:12], 1.0


def _camelyon(source: Path, out: Path) -> Iterator[tuple[str, str, float]]:
    """Neighbours in number are likely one slide: all of them count as one patient."""
    for image in sorted((source / "images").glob("*.jpg")):
        name = f"camelyon-{image.stem}"
        shutil.copyfile(image, _image(out, "train", name).with_suffix(".jpg"))
        shutil.copyfile(source / "masks" / f"{image.stem}.png", _mask(out, "train", name))
        yield name, "camelyon", _ASIDE


def _synthetic(seed: int, split: str, out: Path) -> tuple[str, str, float]:
    """All synthetic slides of a split count as one patient."""
    name = f"synthetic-{seed}"
    truth = out / f"{name}.tiff"
    specimen = Specimen(_SYNTHETIC_SIZE, _SYNTHETIC_MPP, seed=seed)
    write_slide(specimen, _image(out, split, name), truth=truth)
    codes = tifffile.imread(truth, level=0)
    Image.fromarray(np.where(codes == Tissue.TUMOR, 255, 0).astype(np.uint8)).save(
        _mask(out, split, name)
    )
    truth.unlink()
    return name, f"synthetic-{split}", _ASIDE


def _image(out: Path, split: str, name: str) -> Path:
    folder = out / split / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.tiff"


def _mask(out: Path, split: str, name: str) -> Path:
    folder = out / split / "masks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


if __name__ == "__main__":
    gather(Path(sys.argv[1]), Path(sys.argv[2]))
