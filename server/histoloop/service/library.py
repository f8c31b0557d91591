"""What the routes work with, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import cast

from flask import current_app

from histoloop.annotations.store import LocalAnnotationStore
from histoloop.config import Settings
from histoloop.errors import NotFoundError
from histoloop.jobs import outputs
from histoloop.jobs.engine import Engine
from histoloop.jobs.ledger import Ledger
from histoloop.masks.mask import Mask
from histoloop.models.registry import ModelRegistry
from histoloop.slides.folder import FolderSlideStore
from histoloop.slides.slide import Slide

_OPEN_SLIDES = 32
_OPEN_MASKS = 32


@dataclass(frozen=True, eq=False)
class Library:
    """Slides, models, jobs and results of one service."""

    settings: Settings
    slides: FolderSlideStore
    ledger: Ledger
    engine: Engine

    @cached_property
    def models(self) -> ModelRegistry:
        return ModelRegistry(self.settings.home)

    @cached_property
    def annotations(self) -> LocalAnnotationStore:
        return LocalAnnotationStore(self.settings.annotations)

    def slide(self, id: str) -> Slide:
        """An open slide; it is opened again when its file has changed.

        Raises:
            NotFoundError: no slide has this id.
            SlideError: it cannot be read.
        """
        path = self.slides.find(id).path
        return _open_slide(self.slides, id, path.stat().st_mtime_ns)

    def run_folder(self, run: str) -> Path:
        """Where the results of a run are.

        Raises:
            NotFoundError: the ledger knows no such run.
        """
        return self.settings.runs / self.ledger.of_run(run).run

    def mask(self, run: str) -> Mask | None:
        """The probabilities of a run; `None` while there is nothing yet."""
        path = self.run_folder(run) / outputs.PROBABILITY
        try:
            return _open_mask(path, path.stat().st_mtime_ns)
        except (FileNotFoundError, NotFoundError):
            return None


@lru_cache(maxsize=_OPEN_SLIDES)
def _open_slide(store: FolderSlideStore, id: str, _changed: int) -> Slide:
    return store.open(id)


@lru_cache(maxsize=_OPEN_MASKS)
def _open_mask(path: Path, _changed: int) -> Mask:
    return Mask.open(path)


def library() -> Library:
    """The library of the app that serves the current request."""
    return cast(Library, current_app.extensions["histoloop"])
