"""What is asked for in a segmentation, by whoever asks: one slide, several, or only a look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from histoloop.errors import (
    AccessError,
    DsaError,
    HistoloopError,
    MissingScaleError,
    NotFoundError,
    SlideError,
    StateError,
    UsageError,
)
from histoloop.geometry import PLAUSIBLE_MPP, Mpp, MppSource, region_of_interest
from histoloop.jobs.job import SEGMENT, Failure, SegmentRequest
from histoloop.jobs.plan import SegmentParameters
from histoloop.models.registry import DEFAULT, Model
from histoloop.models.runtimes import Precision, RuntimeName, choose
from histoloop.service.library import Visit
from histoloop.service.schema import BaseBox
from histoloop.slides.slide import Slide, SlideAddress

MOST_SLIDES = 100
"""In one request: each is opened before it is answered."""

_LEAST_MPP, _MOST_MPP = PLAUSIBLE_MPP


class NewSegmentation(BaseModel):
    """A slide, a model, and how."""

    slide: str = Field(default="", description="to segment")
    model: str = Field(default=DEFAULT, description="to retrain: a name without a version")
    roi: BaseBox | None = None
    threshold: float = Field(default=0.5, gt=0, le=1)
    runtime: RuntimeName = Field(default=RuntimeName.AUTO, description="what computes")
    precision: Precision = Field(
        default=Precision.FP32, description="int8 is faster, and refused where it is not as good"
    )
    slide_mpp: float | None = Field(
        default=None,
        ge=_LEAST_MPP,
        le=_MOST_MPP,
        description="µm per base pixel, where the slide does not say it or is wrong",
    )


def said_mpp(body: NewSegmentation) -> Mpp | None:
    """The scale that the user gives."""
    return Mpp.square(body.slide_mpp, MppSource.USER) if body.slide_mpp else None


def address_of(here: Visit, body: NewSegmentation) -> SlideAddress:
    """Where the slide is, at the scale that is asked for."""
    return here.visitor.slides.address(body.slide, said_mpp(body))


def parameters_of(here: Visit, body: NewSegmentation, model: Model, out: Path) -> SegmentParameters:
    """As a job would have them.

    Raises:
        UsageError: they do not go together.
        ModelError: the runtime is not installed.
    """
    parameters = SegmentParameters(
        slide=address_of(here, body),
        model=str(model.folder),
        out=out,
        roi=body.roi,
        threshold=body.threshold,
        runtime=body.runtime,
        precision=body.precision,
    )
    choose(body.runtime)
    return parameters


def request_of(here: Visit, body: NewSegmentation, *, replace: bool) -> SegmentRequest:
    """A segmentation to queue; what is impossible is refused at once.

    Raises:
        HistoloopError: why it is.
    """
    slide, user = here.slide(body.slide, now=True), here.visitor.user()
    here.visitor.refuse_readonly(slide.id)
    refuse_unscaled(slide, body)
    model = here.library.models.get(body.model)
    parameters_of(here, body, model, here.library.settings.runs)
    return SegmentRequest(
        slide=slide.id,
        slide_name=slide.name,
        model=model.card.reference,
        roi=region_of_interest(body.roi, slide.size, slide.name) if body.roi else None,
        threshold=body.threshold,
        replace=replace,
        fingerprint=slide.fingerprint,
        user=user.id if user else "",
        runtime=body.runtime,
        precision=body.precision,
        slide_mpp=body.slide_mpp,
    )


def refuse_unscaled(slide: Slide, body: NewSegmentation) -> None:
    """Make sure that somebody has said how large a pixel is.

    Raises:
        MissingScaleError: neither the slide nor the user has.
    """
    if slide.mpp is None and body.slide_mpp is None:
        raise MissingScaleError(
            f"{slide.name}: the file does not say its micrometres per pixel",
            hint="give them (slide_mpp; in the viewer, under Check first): 0.25, say, for 40x",
        )


def refuse_for_several(body: NewSegmentation) -> None:
    """Make sure that nothing is said of all slides that can only be true of one.

    Raises:
        UsageError: a region or a scale is.
    """
    for name in ("slide", "roi", "slide_mpp"):
        if getattr(body, name):
            raise UsageError(
                f"{name} is about one slide, slides are several", hint=f"leave {name} out"
            )


def each_of(
    here: Visit, body: NewSegmentation, slides: list[str], *, replace: bool
) -> list[SegmentRequest | dict[str, Any] | tuple[SegmentRequest, Failure]]:
    """What is to become of each slide: a request, one with why it fails, or why it is refused."""
    here.library.models.get(body.model)  # wrong for all of them
    found: list[SegmentRequest | dict[str, Any] | tuple[SegmentRequest, Failure]] = []
    for id in dict.fromkeys(slides):
        one = body.model_copy(update={"slide": id})
        try:
            _refuse_twice(here, one)
            found.append(_request_or_failure(here, one, replace=replace))
        except (AccessError, NotFoundError, StateError, DsaError) as error:
            found.append({"slide": id, "detail": error.message, "hint": error.hint})
    return found


def _request_or_failure(
    here: Visit, body: NewSegmentation, *, replace: bool
) -> SegmentRequest | tuple[SegmentRequest, Failure]:
    try:
        return request_of(here, body, replace=replace)
    except SlideError as error:
        return _doomed(here, body, error, replace=replace)


def _refuse_twice(here: Visit, body: NewSegmentation) -> None:
    reference = here.library.models.get(body.model).card.reference
    for job in here.library.ledger.list(body.slide, kind=SEGMENT):
        same = not job.state.ended and job.request.model == reference
        if same and job.segmentation.roi is None:
            raise StateError(
                f"{job.request.slide_name}: is being segmented by {reference} already",
                hint=f"follow or cancel job {job.id}",
            )


def _doomed(
    here: Visit, body: NewSegmentation, error: HistoloopError, *, replace: bool
) -> tuple[SegmentRequest, Failure]:
    """A slide that cannot be read stays in the queue, with the reason, to be run again."""
    here.visitor.refuse_readonly(body.slide)
    user, name = here.visitor.user(), here.visitor.slides.address(body.slide).name
    request = SegmentRequest(
        slide=body.slide,
        slide_name=name,
        model=here.library.models.get(body.model).card.reference,
        roi=None,
        threshold=body.threshold,
        replace=replace,
        user=user.id if user else "",
        runtime=body.runtime,
        precision=body.precision,
    )
    return request, Failure("opening", name, None, error.message, error.hint)
