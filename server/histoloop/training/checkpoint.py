"""Where a training stands after an epoch, so that one that was killed goes on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        fresh = self.path.with_name(f"{self.path.name}.part")
        with fresh.open("wb") as file:
            np.savez(file, said=np.array(said), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

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
        differing = [key for key in now if said["identity"].get(key) != now[key]]
        if differing:
            raise StateError(
                f"{self.path.parent}: holds an unfinished training with another "
                f"{', '.join(differing)}",
                hint=f"choose another --out, or remove {self.path.name} to begin anew",
            )
        return groups, said["course"]

    def remove(self) -> None:
        """The training has ended."""
        self.path.unlink(missing_ok=True)
