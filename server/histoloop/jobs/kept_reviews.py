"""The review queues of a home, and what people have said to their regions.

A queue is what `dataset review` writes into ``HOME/review/NAME``. What somebody says lies beside
it, a file per region, replaced as a whole: it is there before the next region is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.annotations.dsa import Document
from histoloop.durable import replace_text
from histoloop.errors import NotFoundError, OutputError
from histoloop.jobs.review_report import QUEUE_FILE
from histoloop.training.snapshot import digest_of_json

Verdict = Literal["accept", "fix", "skip"]
"""The model is right; nearly so, to be corrected; nothing is said of this region."""

_KNOWN = 64


class Said(BaseModel):
    """What somebody has said to a region.

    Attributes:
        by: who, for people; at: UTC, ISO 8601.
        document: id of the annotation that it became; empty for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    by: str
    at: str
    document: str = ""


@dataclass(frozen=True)
class KeptQueue:
    """A queue.

    Attributes:
        id: of its model and regions: a queue that is made anew under the same name is another.
        name: of its folder; content: its queue.json.
    """

    id: str
    name: str
    folder: Path
    made: datetime
    content: Mapping[str, Any]

    @property
    def regions(self) -> Sequence[Mapping[str, Any]]:
        """The first to be looked at at the front; a region's number is its place, from 1."""
        found: Sequence[Mapping[str, Any]] = self.content["queue"]
        return found

    def region(self, number: int) -> Mapping[str, Any]:
        """One of them.

        Raises:
            NotFoundError: there is none of this number.
        """
        if not 1 <= number <= len(self.regions):
            raise NotFoundError(
                f"the queue {self.name} has no region {number}",
                hint=f"it has {len(self.regions)}",
            )
        return self.regions[number - 1]

    def answer(self, number: int) -> list[Document]:
        """What the model takes a region for: an ROI and areas, as elements in base pixels.

        Raises:
            NotFoundError: the queue was made before answers were kept.
        """
        return _answer(self.folder / "answers" / f"{number:03d}.json", self.id)

    def picture(self, number: int) -> Path:
        """The region, and beside it what the model takes it for."""
        return self.folder / "pictures" / f"{number:03d}.png"

    def said(self) -> Mapping[int, Said]:
        """By number, what was said."""
        found = {}
        for path in self._said.glob("*.json"):
            try:
                found[int(path.stem)] = Said.model_validate_json(path.read_bytes())
            except (OSError, ValueError, ValidationError):
                continue  # a draft, or nothing of ours: the region is asked for again
        return found

    def say(self, number: int, said: Said) -> None:
        """Keep what somebody says; the same again changes nothing, something else replaces it.

        Raises:
            OutputError: it cannot be written.
        """
        path = self._said / f"{number:03d}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, said.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise OutputError(
                f"what you said cannot be kept ({error.strerror})",
                hint="check the service's home and the space left on its disk",
            ) from error

    @property
    def _said(self) -> Path:
        return self.folder / "said" / self.id


def reviews_folder(home: Path) -> Path:
    """Where queues lie, a folder each."""
    return home / "review"


def kept_queues(home: Path) -> Sequence[KeptQueue]:
    """All of a home, newest first; what is no queue, or half made, is left out."""
    found = []
    for path in reviews_folder(home).glob(f"*/{QUEUE_FILE}"):
        if path.parent.name.startswith("."):
            continue
        try:
            there = path.stat()
            found.append(_queue_of(path, (there.st_ino, there.st_mtime_ns, there.st_size)))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: (one.made, one.name), reverse=True)


def kept_queue(home: Path, id: str) -> KeptQueue:
    """The queue of an id.

    Raises:
        NotFoundError: there is none.
    """
    for one in kept_queues(home):
        if one.id == id:
            return one
    raise NotFoundError(f"no review queue {id!r}", hint="it was made anew, or removed: list them")


@lru_cache(maxsize=_KNOWN)
def _queue_of(path: Path, file: tuple[int, int, int]) -> KeptQueue:
    """Read once, and not for every region of it that somebody looks at or answers."""
    content = json.loads(path.read_bytes())
    boxes = [[one["id"], *one["box"]] for one in content["queue"]]
    id = digest_of_json({"model": content["digest"], "regions": boxes})[:16]
    made = datetime.fromtimestamp(file[1] / 1e9, UTC)
    return KeptQueue(id, path.parent.name, path.parent, made, content)


@lru_cache(maxsize=_KNOWN)
def _answer(path: Path, _queue: str) -> list[Document]:
    try:
        found: list[Document] = json.loads(path.read_bytes())["elements"]
    except (OSError, ValueError, KeyError) as error:
        raise NotFoundError(
            f"{path.parent.parent.name}: keeps no outline of region {path.stem}",
            hint="make the queue again: `histoloop dataset review`",
        ) from error
    return found
