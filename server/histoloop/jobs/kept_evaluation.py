"""How each version did on the locked test, kept beside what the gate said of it."""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from histoloop.errors import OutputError
from histoloop.jobs import evaluation_report
from histoloop.jobs.evaluate import GALLERY, Evaluation
from histoloop.jobs.evaluation_page import tile_name


@dataclass(frozen=True)
class KeptEvaluation:
    """A report of `evaluate` in the registry.

    Attributes:
        report: its report.json; gallery: pictures of the worst tiles, the worst first.
    """

    report: dict[str, Any]
    made: datetime
    gallery: tuple[Path, ...]


def evaluation_folder(home: Path, name: str, version: int) -> Path:
    """Where the evaluation of a version is kept; `evaluate --out` may write there, too."""
    return home / "registry" / name / "evaluation" / str(version)


def keep_evaluation(home: Path, evaluations: Sequence[Evaluation]) -> None:
    """Keep what the batches of a test say of one model; a later one replaces it.

    Raises:
        OutputError: it cannot be written.
    """
    found = _together(evaluations)
    card = found.judgement.card
    evaluation_report.write(found, evaluation_folder(home, card.name, card.version))


def read_evaluation(home: Path, name: str, version: int) -> KeptEvaluation | None:
    """What is kept of a version; `None` where it was never evaluated here.

    Raises:
        OutputError: it was damaged.
    """
    folder = evaluation_folder(home, name, version)
    path = folder / evaluation_report.REPORT
    try:
        report = json.loads(path.read_bytes())
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path}: cannot be read ({str(error).splitlines()[0]})",
            hint=f"evaluate the model again, with --out {folder}",
        ) from error
    pictures = (folder / tile_name(number) for number in range(1, GALLERY + 1))
    return KeptEvaluation(report, made, tuple(one for one in pictures if one.is_file()))


def _together(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Batches of the same model as if they were one set of pictures, the model alone."""
    first, judgements = evaluations[0], [one.judgement for one in evaluations]
    tiles = [tile for one in judgements for tile in one.worst_tiles]
    judgement = replace(
        first.judgement,
        slides=tuple(slide for one in judgements for slide in one.slides),
        worst_tiles=tuple(heapq.nlargest(GALLERY, tiles, key=lambda tile: tile.wrong)),
    )
    own = f"{judgement.label} "
    said = dict.fromkeys(line for one in evaluations for line in one.warnings if own in line)
    return Evaluation(first.parameters, judgement, (), (), tuple(said))
