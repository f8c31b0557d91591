"""Which version of a model is the one to use, and who decided that, when and why.

A file per name, `tags.json`, replaced as a whole: whoever reads it sees the state before a change
or after it, and a process that is killed leaves one of both. Who changes it holds a lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.durable import replace_text
from histoloop.errors import ModelError

TAGS = "tags.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TagEvent(_Part):
    """A change.

    Attributes:
        at: UTC, ISO 8601; by: who, for people; why: in their words, or the gate's.
        before: the version that was active before, `None` for none.
    """

    at: str
    by: str
    what: Literal["added", "promoted", "kept", "rolled back"]
    version: int
    before: int | None
    why: str = ""


class Standing(_Part):
    """The tags of a name.

    Attributes:
        active: what the name alone stands for; candidate: the newest that waits for a decision.
        earlier: versions that were active before, the latest last: rollback goes there.
        history: every change, oldest first.
    """

    active: int | None = None
    candidate: int | None = None
    earlier: tuple[int, ...] = ()
    history: tuple[TagEvent, ...] = ()

    def tags_of(self, version: int) -> tuple[str, ...]:
        """The tags that a version carries."""
        return tuple(
            tag
            for tag, held in (("active", self.active), ("candidate", self.candidate))
            if held == version
        )

    def promoted(self, version: int, by: str, why: str) -> Standing:
        """With another active version; the one that it replaces can come back."""
        earlier = self.earlier if self.active is None else (*self.earlier, self.active)
        return self._after(
            self._event("promoted", version, by, why),
            active=version,
            earlier=earlier,
            candidate=None if self.candidate == version else self.candidate,
        )

    def rolled_back(self, by: str, why: str) -> Standing:
        """With the version that was active before; there must be one in `earlier`."""
        version = self.earlier[-1]
        event = self._event("rolled back", version, by, why)
        return self._after(event, active=version, earlier=self.earlier[:-1])

    def added(self, version: int, active: int | None, by: str, why: str) -> Standing:
        """With a new candidate.

        Args:
            active: what the name has stood for so far: it stays so. `None`: the new one is the
                first of its name, and active.
        """
        event = self._event("added", version, by, why)
        if active is None:
            return self._after(event, active=version)
        return self._after(event, active=active, candidate=version)

    def kept(self, version: int, by: str, why: str) -> Standing:
        """With a candidate that was found wanting; it stays in the registry."""
        candidate = None if self.candidate == version else self.candidate
        return self._after(self._event("kept", version, by, why), candidate=candidate)

    def _event(
        self,
        what: Literal["added", "promoted", "kept", "rolled back"],
        version: int,
        by: str,
        why: str,
    ) -> TagEvent:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return TagEvent(at=at, by=by, what=what, version=version, before=self.active, why=why)

    def _after(self, event: TagEvent, **changes: object) -> Standing:
        return self.model_copy(update={**changes, "history": (*self.history, event)})


@dataclass(frozen=True)
class TagStore:
    """The tags of all names; ``folder`` holds a folder for each."""

    folder: Path

    def read(self, name: str) -> Standing:
        """The tags of a name; none for one that nobody has tagged.

        Raises:
            ModelError: the file was damaged by somebody.
        """
        path = self.folder / name / TAGS
        try:
            return Standing.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Standing()
        except (OSError, ValidationError) as error:
            raise ModelError(
                f"{path}: cannot be read ({str(error).splitlines()[0]})",
                hint="restore it from a backup; without it the newest version is the active one",
            ) from error

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Nobody else, in this process or another, changes the name meanwhile.

        Raises:
            ModelError: the folder cannot be written.
        """
        folder = self.folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "lock"):
                yield
        except OSError as error:
            raise ModelError(
                f"{folder}: cannot be written ({error.strerror})", hint="choose another --home"
            ) from error

    def write(self, name: str, standing: Standing) -> None:
        """Replace the tags of a name; call it while `locked`."""
        replace_text(self.folder / name / TAGS, standing.model_dump_json(indent=1) + "\n")
