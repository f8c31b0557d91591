"""What all architectures of a comparison are trained with: options of ``histoloop train``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import histoloop
from histoloop.models import architectures

_PLAN = Path(histoloop.__file__).parent / "models/bundled/tumor/plan.mk"


@dataclass(frozen=True)
class Recipe:
    """Options by their names without dashes.

    Attributes:
        note: how the recipe differs from the one that was asked for; empty for not at all.
    """

    options: Mapping[str, str]
    note: str = ""

    @classmethod
    def bundled(cls, overrides: Sequence[str] = ()) -> Recipe:
        """The bundled model's, some options replaced or added."""
        found = re.search(r"^TUMOR_PLAN := (.*)$", _PLAN.read_text(), re.MULTILINE)
        assert found, f"{_PLAN} defines no TUMOR_PLAN"
        return cls(_pairs(shlex.split(found[1])) | _pairs(overrides))

    def fitted(self, name: str) -> Recipe:
        """For an architecture whose stride may not divide the side: a larger side, fewer patches.

        The same number of pixels a step, as nearly as whole patches allow.
        """
        side, batch = int(self.options["side"]), int(self.options["batch"])
        stride = architectures.configure(name, 1).stride
        if side % stride == 0:
            return self
        larger = -(-side // stride) * stride
        fewer = max(1, round(batch * side**2 / larger**2))
        changed = {"side": str(larger), "batch": str(fewer)}
        return Recipe({**self.options, **changed}, f"{fewer} patches of {larger} px a step")

    @property
    def arguments(self) -> list[str]:
        """As they are typed."""
        return [word for key, value in self.options.items() for word in (f"--{key}", value)]

    @property
    def scales(self) -> tuple[float, float | None]:
        """µm/px: the model's, and that of pictures that do not say theirs."""
        assumed = self.options.get("assume-mpp")
        return float(self.options["mpp"]), float(assumed) if assumed else None

    @property
    def plan(self) -> dict[str, Any]:
        """What decides over the cost of a step, as `TrainingPlan` takes it."""
        kinds = {"side": int, "batch": int, "seed": int, "precision": str, "loss": str}
        return {key: kind(self.options[key]) for key, kind in kinds.items() if key in self.options}


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """``--key value`` and ``--key=value``."""
    flat = [part for word in words for part in _split(word)]
    keys, values = flat[::2], flat[1::2]
    if len(keys) != len(values) or not all(key.startswith("--") for key in keys):
        raise SystemExit(f"options of histoloop train come in pairs, not as {shlex.join(words)}")
    return {key.removeprefix("--"): value for key, value in zip(keys, values, strict=True)}


def _split(word: str) -> list[str]:
    return word.split("=", 1) if word.startswith("--") else [word]
