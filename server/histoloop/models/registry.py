"""Which models there are: those that come with HistoLoop and those in the home folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from histoloop.errors import ModelError, NotFoundError
from histoloop.models.card import ModelCard, read_card

BUNDLED = Path(__file__).parent / "bundled"
DEFAULT = "tumor"


@dataclass(frozen=True)
class Model:
    """A model folder and its card."""

    folder: Path
    card: ModelCard


class ModelRegistry:
    """Models by name and version; a folder per version."""

    def __init__(self, home: Path) -> None:
        self._roots = (BUNDLED, home / "models")

    def list(self) -> Sequence[Model]:
        """All usable models, by name, newest version first; broken folders are left out."""
        found = [Model(folder, card) for folder, card in self._cards()]
        return sorted(found, key=lambda model: (model.card.name, -model.card.version))

    def get(self, reference: str = DEFAULT) -> Model:
        """The model ``name@version``; without a version the newest; or a model folder.

        Raises:
            NotFoundError: there is no such model.
        """
        if (folder := Path(reference)).is_dir():
            return Model(folder, read_card(folder))
        name, _, version = reference.partition("@")
        for model in self.list():
            if model.card.name == name and version in ("", str(model.card.version)):
                return model
        known = ", ".join(model.card.reference for model in self.list()) or "none"
        raise NotFoundError(f"unknown model {reference!r}", hint=f"known models: {known}")

    def _cards(self) -> Iterator[tuple[Path, ModelCard]]:
        for root in self._roots:
            for path in sorted(root.glob("**/card.json")):
                try:
                    yield path.parent, read_card(path.parent)
                except ModelError:
                    continue  # `histoloop models list` and `doctor` name it
