"""`/api/preflights`: what a segmentation would be like, before it is asked for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from distributed import Future
from flask import Response
from pydantic import BaseModel, Field

from histoloop.errors import HistoloopError, NotFoundError, StateError
from histoloop.jobs import outputs
from histoloop.jobs.estimate import from_runs, from_samples, room_needed
from histoloop.jobs.job import SEGMENT, JobState
from histoloop.jobs.ledger import new_id
from histoloop.jobs.plan import Plan, make_plan
from histoloop.jobs.report import Report
from histoloop.jobs.room import room
from histoloop.jobs.samples import Sample, choose_cells, predict_samples, sample_box
from histoloop.jobs.scale_check import scale_warnings
from histoloop.jobs.segment import prediction_task
from histoloop.masks.labels import labels
from histoloop.models.runtimes import Precision, quantised
from histoloop.service.admission import Admission
from histoloop.service.identity import visit
from histoloop.service.kept_preflights import Preflight
from histoloop.service.library import Library, Visit, library
from histoloop.service.pictures import encoded_png, jpeg, png
from histoloop.service.schema import BUSY, PICTURE, ById, answers, resource
from histoloop.service.segmentations import NewSegmentation, parameters_of, refuse_unscaled
from histoloop.tiling.grid import Cell

preflights = resource("preflights", tag="jobs")

_LOOKING = Admission("checks", at_once=2, places=8, patience_s=10)
"""Who look for tissue: each takes a core and some 100 MB for a second or two."""

_SAID_OF = 100
"""The newest segmentations among which those of the same model are looked for."""


class SamplePath(BaseModel):
    """Which sample of which preflight."""

    id: str
    number: int = Field(ge=0, description="from 0")


class SampleLayer(BaseModel):
    """What of a sample is to be seen."""

    layer: Literal["picture", "class"] = "picture"
    threshold: float = Field(default=0.5, gt=0, le=1)


@preflights.post("/preflights", responses=answers("what it would be like") | BUSY)
def create_preflight(body: NewSegmentation) -> dict[str, Any]:
    """Look at a slide as a job would: scale, tissue, tiles, time, room; predict a few tiles.

    The sample tiles come a little later: ask for the preflight again until they are there.
    """
    here = visit()
    plan = _planned(here, body)
    cells = choose_cells(plan)
    found = Preflight(
        id=new_id(),
        plan=plan,
        cells=cells,
        coming=_asked_for(here.library, plan, cells) if cells else None,
        history=_history(here.library, plan),
        room=room(here.library.settings, here.library.ledger),
        warnings=tuple(_warnings(here.library, plan)),
    )
    here.library.preflights.keep(found)
    return _document(here.library, found)


@preflights.get("/preflights/<id>", responses=answers("what it would be like"))
def show_preflight(path: ById) -> dict[str, Any]:
    """The same, with what is known by now."""
    return _document(library(), _allowed(path.id))


@preflights.get("/preflights/<id>/samples/<int:number>", responses=PICTURE)
def show_sample(path: SamplePath, query: SampleLayer) -> Response:
    """A sample tile as JPEG, or the classes that the model sees there as PNG to lay over it."""
    found = _allowed(path.id)
    if not path.number < len(found.cells):
        raise NotFoundError(f"there is no sample {path.number}", hint="check again")
    samples = found.samples()
    if samples is None:
        raise StateError("the sample tiles are not predicted yet", hint="ask again in a moment")
    sample = samples[path.number]
    if query.layer == "picture":
        return jpeg(sample.pixels)
    classes = found.plan.labels
    palette = np.zeros((256, 4), np.uint8)
    for one in classes:
        palette[one.code] = (*one.rgb, 255)
    drawn = palette[labels(sample.probabilities, classes, query.threshold)]
    return png(encoded_png(drawn), final=True)


def _planned(here: Visit, body: NewSegmentation) -> Plan:
    slide = here.slide(body.slide, now=True)
    here.visitor.refuse_readonly(slide.id)
    refuse_unscaled(slide, body)
    model = here.library.models.get(body.model)
    parameters = parameters_of(here, body, model, here.library.settings.runs / "none")
    with _LOOKING.turn():
        opened = parameters.slide.open() if body.slide_mpp else slide
        return make_plan(parameters, opened, model, None)


def _asked_for(served: Library, plan: Plan, cells: tuple[Cell, ...]) -> Future:
    task = prediction_task(plan, served.settings.home)
    return served.engine.ask(predict_samples, task, plan.model, cells)


def _history(served: Library, plan: Plan) -> tuple[Report, ...]:
    """What finished runs of the model have cost, newest first."""
    jobs = served.ledger.list(most=_SAID_OF, kind=SEGMENT)
    done = [one for one in jobs if one.state is JobState.DONE]
    mine = [one.folder for one in done if one.request.model == plan.model.card.reference]
    reports = (Report.read(served.settings.runs / folder / outputs.REPORT) for folder in mine)
    return tuple(report for report in reports if report)


def _warnings(served: Library, plan: Plan) -> list[str]:
    said = [*scale_warnings(plan), *plan.warnings()]
    if not plan.cells:
        said.append(
            "no tissue was found: there would be nothing to predict. Draw a region where you see "
            "some, or check the slide"
        )
    int8 = plan.parameters.precision is Precision.INT8
    if int8 and quantised.calibration(plan.model, Path(served.settings.home) / "cache") is None:
        said.append(
            "the int8 network is made first, on this slide's tissue, which takes some minutes; it "
            "is refused where it is not as good. The samples below are fp32"
        )
    return said


def _allowed(id: str) -> Preflight:
    """A preflight of a slide that the visitor may see."""
    here = visit()
    found = here.library.preflights.get(id)
    here.visitor.revision(found.plan.slide.id)
    return found


def _document(served: Library, found: Preflight) -> dict[str, Any]:
    plan = found.plan
    state, problem, samples = _samples(found)
    estimate = from_runs(plan, found.history)
    if estimate is None and samples:
        estimate = from_samples(plan, [one.seconds for one in samples], served.engine.places())
    base, needed = plan.base_mpp, room_needed(plan)
    return {
        "id": found.id,
        "slide": plan.slide.id,
        "slide_name": plan.slide.name,
        "model": plan.model.card.reference,
        "runtime": plan.parameters.runtime,
        "precision": plan.parameters.precision,
        "scale": {
            "slide": {"x": base.x, "y": base.y, "source": base.source},
            "model": plan.model.card.mpp,
            "predicted": plan.mpp,
            "factor": plan.scale.x,
            "doubtful": bool([*scale_warnings(plan), *plan.warnings()]),
        },
        "tissue": {
            "share": plan.tissue.share(plan.region) if plan.tissue else 1.0,
            "mm2": plan.tissue_mm2,
        },
        "tiles": {"total": len(plan.grid.cells), "tissue": len(plan.cells)},
        "time": asdict(estimate) if estimate else None,
        "disk": {
            "needed": needed,
            "free": found.room.free,
            "enough": found.room.holds(needed),
        },
        "samples": {
            "state": state,
            "problem": problem,
            "tiles": [
                {
                    "box": sample_box(plan, cell),
                    "picture": f"/api/preflights/{found.id}/samples/{number}",
                }
                for number, cell in enumerate(found.cells)
            ],
        },
        "classes": [vars(one) for one in plan.labels],
        "warnings": found.warnings,
    }


def _samples(found: Preflight) -> tuple[str, dict[str, str] | None, tuple[Sample, ...]]:
    try:
        samples = found.samples()
    except HistoloopError as error:
        return "failed", {"detail": error.message, "hint": error.hint}, ()
    except Exception as error:  # a defect: the facts are worth having all the same
        said = f"{type(error).__name__}: {error}"
        return "failed", {"detail": said, "hint": "the service's log has the details"}, ()
    return ("running", None, ()) if samples is None else ("done", None, samples)
