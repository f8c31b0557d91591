"""Where a training stands after an epoch, so that one that was killed goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.durable import draft_of, replacing
from histoloop.errors import StateError

Groups = dict[str, list[NDArray[Any]]]


@dataclass(frozen=True)
class Checkpoint:
    """One file, always whole: a kill leaves the one before or the new one.

    Attributes:
        identity: what a training must share to go on from here, as JSON has it.
    """

    path: Path
    identity: dict[str, Any]

    def write(self, groups: Groups, course: dict[str, Any]) -> None:
        """Keep arrays by group, and what JSON can say."""
        said = json.dumps({"identity": self.identity, "course": course})
        arrays = {
            f"{name}-{at}": one for name, all_ in groups.items() for at, one in enumerate(all_)
        }
        with replacing(self.path) as file:
            np.savez(file, said=np.array(said), **arrays)  # type: ignore[arg-type]

    def read(self) -> tuple[Groups, dict[str, Any]] | None:
        """What was written last, if anything.

        Raises:
            StateError: by a training of another plan, network or data; it says what differs.
        """
        if not self.path.is_file():
            return None
        with np.load(self.path) as file:
            said = json.loads(str(file["said"]))
            groups: Groups = {}
            for key in file.files:
                if key != "said":
                    groups.setdefault(key.rpartition("-")[0], []).append(file[key])
        now = json.loads(json.dumps(self.identity))
        if found := "; ".join(differences(said["identity"], now)):
            raise StateError(
                f"{self.path.parent}: holds another training that has not ended: {found}",
                hint="choose another --out, or begin anew in its place with --restart",
            )
        return groups, said["course"]

    def remove(self) -> None:
        """The training has ended, or is begun anew."""
        for path in (self.path, draft_of(self.path)):
            path.unlink(missing_ok=True)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """``name was this, is now that`` of every field that differs, tables looked into."""
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from (f"{name} {one}" for one in differences(old, new))
        elif old != new:
            yield f"{name} was {json.dumps(old)}, is now {json.dumps(new)}"
