"""Values that verbs read from their arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from histoloop.config import Settings
from histoloop.errors import UsageError
from histoloop.geometry import Box, Mpp, MppSource
from histoloop.slides.slide import SlideAddress

if TYPE_CHECKING:
    from histoloop.annotations.dsa_store import DsaAnnotationStore


def parse_box(text: str) -> Box:
    """``X,Y,W,H`` in base pixels.

    Raises:
        UsageError: that is not four whole numbers, or it is empty.
    """
    try:
        box = Box(*(int(part) for part in text.split(",")))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"region {text!r} is not X,Y,W,H", hint="four whole numbers of base pixels"
        ) from error
    if box.empty:
        raise UsageError(f"region {text!r} is empty", hint="width and height must be positive")
    return box


def slide_addresses(
    named: Sequence[str], mpp: float | None, settings: Settings
) -> Sequence[SlideAddress]:
    """Where the slides are that somebody has named: files, folders of them, pages of a DSA.

    Args:
        mpp: µm per base pixel, overrules what slides say of themselves.

    Raises:
        UsageError: a folder holds no slides.
        HistoloopError: a DSA does not know the slide, or not this user.
    """
    said = Mpp.square(mpp, MppSource.USER) if mpp else None
    found = [address for name in named for address in _addresses(name, said, settings)]
    if not found:
        raise UsageError(
            f"{', '.join(named)}: holds no slides", hint="name files, or another folder"
        )
    return found


def annotations_of(item: str, dsa: str | None) -> tuple[DsaAnnotationStore, str]:
    """The store that holds the annotations of an item of a DSA, and the item's id.

    Args:
        item: an address that a browser shows for it, or its id; dsa: where an id is looked up.

    Raises:
        UsageError: it is neither, or it is not said in which archive the id is.
    """
    from histoloop.annotations.dsa_store import DsaAnnotationStore
    from histoloop.config import settings
    from histoloop.jobs.archive import dsa_site
    from histoloop.slides.dsa.site import is_id, item_place

    said = settings(dsa=dsa)
    if place := item_place(item):
        return DsaAnnotationStore(dsa_site(said, url=place.url)), place.id
    if not is_id(item):
        raise UsageError(
            f"{item!r} names no slide of a DSA",
            hint="give the address that the browser shows for it, or --dsa URL and its id",
        )
    if not said.dsa:
        raise UsageError("an id alone does not say in which archive", hint="add --dsa URL")
    return DsaAnnotationStore(dsa_site(said)), item


def _addresses(name: str, mpp: Mpp | None, settings: Settings) -> Iterator[SlideAddress]:
    from histoloop.slides.dsa.site import item_place
    from histoloop.slides.folder import FolderSlideStore, SlideFile

    if place := item_place(name):
        from histoloop.jobs.archive import dsa_site
        from histoloop.slides.dsa.store import DsaSlideStore

        yield DsaSlideStore(dsa_site(settings, url=place.url)).address(place.id, mpp)
    elif (path := Path(name).absolute()).is_dir():
        yield from (SlideFile(entry.path, mpp) for entry in FolderSlideStore(path).list())
    else:
        yield SlideFile(path, mpp)
