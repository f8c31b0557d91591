"""`/api/agreement`: who agrees with whom, and how well people can agree at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, send_file
from pydantic import BaseModel, Field

from histoloop.annotations.consensus import METHODS
from histoloop.config import Settings
from histoloop.errors import NotFoundError, UsageError
from histoloop.jobs import agreement_report
from histoloop.jobs.agreement import agree
from histoloop.jobs.dataset import DatasetParameters
from histoloop.jobs.kept_agreements import KeptAgreement, agreements_folder, kept_agreements
from histoloop.jobs.retrain_process import learnt_from
from histoloop.service import model_record
from histoloop.service.errands import Say
from histoloop.service.identity import visit
from histoloop.service.library import Library, Visit
from histoloop.service.making import appearing, named_now
from histoloop.service.schema import PNG, answers, resource

agreements = resource("agreement", tag="agreement")

ERRAND = "agreement"

_TOLD = ("against", "classes", "alone", "together", "pairs", "annotators", "ceiling", "complaints")


class ByName(BaseModel):
    """A report."""

    name: str = Field(max_length=200, description="of its folder in HOME/agreement")


class ByNumber(ByName):
    """A region of a report."""

    number: int = Field(ge=1, le=1_000_000, description="its place in the report, from 1")


@agreements.get("/agreement", responses=answers("all reports"))
def list_agreements() -> dict[str, Any]:
    """The reports of the home, newest first, and what becomes of one that was asked for."""
    library = _visit().library
    errand = library.errands.latest(ERRAND)
    return {
        "agreements": [_summary(one) for one in kept_agreements(library.settings.home)],
        "making": errand.document() if errand else None,
        "missing": _missing(library.settings),
    }


@agreements.post("/agreement", responses=answers("being made", status=202))
def make_agreement() -> tuple[dict[str, Any], int]:
    """Compare what all annotators have drawn, as it is now; the new report is the first one then.

    Each annotator is held against what retraining would take for the consensus of the others, or
    their majority where that is no vote.
    """
    here = _visit()
    settings = here.signed_settings
    asked = learnt_from(settings, agreements_folder(settings.home) / named_now())
    method = asked.consensus if asked.consensus in METHODS else "majority"
    asked = replace(asked, consensus=method)
    errand = here.library.errands.start(ERRAND, lambda say: _make(asked, settings, say))
    return errand.document(), 202


@agreements.post("/agreement/cancel", responses=answers("will stop", "", 204))
def cancel_agreement() -> tuple[str, int]:
    """Stop comparing; nothing is left of it."""
    _visit().library.errands.stop(ERRAND)
    return "", 204


@agreements.get("/agreement/<name>", responses=answers("a report"))
def show_agreement(path: ByName) -> dict[str, Any]:
    """Dice by class and κ of each pair, each annotator against the others, the human ceiling.

    Beside it the model that is in use, where it was evaluated; the most disputed region first.
    """
    here = _visit()
    kept = _kept(here.library, path.name)
    told = {name: kept.report.get(name) for name in _TOLD}
    people, pairs = (kept.report.get(name, ()) for name in ("annotators", "pairs"))
    names = here.names_of(one["name"] for one in people)
    told["annotators"] = [one | {"name": names[one["name"]]} for one in people]
    told["pairs"] = [one | {side: names[one[side]] for side in ("one", "other")} for one in pairs]
    regions = [_region(kept, number, names) for number in range(1, 1 + len(kept.regions))]
    regions.sort(key=lambda one: (-one["disputed"], one["name"]))
    return _summary(kept) | told | {"regions": regions, "model": _model(here.library)}


@agreements.get("/agreement/<name>/regions/<int:number>/picture", responses=PNG)
def agreement_picture(path: ByNumber) -> Response:
    """A PNG: the tissue, and the share of annotators who are of another view than most.

    Pale yellow for a single voice, red from a half.
    """
    file = _kept(_visit().library, path.name).picture(path.number)
    if file is None:
        raise NotFoundError(
            f"agreement {path.name!r} has no picture of a region {path.number}",
            hint="compare the annotators again",
        )
    response = send_file(file.absolute(), mimetype="image/png", conditional=False)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _visit() -> Visit:
    """Whoever may see regions of every folder."""
    here = visit()
    here.visitor.refuse_datasets()
    return here


def _make(asked: DatasetParameters, settings: Settings, say: Say) -> None:
    say("reading the annotations")
    found = agree(asked, settings, say)
    say(f"pictures of {len(found.rois)} regions")
    with appearing(asked.out) as draft:
        agreement_report.write(found, settings, draft)
        say("done")  # or not, where somebody has said to stop meanwhile


def _kept(library: Library, name: str) -> KeptAgreement:
    for kept in kept_agreements(library.settings.home):
        if kept.name == name:
            return kept
    raise NotFoundError(f"no agreement {name!r}", hint="list them again")


def _summary(kept: KeptAgreement) -> dict[str, Any]:
    return {
        "name": kept.name,
        "made": kept.made.isoformat(timespec="seconds"),
        "regions_count": len(kept.regions),
        "annotators_count": len(kept.report.get("annotators", ())),
    }


def _region(kept: KeptAgreement, number: int, names: Mapping[str, str]) -> dict[str, Any]:
    roi = kept.regions[number - 1]
    address = f"/api/agreement/{quote(kept.name)}/regions/{number}/picture"
    return {
        "number": number,
        "name": roi["name"],
        # A report of an earlier version names the slide, and does not say which one it is.
        "slide": {"id": roi.get("slide_id"), "name": roi["slide"]},
        "box": roi["box"],
        "annotators": [names[one] for one in roi["annotators"]],
        "disputed": roi["disputed"],
        "fleiss_kappa": roi["fleiss_kappa"],
        "picture": address if kept.picture(number) else None,
    }


def _model(library: Library) -> dict[str, Any] | None:
    """The version that is retrained and used, with its Dice by class; `None` without one."""
    model = library.models.active(library.settings.retrain_model)
    if model is None:
        return None
    card = model.card
    found = model_record.evaluation(library.settings.home, card)
    classes = found["classes"] if found else []
    return {
        "reference": card.reference,
        "classes": [one.name for one in card.classes],
        "dice": {one["name"]: one["pooled"]["dice"] for one in classes},
    }


def _missing(settings: Settings) -> dict[str, str] | None:
    """Why no report can be made here, and the way out."""
    try:
        learnt_from(settings, Path())
    except UsageError as error:
        return {"detail": error.message, "hint": error.hint}
    return None
