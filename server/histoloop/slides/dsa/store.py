"""The slides of an archive, as one of its users sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from histoloop.errors import NotFoundError
from histoloop.geometry import Mpp
from histoloop.slides.dsa.connection import connect
from histoloop.slides.dsa.site import DsaSite, is_id
from histoloop.slides.dsa.slide import DsaItem, DsaSlide
from histoloop.slides.slide import SlideEntry

MARK = "histoloop"
"""Metadata of folders and items that hold what was derived from slides: no slides for people."""


@dataclass(frozen=True)
class Shelf:
    """A collection or folder of an archive.

    Attributes:
        kind: ``collection`` or ``folder``, as the archive calls it.
    """

    id: str
    name: str
    kind: str


class DsaSlideStore:
    """Slides by the id of their item; a name never finds one, it only is searched for.

    Args:
        root: id of the folder or collection that `list` lists; all that the user sees without.
    """

    def __init__(self, site: DsaSite, root: str | None = None) -> None:
        self.site, self._root = site, root
        self._connection = connect(site)

    def list(self) -> Sequence[SlideEntry]:
        """The slides at or below the root, in name order; nothing is opened."""
        shelves = [self._shelf(self._root)] if self._root else self.shelves()
        found = [entry for shelf in shelves for entry in self._below(shelf)]
        return sorted(found, key=lambda entry: (entry.name, entry.id))

    def address(self, id: str, mpp: Mpp | None = None) -> DsaItem:
        if not is_id(id):
            raise NotFoundError(
                f"{id!r} is no id of an item of {self.site.host}",
                hint="ids have 24 hexadecimal digits; the address of an item's page ends in its id",
            )
        name = str(self._connection.get(f"item/{id}")["name"])
        return DsaItem(self.site, id, name, mpp)

    def open(self, id: str) -> DsaSlide:
        return self.address(id).open()

    def shelves(self, within: Shelf | None = None) -> Sequence[Shelf]:
        """The collections of the archive, or the folders in one of them, in name order."""
        if within is None:
            found = self._connection.pages("collection", sort="name")
            return [Shelf(one["_id"], one["name"], "collection") for one in found]
        found = self._connection.pages(
            "folder", parentType=within.kind, parentId=within.id, sort="name"
        )
        return [Shelf(one["_id"], one["name"], "folder") for one in found if not _derived(one)]

    def slides(self, shelf: Shelf) -> Sequence[SlideEntry]:
        """The slides that lie in a folder, not those in folders below it."""
        if shelf.kind != "folder":
            return []
        found = self._connection.pages("item", folderId=shelf.id, sort="name")
        return [_entry(item) for item in found if _is_slide(item)]

    def search(self, text: str, most: int = 50) -> Sequence[SlideEntry]:
        """Slides whose name begins with ``text``, the first ``most`` of them."""
        found = self._connection.get(
            "resource/search", q=text, types='["item"]', mode="prefix", limit=most
        )
        items = [self._connection.get(f"item/{one['_id']}") for one in found["item"]]
        return [_entry(item) for item in items if _is_slide(item)]

    def _below(self, shelf: Shelf) -> Iterator[SlideEntry]:
        yield from self.slides(shelf)
        for inner in self.shelves(shelf):
            yield from self._below(inner)

    def _shelf(self, id: str) -> Shelf:
        for kind in ("folder", "collection"):
            try:
                found = self._connection.get(f"{kind}/{id}")
            except NotFoundError:
                continue
            return Shelf(found["_id"], found["name"], kind)
        raise NotFoundError(
            f"{self.site.host} has no folder or collection {id!r} that you may see",
            hint="the address of its page there ends in its id",
        )


def _entry(item: dict[str, Any]) -> SlideEntry:
    return SlideEntry(item["_id"], item["name"])


def _is_slide(item: dict[str, Any]) -> bool:
    return bool((item.get("largeImage") or {}).get("fileId")) and not _derived(item)


def _derived(resource: dict[str, Any]) -> bool:
    return MARK in (resource.get("meta") or {})
