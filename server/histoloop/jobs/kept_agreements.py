"""The agreements of a home: what `histoloop dataset agreement` has left in ``HOME/agreement``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPORT = "report.json"


@dataclass(frozen=True)
class KeptAgreement:
    """A report.

    Attributes:
        name: of its folder; report: its report.json.
    """

    name: str
    folder: Path
    made: datetime
    report: dict[str, Any]

    @property
    def regions(self) -> Sequence[dict[str, Any]]:
        """The ROIs of the report, in its order."""
        return list(self.report.get("rois", ()))

    def picture(self, number: int) -> Path | None:
        """That of a region, from 1: the tissue, and where annotators differ; `None` without one."""
        if not 1 <= number <= len(self.regions):
            return None
        path = self.folder / "rois" / f"{self.regions[number - 1]['name']}.png"
        return path if path.is_file() else None


def agreements_folder(home: Path) -> Path:
    """Where they lie, a folder each."""
    return home / "agreement"


def kept_agreements(home: Path) -> Sequence[KeptAgreement]:
    """All of a home, newest first; what cannot be read, or is half written, is left out."""
    found = []
    for path in agreements_folder(home).glob(f"*/{REPORT}"):
        if path.parent.name.startswith("."):
            continue
        try:
            report = json.loads(path.read_bytes())
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (OSError, ValueError):
            continue
        if isinstance(report, dict) and isinstance(report.get("ceiling"), dict):
            found.append(KeptAgreement(path.parent.name, path.parent, made, report))
    return sorted(found, key=lambda one: (one.made, one.name), reverse=True)
