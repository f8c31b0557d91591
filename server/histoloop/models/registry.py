"""Which models there are: those that come with HistoLoop and those in the home folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from histoloop.errors import ModelError, NotFoundError, StateError
from histoloop.models.card import ModelCard, read_card
from histoloop.models.tags import Standing, TagStore

BUNDLED = Path(__file__).parent / "bundled"
DEFAULT = "tumor"


@dataclass(frozen=True)
class Model:
    """A model folder and its card."""

    folder: Path
    card: ModelCard


class ModelRegistry:
    """Models by name and version; a folder per version, and tags that say which one to use.

    Of two folders of the same name and version the home's is the one: bundled models change
    with HistoLoop, what somebody trained must not.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "models"
        self.tags = TagStore(home / "registry")

    def list(self) -> Sequence[Model]:
        """All usable models, by name, newest version first; broken folders are left out."""
        found: dict[tuple[str, int], Model] = {}
        for folder in self._folders():
            try:
                card = read_card(folder)
            except ModelError:
                continue  # `broken` names it
            found.setdefault((card.name, -card.version), Model(folder, card))
        return [found[key] for key in sorted(found)]

    def broken(self) -> Sequence[ModelError]:
        """Why folders that look like models are not used."""
        said = []
        for folder in self._folders():
            try:
                read_card(folder)
            except ModelError as error:
                said.append(error)
        return said

    def get(self, reference: str = DEFAULT) -> Model:
        """The model ``name@version``; or ``name``: the active version, without one the newest.

        ``name@active`` and ``name@candidate`` say a tag; the path of a model folder will do, too.

        Raises:
            NotFoundError: there is no such model.
        """
        if (folder := Path(reference)).is_dir():
            return Model(folder, read_card(folder))
        return self._named(reference)

    def active(self, name: str) -> Model | None:
        """What the name alone stands for; `None` for an unknown name or a lost version."""
        try:
            return self._named(name)
        except NotFoundError:
            return None

    def tags_of(self, card: ModelCard) -> Sequence[str]:
        """``active``, ``candidate``, or none; the newest is active where nobody has said."""
        standing = self.tags.read(card.name)
        if standing.active is None and (active := self.active(card.name)):
            standing = standing.model_copy(update={"active": active.card.version})
        return standing.tags_of(card.version)

    def lineage(self, card: ModelCard) -> Sequence[str]:
        """What the model goes on from, nearest first, as far as it is known here."""
        cards = {model.card.reference: model.card for model in self.list()}
        found: list[str] = []
        parent = card.parent
        while parent and parent not in found:
            found.append(parent)
            parent = cards[parent].parent if parent in cards else None
        return found

    def promote(
        self, reference: str, by: str, why: str = "", over: ModelCard | None = None
    ) -> Model:
        """Make a version the active one of its name.

        Args:
            over: the only one that it may take the place of.

        Raises:
            NotFoundError: there is no such version.
            StateError: it is active already, or another than ``over`` is.
        """
        name, _, version = reference.partition("@")
        if not version:
            raise NotFoundError(f"{reference!r} names no version", hint=f"say which, e.g. {name}@2")
        model = self._named(reference)

        def change(before: Standing) -> Standing:
            active = self.active(name)
            if over and (active is None or active.card.reference != over.reference):
                raise StateError(f"{over.reference} is not the active one any more")
            if before.active == model.card.version:
                raise StateError(f"{model.card.reference} is active already")
            if before.active is None and active:
                before = before.model_copy(update={"active": active.card.version})
                if active.card.version == model.card.version:  # it was so by being the newest
                    before = before.model_copy(update={"active": None})
            return before.promoted(model.card.version, by, why)

        return self._change(name, change)

    def rollback(self, name: str, by: str, why: str = "", over: str | None = None) -> Model:
        """Make the version the active one that was so before; the next job uses it.

        Args:
            over: ``name@version``, the only one that it may take the place of.

        Raises:
            NotFoundError: there is no such model, or its folder is gone.
            StateError: no other version was active before, or another than ``over`` is active.
        """
        if all(model.card.name != name for model in self.list()):
            self._named(name)  # says which there are

        def change(before: Standing) -> Standing:
            if over and over != f"{name}@{before.active}":
                raise StateError(f"{over} is not the active one any more")
            if not before.earlier:
                raise StateError(
                    f"{name}: no other version was active before",
                    hint=f"`histoloop models promote {name}@VERSION` chooses one",
                )
            after = before.rolled_back(by, why)
            self._named(f"{name}@{after.active}")
            return after

        return self._change(name, change)

    def keep(self, model: Model, by: str, why: str) -> None:
        """Note that a candidate was found wanting: what is active stays so."""
        self._change(model.card.name, lambda before: before.kept(model.card.version, by, why))

    def _change(self, name: str, how: Callable[[Standing], Standing]) -> Model:
        """Change the tags of a name; the active model after it."""
        with self.tags.locked(name):
            after = how(self.tags.read(name))
            self.tags.write(name, after)
        return self._named(name)

    def _named(self, reference: str) -> Model:
        """A model that the registry holds, not any folder that is called so."""
        name, _, version = reference.partition("@")
        models = self.list()
        mine = [model for model in models if model.card.name == name]
        wanted = self._wanted(name, version) if mine else version
        for model in mine:
            if wanted in ("", str(model.card.version)):
                return model
        known = ", ".join(model.card.reference for model in models) or "none"
        if mine and wanted != version:
            raise NotFoundError(
                f"{name}@{wanted} is tagged, but its folder is gone or broken",
                hint=f"restore it, or `histoloop models promote` one of {known}",
            )
        raise NotFoundError(f"unknown model {reference!r}", hint=f"known models: {known}")

    def _wanted(self, name: str, version: str) -> str:
        if version not in ("", "active", "candidate"):
            return version
        standing = self.tags.read(name)
        tagged = standing.candidate if version == "candidate" else standing.active
        if tagged is not None:
            return str(tagged)
        return version if version == "candidate" else ""

    def _folders(self) -> Iterator[Path]:
        for root in (self.folder, BUNDLED):
            for path in sorted(root.glob("**/card.json")):
                yield path.parent
