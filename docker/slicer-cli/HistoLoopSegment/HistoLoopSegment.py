"""HistoLoop in the Analyses menu of HistomicsUI: asks the service to segment and follows the job.

There is no model in here and no pixel comes here: the service reads the slide's regions and puts
the annotations onto it. Progress goes to standard output as slicer_cli_web reads it. SIGTERM,
with which slicer_cli_web cancels, cancels the job.

Exit codes: 0 done, 1 failed, 2 wrong use, 143 cancelled by SIGTERM.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from argparse import Namespace
from types import FrameType
from typing import Any
from xml.sax.saxutils import escape

from rest import RequestError, Server
from slicer_cli_web import CLIArgumentParser

_ENDED = ("done", "failed", "cancelled")
_STAGES = {
    "queued": "waiting for a free worker",
    "tissue": "looking for tissue",
    "predict": "predicting",
    "trace": "tracing outlines",
    "push": "putting annotations onto the slide",
    "done": "done",
}
_GRACE_S = 8.0
"""Docker kills ten seconds after SIGTERM."""


class StoppedError(Exception):
    """Somebody asked this process to end."""


def main() -> int:
    """Run to the end of the job; what went wrong is one line on standard error."""
    signal.signal(signal.SIGTERM, _stop)
    arguments = CLIArgumentParser().parse_args()
    try:
        return _report(_run(arguments))
    except StoppedError:
        return _fail("cancelled before the job began", 128 + signal.SIGTERM)
    except RequestError as error:
        return _fail(str(error), error.exit_code)


def _run(arguments: Namespace) -> dict[str, Any]:
    """The job as it ended, or as it stood when the patience for its cancelling ran out."""
    url = arguments.serviceUrl or os.environ.get("HISTOLOOP_URL", "")
    if not url:
        raise RequestError("no HistoLoop service", "set its address or HISTOLOOP_URL", exit_code=2)
    service = Server("the HistoLoop service", url, arguments.girderToken)
    request = {"kind": "segment", "slide": _slide(arguments), "threshold": arguments.threshold}
    request["roi"] = _region(arguments.analysis_roi)
    if arguments.model:
        request["model"] = arguments.model
    # SIGTERM waits until the job has an id by which it can be cancelled.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    job = service.post("/api/jobs", request)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return _follow(service, job)
    except StoppedError:
        return _cancel(service, job["id"])


def _slide(arguments: Namespace) -> str:
    """Id of the slide on the service: of the item in Girder to which the image file belongs."""
    if not arguments.girderApiUrl:
        return str(arguments.inputImageFile)
    girder = Server("Girder", arguments.girderApiUrl, arguments.girderToken)
    return str(girder.get(f"/file/{arguments.inputImageFile}")["itemId"])


def _region(roi: list[float]) -> list[int] | None:
    """`x, y, width, height` in whole base pixels around `roi`; `None` is the whole slide."""
    if roi == [-1, -1, -1, -1]:
        return None
    if len(roi) != 4:
        raise RequestError(f"the region has {len(roi)} numbers", "draw a rectangle", exit_code=2)
    x, y, width, height = roi
    left, top = math.floor(x), math.floor(y)
    return [left, top, math.ceil(x + width) - left, math.ceil(y + height) - top]


def _follow(service: Server, job: dict[str, Any]) -> dict[str, Any]:
    """Say how the job goes on until it has ended."""
    name = f"Segmenting {job['slide_name']} with {job['model']}"
    print(f"job {job['id']} on {service.url}", flush=True)
    _tell("start", f"<filter-name>{escape(name)}</filter-name>")
    said, share, started = "", 0.0, time.monotonic()
    for kind, document in service.events(f"/api/jobs/{job['id']}/events"):
        if kind != "job":
            continue
        job, share = document, _share(document, share)
        progress = _progress(job, share)
        if progress != said:
            print(progress, flush=True)
            said = progress
        if job["state"] in _ENDED:
            break
    _tell("end", f"<filter-time>{time.monotonic() - started:.1f}</filter-time>")
    return job


def _share(job: dict[str, Any], before: float) -> float:
    """How much of the job is done; stages that count nothing leave it where it was."""
    if job["state"] == "done":
        return 1.0
    done, total = job["progress"]["done"], job["progress"]["total"]
    return max(before, done / total) if total else before


def _progress(job: dict[str, Any], share: float) -> str:
    """In steps of a percent: every line is a request to Girder."""
    stage = _STAGES.get(job["progress"]["stage"], job["progress"]["stage"])
    comment = f"<filter-comment>{escape(stage)}</filter-comment>"
    return f"{comment}<filter-progress>{share:.2f}</filter-progress>"


def _tell(moment: str, content: str) -> None:
    print(f"<filter-{moment}>{content}</filter-{moment}>", flush=True)


def _cancel(service: Server, job: str) -> dict[str, Any]:
    """Cancel on the service and wait a little for it to stop."""
    until = time.monotonic() + _GRACE_S
    try:
        document = service.post(f"/api/jobs/{job}/cancel", {}, timeout=_GRACE_S)
    except RequestError as error:
        if error.status != 409:  # it had ended already
            raise
        document = service.get(f"/api/jobs/{job}", timeout=2)
    while document["state"] not in _ENDED and time.monotonic() < until:
        time.sleep(0.25)
        document = service.get(f"/api/jobs/{job}", timeout=2)
    return document | {"stopped": True}


def _report(job: dict[str, Any]) -> int:
    if job["state"] == "done":
        print(f"done; run {job['run']}", flush=True)
        return 0
    if job["state"] == "failed":
        failure = job["failure"]
        hint = f" ({failure['hint']})" if failure["hint"] else ""
        where = f"{failure['slide']}, {_STAGES.get(failure['stage'], failure['stage'])}"
        return _fail(f"failed on {where}: {failure['cause']}{hint}", 1)
    if job["state"] == "cancelled":
        return _fail("cancelled", 128 + signal.SIGTERM if job.get("stopped") else 1)
    return _fail("asked the service to cancel; it has not stopped yet", 128 + signal.SIGTERM)


def _fail(message: str, code: int) -> int:
    print(f"HistoLoop: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return code


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise StoppedError


if __name__ == "__main__":
    sys.exit(main())
