"""Files to take along: outlines for a DSA and for QuPath, the class mask, a report to print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from flask import Response, send_file
from pydantic import BaseModel, Field

from histoloop.annotations.files import read_documents
from histoloop.annotations.geojson.conversion import to_geojson
from histoloop.errors import NotFoundError
from histoloop.jobs import outputs, slide_report
from histoloop.jobs.report import Report
from histoloop.service.findings import areas, lineage
from histoloop.service.identity import visit
from histoloop.service.library import library
from histoloop.service.schema import GONE, ById, answers, resource

exports = resource("exports", tag="exports")

_JSON, _GEOJSON, _TIFF, _HTML = (
    "application/json",
    "application/geo+json",
    "image/tiff",
    "text/html",
)

_DOCUMENTS = answers("DSA documents", _JSON)
_DOCUMENTS[200]["content"][_JSON] = {"schema": {"type": "array", "items": {"type": "object"}}}


class At(BaseModel):
    """At which threshold areas and picture are made; the run's own by default."""

    threshold: Annotated[float | None, Field(default=None, gt=0, le=1)]


@exports.get("/runs/<id>/annotation.json", responses=_DOCUMENTS | GONE)
def run_annotation(path: ById) -> Response:
    """The run's outlines as a list of DSA annotation documents, at the run's own threshold."""
    file, name = _file(path.id, outputs.ANNOTATION)
    return send_file(
        file, mimetype=_JSON, as_attachment=True, conditional=False, download_name=f"{name}.json"
    )


@exports.get("/runs/<id>/annotation.geojson", responses=answers("GeoJSON", _GEOJSON) | GONE)
def run_geojson(path: ById) -> Response:
    """The same as GeoJSON in base pixels, as QuPath opens it."""
    file, name = _file(path.id, outputs.ANNOTATION)
    collection, _ = to_geojson(read_documents(file))
    return _attached(json.dumps(collection), _GEOJSON, f"{name}.geojson")


@exports.get("/runs/<id>/mask.tiff", responses=answers("class codes", _TIFF) | GONE)
def run_mask(path: ById) -> Response:
    """Class codes as a tiled pyramid, at the model's scale and the run's threshold."""
    file, name = _file(path.id, outputs.MASK)
    return send_file(
        file, mimetype=_TIFF, as_attachment=True, conditional=False, download_name=f"{name}.tiff"
    )


@exports.get("/runs/<id>/report.html", responses=answers("a page", _HTML) | GONE)
def run_report(path: ById, query: At) -> Response:
    """One page to print: the slide with its classes, areas, scale, lineage and caveats."""
    here = visit()
    job = here.job_of_run(path.id)
    mask = here.mask(path.id)
    if mask is None:
        raise _nothing(path.id, "prediction")
    threshold = query.threshold or job.segmentation.threshold
    slide = here.slide(job.segmentation.slide)
    report = Report.read(_folder(path.id) / outputs.REPORT)
    text = slide_report.page(
        slide,
        slide_report.overlaid(slide, mask, threshold),
        areas(mask, job, threshold),
        lineage(here, job),
        report.warnings if report else ["the run has not ended well: figures are of a part"],
    )
    response = Response(text, mimetype=_HTML)
    name = f"{_stem(job.segmentation.slide_name, job.segmentation.model)}-report.html"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response


@exports.get("/annotations/<id>/document.json", responses=answers("a DSA document", _JSON))
def annotation_document(path: ById) -> Response:
    """An annotation as a DSA document, to keep."""
    document = visit().annotations.get(path.id)
    return _attached(json.dumps(document), _JSON, f"{_stem(_name(document))}.json")


@exports.get("/annotations/<id>/document.geojson", responses=answers("GeoJSON", _GEOJSON))
def annotation_geojson(path: ById) -> Response:
    """An annotation as GeoJSON in base pixels, as QuPath opens it."""
    document = visit().annotations.get(path.id)
    collection, _ = to_geojson([document])
    return _attached(json.dumps(collection), _GEOJSON, f"{_stem(_name(document))}.geojson")


def _file(run: str, name: str) -> tuple[Path, str]:
    """A finished run's file, and what to call it; `NotFoundError` where there is none."""
    job = visit().job_of_run(run)
    file = _folder(run) / name
    if not (_folder(run) / outputs.REPORT).is_file() or not file.is_file():
        raise _nothing(run, name)
    return file.absolute(), _stem(job.segmentation.slide_name, job.segmentation.model)


def _folder(run: str) -> Path:
    return library().settings.runs / visit().job_of_run(run).folder


def _nothing(run: str, what: str) -> NotFoundError:
    return NotFoundError(f"run {run} has no {what} yet", hint="wait until it is done")


def _name(document: dict[str, Any]) -> str:
    inner = document.get("annotation", document)
    return str(inner.get("name") or "annotation")


def _stem(*parts: str) -> str:
    """A name for a file on any machine, of what people call the thing."""
    first, *rest = parts
    bare = re.sub(r"\.(svs|ndpi|tiff?|dcm|jpe?g|png)$", "", first, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._@-]+", "_", "-".join([bare, *rest])).strip("._") or "histoloop"


def _attached(text: str, mimetype: str, name: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
