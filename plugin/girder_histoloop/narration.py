"""What people read of a job in Girder: a message, a bar and a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """News of a job, in words of `girder_jobs`.

    Attributes:
        told: identifies these news, so that they are told once.
    """

    told: str
    message: str
    done: float | None
    total: float | None
    log: str | None

    def as_update(self) -> Document:
        """As ``Job().updateJob`` takes it."""
        return {
            "log": self.log,
            "progressMessage": self.message,
            "progressCurrent": self.done,
            "progressTotal": self.total,
            "otherFields": {"histoloop.told": self.told},
        }


def step(told: str | None, job: Document) -> Step | None:
    """What is new since ``told``, a former step's; `None` when nothing is."""
    progress = job.get("progress") or {}
    stage = str(progress.get("stage") or "")
    chapter = f"{job['state']}/{stage}"
    now = f"{chapter}/{progress.get('done')}/{progress.get('total')}"
    if told == now:
        return None
    new_chapter = told is None or told.rsplit("/", 2)[0] != chapter
    return Step(
        now,
        _message(job, progress, stage),
        progress.get("done"),
        progress.get("total"),
        _entry(job, stage) if new_chapter else None,
    )


def lines(text: str, hint: str = "") -> str:
    """A log entry: what happened, and in a line of its own what to do."""
    return f"{text}\n{hint}\n" if hint else f"{text}\n"


def _message(job: Document, progress: Document, stage: str) -> str:
    if job["state"] != "running":
        return str(job["state"])
    parts = [stage or "running"]
    if progress.get("total"):
        parts.append(f"{progress['done']:,} of {progress['total']:,} tiles")
    if progress.get("tiles_per_s"):
        parts.append(f"{progress['tiles_per_s']:.1f} tiles/s")
    if progress.get("eta_s") is not None:
        parts.append(f"{_duration(progress['eta_s'])} left")
    return ", ".join(parts)


def _entry(job: Document, stage: str) -> str:
    state = job["state"]
    if state == "queued":
        return f"Queued as job {job['id']} of HistoLoop, run {job.get('run', '')}.\n"
    if state == "failed":
        failure = job.get("failure") or {}
        where = f" ({failure['stage']})" if failure.get("stage") else ""
        return lines(
            f"Failed{where}: {failure.get('cause') or 'for a reason unknown'}",
            str(failure.get("hint") or ""),
        )
    if state == "done":
        return f"Done: the result is run {job.get('run', '')}.\n"
    if state == "cancelled":
        return "Cancelled.\n"
    return f"Now: {stage or 'running'}.\n"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
