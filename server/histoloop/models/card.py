"""What a model says about itself: `card.json`, without which its weights mean nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from histoloop.errors import ModelError, UsageError
from histoloop.masks.labels import LabelClass
from histoloop.models import architectures
from histoloop.tiling.grid import Tiling

CARD = "card.json"
WEIGHTS = "model.keras"


class ClassCard(BaseModel):
    """A class as the card names it; channels of the output are in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    code: int = Field(ge=1, le=254, description="value in label masks; 0 is 'none'")
    color: str = Field(pattern="^#[0-9a-fA-F]{6}$")


class ModelCard(BaseModel):
    """The contract between who trained a model and who runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]*$")
    version: int = Field(ge=1)
    architecture: str
    architecture_config: dict[str, Any] = {}
    classes: tuple[ClassCard, ...] = Field(min_length=1)
    mpp: float = Field(gt=0, description="µm/px the model was trained at")
    tile: int = Field(gt=0, description="px a side that the model sees")
    halo: int = Field(ge=0, description="px of context whose prediction is dropped")
    overlap: int = Field(ge=0, description="px in which neighbouring tiles are blended")
    normalisation: Literal["minus_one_to_one"] = "minus_one_to_one"
    digest: str = Field(description="BLAKE2b of model.keras")
    parent: str | None = None
    training: dict[str, Any] = Field(default={}, description="data, digests, seed, command")
    metrics: dict[str, Any] = {}
    summary: str = ""
    notice: str = Field(default="", description="what a user must know before trusting it")
    licence: str = ""

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def labels(self) -> tuple[LabelClass, ...]:
        """The classes as masks have them."""
        return tuple(LabelClass(one.name, one.code, one.color) for one in self.classes)

    @property
    def stride(self) -> int:
        """A side of a tile must be a multiple of this, px; 1 where the architecture is not ours.

        Raises:
            ModelError: the architecture is ours, and has no such config.
        """
        if self.architecture not in architectures.NAMES:
            return 1
        shape = self.architecture_config
        with self._named():
            return architectures.configure(self.architecture, len(self.classes), **shape).stride

    @property
    def tiling(self) -> Tiling:
        """How slides are cut.

        Raises:
            ModelError: tile, halo and overlap do not fit together.
        """
        with self._named():
            return Tiling(self.tile, self.halo, self.overlap)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Let what makes no sense be said of the card."""
        try:
            yield
        except UsageError as error:
            said = f"{CARD} of {self.reference}: {error.message}"
            raise ModelError(said, hint=error.hint) from error


def read_card(folder: Path) -> ModelCard:
    """The card of a model folder, its weights checked against the digest.

    Raises:
        ModelError: the folder is no model, the card is wrong or the weights are not its own.
    """
    try:
        card = ModelCard.model_validate_json((folder / CARD).read_bytes())
    except OSError as error:
        raise ModelError(f"{folder}: is no model folder", hint=f"it needs {CARD}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{folder / CARD}: {where}: {first['msg']}", hint="mend the card"
        ) from error
    if weights_digest(folder / WEIGHTS) != card.digest:
        raise ModelError(
            f"{folder / WEIGHTS}: is not the file that {CARD} of {card.reference} describes",
            hint="copy the whole model folder again",
        )
    return card


def weights_digest(path: Path) -> str:
    """BLAKE2b of a weights file.

    Raises:
        ModelError: there is none.
    """
    try:
        found = path.stat()
        return _digest(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise ModelError(
            f"{path}: the weights are missing", hint="copy the folder again"
        ) from error


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _changed: int) -> str:
    """Half a gigabyte of weights is read once, not for every list of models."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
