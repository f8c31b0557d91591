"""`/api/review`: regions worth a person's time, and what people say to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Response, send_file
from pydantic import BaseModel, Field

from histoloop.annotations.gtcodes import roi_groups
from histoloop.config import Settings
from histoloop.errors import AccessError, NotFoundError, UsageError
from histoloop.jobs import review_report
from histoloop.jobs.kept_reviews import KeptQueue, Said, Verdict, kept_queue, kept_queues
from histoloop.jobs.kept_reviews import reviews_folder as folder_of
from histoloop.jobs.retrain_process import learnt_from
from histoloop.jobs.review import ReviewParameters
from histoloop.jobs.review import review as rank_regions
from histoloop.service.errands import Say
from histoloop.service.identity import visit
from histoloop.service.library import Visit
from histoloop.service.making import appearing, named_now
from histoloop.service.reviewing import Reviewing
from histoloop.service.schema import PNG, answers, resource

reviews = resource("review", tag="review")

ERRAND = "review queue"

_SAYING = [Lock() for _ in range(64)]
"""A word on a region waits for the one before it, and finds what that has drawn."""


class ById(BaseModel):
    """A queue."""

    queue: str = Field(max_length=64)


class ByNumber(ById):
    """A region of a queue."""

    number: int = Field(ge=1, le=100_000, description="its place in the queue, from 1")


class NewQueue(BaseModel):
    """Which regions to look for."""

    model: str = Field(default="", max_length=200, description="by default the one retrained")
    most: int = Field(default=20, ge=1, le=200, description="regions")


class Answer(BaseModel):
    """What somebody says to a region."""

    verdict: Verdict = Field(description="the model is right; to be corrected; nothing is said")


@reviews.get("/review", responses=answers("all queues"))
def list_queues() -> dict[str, Any]:
    """The queues of the home, newest first, and what becomes of one that was asked for."""
    here = visit()
    return {
        "queues": [_summary(one) for one in kept_queues(here.library.settings.home)],
        "making": _making(here),
        "missing": _missing(here),
    }


@reviews.post("/review", responses=answers("being made", status=202))
def make_queue(body: NewQueue) -> tuple[dict[str, Any], int]:
    """Rank all tissue that nobody has outlined; the new queue is the first one then."""
    here = visit()
    here.visitor.refuse_retraining()
    settings = here.signed_settings
    model = here.library.models.get(body.model or settings.retrain_model)
    learnt = learnt_from(settings, settings.home)
    asked = ReviewParameters(
        source=learnt.source,
        gtcodes=learnt.gtcodes,
        model=model.card.reference,
        out=folder_of(settings.home) / named_now(model.card.reference),
        folder=learnt.folder,
        most=body.most,
        tta=4,
        classes=learnt.classes,
    )
    errand = here.library.errands.start(ERRAND, lambda say: _make(asked, settings, say))
    return errand.document(), 202


@reviews.post("/review/cancel", responses=answers("will stop", "", 204))
def cancel_making() -> tuple[str, int]:
    """Stop looking for regions; nothing is left of it."""
    here = visit()
    here.visitor.refuse_retraining()
    here.library.errands.stop(ERRAND)
    return "", 204


@reviews.get("/review/<queue>", responses=answers("a queue"))
def show_queue(path: ById) -> dict[str, Any]:
    """A queue with the regions that the visitor may see, and what reviewing them has gained."""
    here, kept = visit(), _queue(path.queue)
    reviewing = Reviewing(here.visitor, kept, _rois(here))
    return _summary(kept) | {"classes": kept.content.get("classes", ())} | reviewing.document()


@reviews.get("/review/<queue>/regions/<int:number>", responses=answers("a region"))
def show_region(path: ByNumber) -> dict[str, Any]:
    """What the model takes a region for: elements of a DSA annotation, in base pixels."""
    kept = _seen(path)
    return {"elements": kept.answer(path.number)}


@reviews.get("/review/<queue>/regions/<int:number>/picture", responses=PNG)
def region_picture(path: ByNumber) -> Response:
    """A PNG: the region, and beside it what the model takes it for."""
    picture = _seen(path).picture(path.number)
    if not picture.is_file():
        raise NotFoundError("the picture is not there any more", hint="make the queue again")
    response = send_file(picture.absolute(), mimetype="image/png", conditional=False)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@reviews.put("/review/<queue>/regions/<int:number>", responses=answers("is kept"))
def answer_region(path: ByNumber, body: Answer) -> dict[str, Any]:
    """Say something to a region; said again it changes nothing, something else replaces it.

    What is accepted, or to be fixed, becomes an annotation of whoever says so. One that was
    changed since is somebody's work, and stays whatever is said.
    """
    here, kept = visit(), _queue(path.queue)
    here.visitor.refuse_readonly(kept.region(path.number)["id"])
    reviewing, user = Reviewing(here.visitor, kept, _rois(here)), here.visitor.user()
    said = Said(
        verdict=body.verdict,
        by=user.login if user else "",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with _SAYING[hash((path.queue, path.number)) % len(_SAYING)]:
        return reviewing.say(path.number, said)


def _make(asked: ReviewParameters, settings: Settings, say: Say) -> None:
    say("looking at the slides")
    queue = rank_regions(asked, settings, say)
    with appearing(asked.out) as draft:
        review_report.write(queue, draft)
        say(f"{len(queue.entries)} of {queue.regions} regions")


def _queue(id: str) -> KeptQueue:
    return kept_queue(visit().library.settings.home, id)


def _seen(path: ByNumber) -> KeptQueue:
    """The queue, if the visitor may see the slide of its region.

    Raises:
        AccessError, NotFoundError: they may not; there is none.
    """
    here, kept = visit(), _queue(path.queue)
    here.visitor.revision(kept.region(path.number)["id"])
    return kept


def _rois(here: Visit) -> frozenset[str]:
    return roi_groups(here.library.settings.retrain_gtcodes)


def _summary(kept: KeptQueue) -> dict[str, Any]:
    return {
        "id": kept.id,
        "name": kept.name,
        "made": kept.made.isoformat(timespec="seconds"),
        "model": kept.content["model"],
        "regions_count": len(kept.regions),
        "said_count": len(kept.said()),
    }


def _making(here: Visit) -> Mapping[str, Any] | None:
    """The queue that was asked for last; what it says names slides of every folder."""
    errand = here.library.errands.latest(ERRAND)
    if errand is None:
        return None
    try:
        here.visitor.refuse_retraining()
    except AccessError:
        errand = replace(errand, said="", failure="", hint="")
    return errand.document()


def _missing(here: Visit) -> Mapping[str, str] | None:
    """Why the visitor cannot have a queue made, and the way out."""
    try:
        here.visitor.refuse_retraining()
        learnt_from(here.library.settings, Path())
    except (AccessError, UsageError) as error:
        return {"detail": error.message, "hint": error.hint}
    return None
