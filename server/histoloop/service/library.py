"""What the routes work with: opened once, and as each visitor may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Event
from typing import cast

from flask import current_app

from histoloop.annotations.store import AnnotationStore
from histoloop.config import Settings
from histoloop.errors import AccessError, NotFoundError
from histoloop.jobs import outputs
from histoloop.jobs.engine import Engine
from histoloop.jobs.housekeeping import Housekeeper
from histoloop.jobs.job import RETRAIN, Job
from histoloop.jobs.kept_runs import refuse_gone
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.logins import Logins
from histoloop.masks.mask import Mask
from histoloop.models.registry import ModelRegistry
from histoloop.service.errands import Errands
from histoloop.service.kept_preflights import Preflights
from histoloop.service.looks import Looks
from histoloop.service.visitor import Visitor
from histoloop.slides.slide import Slide

_OPEN_SLIDES = 32
_OPEN_MASKS = 32

_LEAST_PAGE = 100
_LOOKED_THROUGH = 5_000
"""Jobs, for those that a visitor may see: each slide of them is asked about."""


@dataclass(frozen=True, eq=False)
class Library:
    """Jobs, models and results of one service; who may see what is each `Visit`'s business."""

    settings: Settings
    ledger: Ledger
    engine: Engine
    closing: Event = field(default_factory=Event)
    """Set when the service ends: whoever listens to it is let go."""

    @cached_property
    def models(self) -> ModelRegistry:
        return ModelRegistry(self.settings.home)

    @cached_property
    def preflights(self) -> Preflights:
        return Preflights()

    @cached_property
    def errands(self) -> Errands:
        return Errands()

    @cached_property
    def housekeeper(self) -> Housekeeper:
        return Housekeeper(self.settings, self.ledger)

    @cached_property
    def looks(self) -> Looks:
        return Looks(self.ledger)

    @cached_property
    def logins(self) -> Logins:
        return Logins(self.settings.logins)


@dataclass(frozen=True)
class Visit:
    """A library as one visitor sees it: nothing of slides that they may not see."""

    library: Library
    visitor: Visitor

    @property
    def signed_settings(self) -> Settings:
        """The settings, in a DSA in the name of the visitor."""
        settings, login = self.library.settings, self.visitor.login
        if settings.dsa is None or login is None:
            return settings
        return settings.model_copy(update={"dsa_key": login.key, "dsa_token": login.token})

    @property
    def annotations(self) -> AnnotationStore:
        return self.visitor.annotations

    def slide(self, id: str, *, now: bool = False) -> Slide:
        """An open slide; it is opened again when another file lies under its id.

        Args:
            now: make sure that it is so at this moment.

        Raises:
            AccessError: the visitor may not see it.
            NotFoundError: no slide has this id.
            SlideError: it cannot be read.
        """
        return _open_slide(self.visitor, id, self.visitor.revision(id, now=now))

    def job(self, id: str) -> Job:
        """A job.

        Raises:
            NotFoundError: there is none of this id.
            AccessError: the visitor may not see its slide.
        """
        job = self.library.ledger.get(id)
        self._refuse_hidden(job)
        return job

    def job_of_run(self, run: str) -> Job:
        """The job that makes or made a run, which the visitor looks at; see `job`.

        Raises:
            GoneError: the files of the run were put away.
        """
        job = self.library.ledger.of_run(run)
        self._refuse_hidden(job)
        refuse_gone(job)
        self.library.looks.note(run)
        return job

    def jobs(
        self, slide: str | None, most: int, kind: str | None = None, *, whose: str | None = None
    ) -> Sequence[Job]:
        """Jobs, newest first, of a kind or of all; of all slides, those the visitor may see.

        Args:
            whose: only those that this user has asked for.

        Raises:
            AccessError: the visitor may not see the slide that is named.
        """
        if slide is not None:
            self.visitor.revision(slide)
            return self.library.ledger.list(slide, most, kind, user=whose)
        found: list[Job] = []
        page = max(most, _LEAST_PAGE)
        for after in range(0, _LOOKED_THROUGH, page):
            jobs = self.library.ledger.list(None, page, kind, user=whose, after=after)
            found += [job for job in jobs if self.shows(job)]
            if len(found) >= most or len(jobs) < page:
                break
        return found[:most]

    def names_of(self, annotators: Iterable[str]) -> dict[str, str]:
        """What people call each annotator, where an archive knows them by ids; no two alike."""
        names = {one: self.visitor.name_of(one) or one for one in annotators}
        shared = Counter(names.values())
        return {one: f"{name} ({one})" if shared[name] > 1 else name for one, name in names.items()}

    def shows(self, job: Job) -> bool:
        """Whether the visitor may see a job."""
        try:
            self._refuse_hidden(job)
        except (AccessError, NotFoundError):
            return False
        return True

    def mask(self, run: str) -> Mask | None:
        """The probabilities of a run; see `mask_of`, and `job_of_run` for what it raises."""
        return self.mask_of(self.job_of_run(run))

    def mask_of(self, job: Job) -> Mask | None:
        """The probabilities that a job makes or made; `None` while there is nothing yet."""
        path = self.library.settings.runs / job.folder / outputs.PROBABILITY
        try:
            return _open_mask(path, path.stat().st_mtime_ns)
        except (FileNotFoundError, NotFoundError):
            return None

    def _refuse_hidden(self, job: Job) -> None:
        if job.kind == RETRAIN:  # of no slide: all who work with its models may follow it
            return
        try:
            self.visitor.revision(job.request.slide)
        except NotFoundError:
            # Of a slide that was deleted, whoever asked for the job still hears what became of it.
            user = self.visitor.user()
            if user is None or user.id != job.request.user:
                raise


@lru_cache(maxsize=_OPEN_SLIDES)
def _open_slide(visitor: Visitor, id: str, _revision: str) -> Slide:
    return visitor.slides.open(id)


@lru_cache(maxsize=_OPEN_MASKS)
def _open_mask(path: Path, _changed: int) -> Mask:
    return Mask.open(path)


def library() -> Library:
    """The library of the app that serves the current request."""
    return cast(Library, current_app.extensions["histoloop"])
