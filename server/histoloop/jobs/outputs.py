"""The files of a run: what is written, and when they can be believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop import __version__
from histoloop.annotations.dsa import Document, to_document
from histoloop.annotations.files import write_documents
from histoloop.annotations.layers import Provenance, model_layers
from histoloop.errors import OutputError
from histoloop.geometry import Box, Mpp
from histoloop.jobs.job import Job, folder_of
from histoloop.jobs.plan import Plan, SegmentParameters
from histoloop.jobs.report import ClassArea, Report, Tally, Vectorisation
from histoloop.jobs.retrain_record import LOCK
from histoloop.masks.labels import labels, margin
from histoloop.masks.mask import Downwards, Mask
from histoloop.masks.vectorise import VectorLayer, vectorise
from histoloop.models.runtimes import choose, reason
from histoloop.slides.pyramid import write_pyramid

PROBABILITY = "probability.zarr"
MASK = "mask.tiff"
ANNOTATION = "annotation.json"
REPORT = "report.json"
SHARDS = ".shards"
PROMISE = ".needs"
"""Bytes that a run at work may take; see `room`."""

SMALLEST_UM2 = 100.0
"""A polygon or a hole below the area of a nucleus is noise."""

_BAND = 256
"""Rows of class codes that are made together."""

Check = Callable[[], None]


@dataclass(frozen=True)
class Results:
    """What writing the files has counted."""

    pixels: NDArray[np.int64]
    layers: list[VectorLayer]


def take_over(runs: Path, job: Job) -> None:
    """Give a job's attempt what those before it have left, where they cannot reach it.

    One of them that is still alive, stopped for longer than its lease, finds its folder gone.

    Raises:
        OutputError: it cannot be moved.
    """
    mine, found = runs / job.folder, False
    for attempt in range(job.attempt - 1, 0, -1):
        theirs = runs / folder_of(job.run, attempt)
        if found or not theirs.is_dir():
            shutil.rmtree(theirs, ignore_errors=True)
            continue
        try:
            theirs.rename(mine)
        except FileNotFoundError:  # put away at this moment
            continue
        except OSError as error:
            raise unwritable(mine, error) from error
        (mine / LOCK).unlink(missing_ok=True)  # which they may still hold
        found = True


def prepare(out: Path, digest: str, *, resume: bool) -> Path:
    """The results folder, empty but for the shards that a resumed run may keep.

    Raises:
        OutputError: it cannot be written to.
    """
    shards = out / SHARDS
    said = shards / "plan"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not resume or not said.is_file() or said.read_text() != digest:
            shutil.rmtree(shards, ignore_errors=True)
        (out / REPORT).unlink(missing_ok=True)  # its presence says that a run is complete
        shards.mkdir(exist_ok=True)
        said.write_text(digest)
    except OSError as error:
        raise unwritable(out, error) from error
    return out


def finished(parameters: SegmentParameters, digest: str) -> Report | None:
    """The report of a run that has just this to give, complete: what is left of its making goes."""
    found = Report.read(parameters.out / REPORT)
    if not found or (found.plan, found.threshold) != (digest, parameters.threshold):
        return None
    _clear(parameters.out)  # whoever wrote it may have ended before they did
    return found


def write(plan: Plan, mask: Mask, folder: Path, tally: Tally, check: Check) -> Results:
    """Derive mask.tiff and annotation.json from the probabilities.

    Raises:
        OutputError: a file cannot be written.
    """
    with ThreadPoolExecutor(1) as pool:  # either alone leaves cores idle
        codes = pool.submit(_write_codes, plan, mask, folder, tally, check)
        with tally.timed("trace"):
            vectors = [
                _vectorise(mask, plan, channel, folder, check)
                for channel in range(len(plan.labels))
            ]
        counts = codes.result()
    with tally.timed("write"):
        write_documents(folder / ANNOTATION, _documents(plan, vectors))
    return Results(counts, vectors)


def _write_codes(
    plan: Plan, mask: Mask, folder: Path, tally: Tally, check: Check
) -> NDArray[np.int64]:
    """mask.tiff; how many pixels each code has, by code."""
    counts = np.zeros(256, np.int64)
    with tally.timed("write"):
        write_pyramid(
            folder / MASK,
            plan.frame,
            Mpp.square(plan.mpp),
            _label_bands(plan, mask, counts, check),
            nearest=True,
            description=f"HistoLoop {__version__} class codes of {plan.model.card.reference}",
        )
    return counts


def report(
    plan: Plan,
    results: Results,
    tally: Tally,
    seam: dict[str, float],
    pictures: Sequence[str] = (),
) -> Report:
    """Everything that report.json says."""
    card, mpp = plan.model.card, plan.base_mpp
    return Report(
        run=plan.run,
        plan=plan.digest,
        software=f"HistoLoop {__version__}",
        slide={
            "name": plan.slide.name,
            "fingerprint": plan.slide.fingerprint,
            "width": plan.slide.size.width,
            "height": plan.slide.size.height,
            "mpp_x": mpp.x,
            "mpp_y": mpp.y,
            "mpp_source": mpp.source,
        },
        model={
            "name": card.name,
            "version": card.version,
            "digest": card.digest,
            "mpp": plan.mpp,
            "notice": card.notice,
        },
        region=list(plan.region),
        threshold=plan.parameters.threshold,
        tta=plan.parameters.tta,
        runtime=choose(plan.parameters.runtime),
        runtime_reason=reason(plan.parameters.runtime),
        precision=plan.parameters.precision,
        calibration=asdict(plan.calibration) if plan.calibration else {},
        tiles={
            "total": len(plan.grid.cells),
            "tissue": len(plan.cells),
            "run": tally.tiles - tally.resumed,
            "resumed": tally.resumed,
        },
        seconds=tally.seconds(),
        peak_rss_bytes=tally.peak_rss,
        seam=seam,
        classes=_areas(plan, results.pixels),
        vectorisation=_vectorisation(results.layers),
        warnings=plan.warnings(),
        tiling=asdict(plan.grid.tiling) | {"whole": plan.parameters.tiles.whole},
        pictures=pictures_made(plan.parameters, pictures),
    )


def pictures_made(parameters: SegmentParameters, names: Sequence[str]) -> dict[str, Any]:
    """What report.json says of the pictures beside it; nothing where there are none."""
    return {"files": list(names), "sharpened": parameters.pictures.sharpen} if names else {}


def finish(folder: Path, report: Report) -> None:
    """Write the report, which says that the rest is complete, and drop the shards."""
    save_json(folder / REPORT, report.document())
    _clear(folder)


def _clear(folder: Path) -> None:
    """Drop what a complete run has no use for."""
    shutil.rmtree(folder / SHARDS, ignore_errors=True)
    with suppress(OSError):  # of a folder that is only read by now
        (folder / PROMISE).unlink(missing_ok=True)


def save_json(path: Path, content: Any) -> None:
    """Write a file that appears under its name when it is whole.

    Raises:
        OutputError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.partial")
    try:
        draft.write_text(json.dumps(content))
        draft.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OutputError:
    """The one answer to a place that cannot be written to."""
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error})",
        hint="check the folder, its permissions and the space left on the disk",
    )


