"""What the gate said of a version of a model, and by which numbers: kept for good, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.durable import replace_text
from histoloop.errors import ModelError
from histoloop.training.bootstrap import ROUGH


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Part):
    """The middle 95 % of a difference, challenger minus active."""

    low: float
    high: float


class Sides(_Part):
    """A figure of both models."""

    challenger: float
    active: float

    @property
    def difference(self) -> float:
        return self.challenger - self.active


class SlideFigures(_Part):
    """Dice of a class on one picture."""

    slide: str
    patient: str
    dice: Sides


class ClassDecision(_Part):
    """One class.

    Attributes:
        mean: Dice per picture, mean over those that show the class; pooled: of all as one.
        patients: those whose pictures show it.
        interval: of the difference of the means, by patient; `None` for too few.
        tissue: of the pooled difference, blocks of these pictures resampled: how much is luck of
            this tissue. It says nothing of other patients and decides nothing.
        reason: why the challenger counts as worse; empty if it does not.
    """

    name: str
    slides: tuple[SlideFigures, ...]
    patients: int
    mean: Sides | None
    pooled: Sides
    interval: Span | None
    tissue: Span | None
    reason: str

    @property
    def words(self) -> str:
        """For people, on its own."""
        return f"{self.figures} ({self.sureness})" if self.mean else self.figures

    @property
    def figures(self) -> str:
        """What it was and what it is now."""
        if self.mean is None:
            return f"{self.name}: no locked picture shows it, nothing can be said"
        return f"{self.name} {self.mean.active:.3f} → {self.mean.challenger:.3f}"

    @property
    def sureness(self) -> str:
        """How far the figures can be trusted."""
        said = []
        many = f"{self.patients} patient{'s' if self.patients > 1 else ''}"
        if self.interval:
            rough = ", rough" if self.patients < ROUGH else ""
            said.append(
                f"difference {self.interval.low:+.3f} to {self.interval.high:+.3f}, {many}{rough}"
            )
        else:
            said.append(f"{many}: too few for an interval, nothing is known of new ones")
        if self.tissue and not self.interval:
            said.append(f"luck of this tissue {self.tissue.low:+.3f} to {self.tissue.high:+.3f}")
        return "; ".join(said)


class Decision(_Part):
    """What the gate said of a version, and by which numbers.

    Attributes:
        challenger, active: ``name@version``; their digests are of the weights.
        test: digest of the locked test; two decisions on the same one can be compared.
        notes: what else should be known, a line each.
    """

    challenger: str
    challenger_digest: str
    active: str
    active_digest: str
    promoted: bool
    margin: float
    at: str
    test: str
    classes: tuple[ClassDecision, ...]
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The decision in one line."""
        return self._said([one.words for one in self.classes])

    @property
    def headline(self) -> str:
        """The same without how sure it is."""
        return self._said([one.figures for one in self.classes])

    @property
    def caveats(self) -> tuple[str, ...]:
        """How sure it is, a line for each class, and what else should be known."""
        sure = [f"{one.name}, {one.sureness}" for one in self.classes if one.mean]
        return (*sure, *(note for note in self.notes if note not in self.headline))

    def _said(self, classes: Sequence[str]) -> str:
        if self.promoted:
            return f"promoted {self.challenger} over {self.active}: {'; '.join(classes)}"
        reasons = "; ".join(one.reason for one in self.classes if one.reason)
        return f"kept {self.active}, not {self.challenger}: {reasons or self.notes[0]}"


def decision_path(home: Path, name: str, version: int) -> Path:
    """Where the decision on a version is kept."""
    return home / "registry" / name / "gate" / f"{version}.json"


def save_decision(home: Path, decision: Decision) -> None:
    """Keep a decision beside the tags of its model; a later one on the same version replaces it.

    Raises:
        ModelError: it cannot be written.
    """
    name, _, version = decision.challenger.partition("@")
    path = decision_path(home, name, int(version))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, decision.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be written ({error.strerror})", hint="choose another --home"
        ) from error


def read_decision(home: Path, name: str, version: int) -> Decision | None:
    """What the gate said of a version; `None` where it was not asked.

    Raises:
        ModelError: the file was damaged.
    """
    path = decision_path(home, name, version)
    try:
        return Decision.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"{path}: cannot be read ({str(error).splitlines()[0]})",
            hint="restore it from a backup, or remove it",
        ) from error
