"""Purple discs on pink: data that a small network learns in seconds, and a model that has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.support.annotated import SIZE, TUMOR, write_case
from tests.support.pictures import PINK, PURPLE

from histoloop.geometry import Mpp, Size
from histoloop.jobs.train import TrainParameters, train
from histoloop.models.card import ModelCard
from histoloop.slides.pyramid import write_pyramid
from histoloop.training.plan import TrainingPlan

NAME = "discs"
SMALL = {"levels": 2, "base_filters": 4}
PLAN = TrainingPlan(epochs=4, steps=40, side=64, batch=4, learning_rate=5e-3, average=0.9)


def discs(seed: int, side: int = 128) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """``(side, side, 3)`` RGB with grain, and 255 where it is purple."""
    random = np.random.default_rng(seed)
    truth = np.zeros((side, side), np.uint8)
    for x, y in random.integers(0, side, (6, 2)):
        cv2.circle(truth, (int(x), int(y)), 16, 255, -1)
    image = np.where(truth[..., None] > 0, PURPLE, PINK) + random.normal(0, 12, (side, side, 3))
    return np.clip(image, 0, 255).astype(np.uint8), truth


def shuffled(truth: NDArray[np.uint8], seed: int, piece: int = 8) -> NDArray[np.uint8]:
    """The same labels elsewhere: square pieces in another order."""
    rows, columns = truth.shape[0] // piece, truth.shape[1] // piece
    pieces = truth.reshape(rows, piece, columns, piece).swapaxes(1, 2).reshape(-1, piece, piece)
    mixed = pieces[np.random.default_rng(seed).permutation(len(pieces))]
    return mixed.reshape(rows, columns, piece, piece).swapaxes(1, 2).reshape(truth.shape)


def write_data(folder: Path, splits: dict[str, list[int]], *, shuffle: bool = False) -> Path:
    """Pictures of 1 µm/px by seed, each of a patient of its own.

    Args:
        shuffle: those that train have their labels elsewhere; the others are right.
    """
    for split, seeds in splits.items():
        for seed in seeds:
            image, truth = discs(seed)
            if shuffle and split == "train":
                truth = shuffled(truth, seed)
            path = folder / split / "images" / f"p{seed}.tiff"
            path.parent.mkdir(parents=True, exist_ok=True)
            mask = folder / split / "masks" / f"p{seed}.png"
            mask.parent.mkdir(parents=True, exist_ok=True)
            write_pyramid(path, Size(*truth.shape), Mpp.square(1.0), [image], lossless=True)
            Image.fromarray(truth).save(mask)
    return folder


def train_base(home: Path, data: Path, **changes: object) -> ModelCard:
    """Train `discs@1` into a home."""
    parameters = TrainParameters(
        data=data,
        out=home / "models" / f"{NAME}-1",
        name=NAME,
        mpp=1.0,
        architecture="unet",
        architecture_config=SMALL,
        tile=128,
        halo=16,
        overlap=16,
        plan=PLAN,
    )
    return train(replace(parameters, **changes), home, lambda _: None)


def write_patient(slides: Path, number: int) -> None:
    """A slide with grain of its own, and a tumour drawn on it."""
    stem = f"TCGA-A2-A0A{number}-01Z-00-DX1"
    write_case(slides, stem)
    pixels = np.full((SIZE.height, SIZE.width, 3), PINK, float)
    pixels[TUMOR.y : TUMOR.bottom, TUMOR.x : TUMOR.right] = PURPLE
    pixels += np.random.default_rng(number).normal(0, 12, pixels.shape)
    grainy = np.clip(pixels, 0, 255).astype(np.uint8)
    write_pyramid(slides / f"{stem}.tiff", SIZE, Mpp.square(0.5), [grainy], lossless=True)