def _label_bands(
    plan: Plan, mask: Mask, counts: NDArray[np.int64], check: Check
) -> Iterator[NDArray[np.uint8]]:
    """Rows of class codes, some at a time; counts them in passing. Glass is not looked at."""
    width, height = plan.frame
    islands = [(box, Downwards(mask)) for box in plan.grid.islands(plan.cells)]
    for top in range(0, height, _BAND):
        check()
        band = Box(0, top, width, min(_BAND, height - top))
        codes = np.zeros((band.height, width), np.uint8)
        for island, rows in islands:
            part = island.intersect(band)
            if part.empty:
                continue
            own = labels(rows.read(part), plan.labels, plan.parameters.threshold)
            codes[part.within(band)] = own
            for one in plan.labels:  # `bincount` would make eight bytes of each
                counts[one.code] += np.count_nonzero(own == one.code)
        yield codes


def _vectorise(mask: Mask, plan: Plan, channel: int, folder: Path, check: Check) -> VectorLayer:
    rows = Downwards(mask)

    def read_margin(box: Box) -> NDArray[np.int16]:
        check()
        return margin(rows.read(box), channel, plan.parameters.threshold)

    islands = plan.grid.islands(plan.cells)
    return vectorise(read_margin, islands, SMALLEST_UM2 / plan.mpp**2, folder=folder / SHARDS)


def _documents(plan: Plan, vectors: list[VectorLayer]) -> Iterator[Document]:
    card = plan.model.card
    origin = Provenance(plan.run, card.reference, card.digest, plan.mpp, plan.parameters.threshold)
    for label, layer in zip(plan.labels, vectors, strict=True):
        for annotation in model_layers(label, layer.shapes, plan.scale, origin):
            yield to_document(annotation)


def _areas(plan: Plan, pixels: NDArray[np.int64]) -> list[ClassArea]:
    mm2 = (plan.mpp / 1000) ** 2
    tissue = plan.tissue_mm2
    return [
        ClassArea(
            label.name,
            label.code,
            area := float(pixels[label.code] * mm2),
            min(1.0, area / tissue) if tissue else 0.0,
        )
        for label in plan.labels
    ]


def _vectorisation(vectors: list[VectorLayer]) -> Vectorisation:
    united = sum(layer.united for layer in vectors)
    return Vectorisation(
        iou=sum(layer.shared for layer in vectors) / united if united else 1.0,
        polygons=sum(len(layer.shapes) for layer in vectors),
        holes=sum(layer.holes for layer in vectors),
        vertices=sum(layer.vertices for layer in vectors),
        tolerance_px=min(layer.tolerance_px for layer in vectors),
    )
