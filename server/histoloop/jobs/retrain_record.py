"""What a retraining has settled on, so that one that was killed goes on with the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.durable import replace_text
from histoloop.errors import OutputError, StateError, UsageError
from histoloop.models.registry import Model, ModelRegistry
from histoloop.training.gate_decision import Decision

RECORD = "retrain.json"

LOCK = "lock"
"""Held by whoever works in the folder."""


class RetrainRecord(BaseModel):
    """The whole run, as far as it has come.

    Attributes:
        base: the version that was active when it began: it goes on from its weights, unless
            ``from_scratch``.
        version: that the new model is given, if it is still free.
        snapshot: digest of what is trained on; `None` for data that is no snapshot.
        candidate: ``name@version`` in the registry, once it is there.
        decision: the gate's, once it has spoken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    base_digest: str
    from_scratch: bool
    version: int
    by: str
    started: str
    snapshot: str | None = None
    candidate: str | None = None
    decision: Decision | None = None


def begun(out: Path, registry: ModelRegistry, model: str, by: str, scratch: bool) -> RetrainRecord:
    """The record of the run in a folder: the one that is there, or a new one.

    Raises:
        StateError: there is one of another model, or of another kind.
        UsageError: a version is named: what is retrained is the active one.
        OutputError: it cannot be read or written.
        NotFoundError: there is no such model.
    """
    if "@" in model:
        raise UsageError(
            f"{model}: a version cannot be retrained, only what is active",
            hint=f"`histoloop models promote {model}` makes it so, then name the model alone",
        )
    if found := read_record(out):
        if (found.base.partition("@")[0], found.from_scratch) != (model, scratch):
            kind = " from scratch" if found.from_scratch else ""
            raise StateError(
                f"{out}: holds a retraining of {found.base}{kind}", hint="choose another --out"
            )
        return found
    base = registry.active(model) or registry.get(model)
    record = RetrainRecord(
        base=base.card.reference,
        base_digest=base.card.digest,
        from_scratch=scratch,
        version=1 + max(one.card.version for one in _of_name(registry, base)),
        by=by,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_record(out, record)
    return record


def read_record(out: Path) -> RetrainRecord | None:
    """The record in a folder, if one is there.

    Raises:
        OutputError: it was damaged.
    """
    try:
        return RetrainRecord.model_validate_json((out / RECORD).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise OutputError(
            f"{out / RECORD}: cannot be read ({str(error).splitlines()[0]})",
            hint="choose another --out",
        ) from error


def write_record(out: Path, record: RetrainRecord) -> None:
    """Replace the record as a whole.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        replace_text(out / RECORD, record.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Nobody else works in the folder meanwhile.

    Raises:
        StateError: somebody does.
        OutputError: it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / LOCK, timeout=5):
            yield
    except Timeout:
        raise StateError(
            f"{out}: a retraining is going on there", hint="wait for it, or choose another --out"
        ) from None
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror})", hint="choose another --out"
        ) from error


def _of_name(registry: ModelRegistry, base: Model) -> list[Model]:
    return [one for one in registry.list() if one.card.name == base.card.name]
