"""Every error that HistoLoop raises on purpose.

An error names the thing, the reason and the way out: ``str(error)`` is one line that a
pathologist can act on. Programming mistakes are left to Python's own exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class HistoloopError(Exception):
    """Root of all errors; ``hint`` says what the reader can do about it.

    ``place`` is where on the slide, x, y, width and height in base pixels, if that is known.
    """

    exit_code = 1
    status = 500
    extra: Mapping[str, object] = {}
    """What a program is told beside the words."""

    def __init__(self, message: str, *, hint: str = "", place: Sequence[int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        said = _line(self.message)
        return f"{said} ({_line(self.hint)})" if self.hint else said

    def __reduce__(self) -> tuple[object, ...]:
        """Keep all of it when the error crosses from a worker process."""
        return _revive, (type(self), self.message, self.hint, self.place)


_LONGEST = 1_000
"""Characters of a message that are shown: it may repeat what a damaged file has for a word."""


def _line(text: str) -> str:
    """On one line, with nothing that moves a terminal's cursor, and no longer than is read."""
    words = " ".join(text.split())
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _revive(
    kind: type[HistoloopError], message: str, hint: str, place: Sequence[int] | None = None
) -> HistoloopError:
    return kind(message, hint=hint, place=place)


class UsageError(HistoloopError):
    """What was asked for makes no sense: a wrong value, an impossible combination."""

    exit_code = 2
    status = 400


class NotFoundError(HistoloopError):
    """The slide, job, run, model or annotation asked for does not exist."""

    status = 404


class GoneError(HistoloopError):
    """The files of a run were put away to make room; it can be run again."""

    status = 410


class SlideError(HistoloopError):
    """A slide cannot be read."""

    status = 422


class MissingScaleError(SlideError):
    """A slide does not say how many micrometres a pixel spans."""

    exit_code = 2


class RegionError(UsageError):
    """A region lies outside the slide or is empty."""

    status = 422


class ModelError(HistoloopError):
    """A model folder is incomplete, unsafe or does not fit the job."""

    status = 422


class DatasetError(HistoloopError):
    """Training data is missing, inconsistent or would leak between splits."""

    status = 422


class AnnotationError(HistoloopError):
    """An annotation document or table cannot be understood."""

    status = 422


class DsaError(HistoloopError):
    """A Digital Slide Archive does not answer, or not as it should."""

    status = 502


class DsaAwayError(DsaError):
    """It fails or does not answer to the end: what it was asked to do may have been done."""


class DsaFaultError(DsaAwayError):
    """It answers that something unforeseen has gone wrong in it, and not what."""


class AccessError(HistoloopError):
    """The user may not do this, or is not signed in."""

    status = 403


class SignInError(AccessError):
    """Nobody is signed in: no token, or one that has expired."""

    status = 401


class PatienceError(AccessError):
    """Too much was asked for in too short a time."""

    status = 429


class BusyError(HistoloopError):
    """Others are before this one, and too many of them."""

    status = 503
    again_s = 2
    """Seconds until it is worth asking again."""


class OutputError(HistoloopError):
    """A result cannot be written where it was asked to go."""


class StateError(HistoloopError):
    """A job is not in a state that allows what was asked."""

    status = 409


class SupersededError(HistoloopError):
    """Somebody else has taken the job up: whoever had it before writes nothing more of it."""

    status = 409


class PreconditionError(UsageError):
    """Nobody has said which version is to be changed."""

    status = 428


class ClusterLostError(HistoloopError):
    """The scheduler has gone, and with it whoever computes; what was finished is on disk."""

    status = 503


class WorkersKilledError(HistoloopError):
    """Workers have died of the same piece of work, one after the other."""


class CancelledError(HistoloopError):
    """Somebody cancelled the job; this is not a failure."""

    status = 409
