"""What a model's card says of a training before it has begun."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from histoloop import __version__
from histoloop.models import architectures
from histoloop.models.card import ClassCard, ModelCard
from histoloop.models.registry import ModelRegistry
from histoloop.training.samples import Sample, digest_of
from histoloop.training.snapshot import read_snapshot

if TYPE_CHECKING:
    from histoloop.jobs.train import TrainParameters


def card_of(
    parameters: TrainParameters,
    classes: tuple[ClassCard, ...],
    splits: dict[str, list[Sample]],
    home: Path,
) -> ModelCard:
    """The card without what only the training can tell: weights' digest, figures, course."""
    p = parameters
    snapshot = read_snapshot(p.data)
    return ModelCard(
        name=p.name,
        version=p.version,
        architecture=p.architecture,
        architecture_config=architectures.resolved(
            p.architecture, len(classes), **p.architecture_config
        ),
        classes=classes,
        mpp=p.mpp,
        tile=p.tile,
        halo=p.halo,
        overlap=p.overlap,
        digest="",
        parent=p.init,
        training={
            "software": f"HistoLoop {__version__}",
            "versions": _versions(),
            "data": {split: digest_of(samples) for split, samples in splits.items()},
            "init_digest": ModelRegistry(home).get(p.init).card.digest if p.init else None,
            "snapshot": snapshot.digest if snapshot else None,
            "patients": {
                split: sorted({one.patient for one in samples}) for split, samples in splits.items()
            },
            "plan": asdict(p.plan),
            "command": _command(),
        }
        | ({"config": dict(p.config)} if p.config else {}),
        summary=p.summary,
        notice=p.notice,
        licence=p.licence,
    )


def _versions() -> dict[str, str]:
    packages = ("keras", "tensorflow", "tensorflow-cpu", "numpy")
    found = {one: metadata.version(one) for one in packages if _is_installed(one)}
    return {"python": platform.python_version(), "machine": platform.machine()} | found


def _is_installed(package: str) -> bool:
    return any(metadata.distributions(name=package))


def _command() -> str:
    """What was typed, without the place where the program lies."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
