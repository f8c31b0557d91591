"""A folder of slides on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from histoloop.errors import NotFoundError, SlideError
from histoloop.geometry import Mpp
from histoloop.slides.completeness import refuse_incomplete
from histoloop.slides.large_image_slide import open_large_image
from histoloop.slides.plain_image import PlainImageSlide
from histoloop.slides.slide import Slide, SlideEntry

_SCANS = (
    ".svs",
    ".ndpi",
    ".tif",
    ".tiff",
    ".dcm",
    ".dicom",
    ".mrxs",
    ".scn",
    ".vms",
    ".vmu",
    ".bif",
)
_PICTURES = (".jpg", ".jpeg", ".png")

SUFFIXES = frozenset((*_SCANS, *_PICTURES))
"""What a folder is searched for; any other file can still be named outright."""


@dataclass(frozen=True)
class SlideFile:
    """The address of a slide that is a file of this machine.

    Attributes:
        mpp: said by the user, overrules the file; id: derived from the path by default.
    """

    path: Path
    mpp: Mpp | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        return self.path.name

    def open(self) -> Slide:
        return open_slide(self.path, id=self.id, mpp=self.mpp)


@dataclass(frozen=True)
class FolderEntry(SlideEntry):
    """A file of the folder."""

    path: Path


class FolderSlideStore:
    """The slides below a folder; an id is a digest of the path relative to it."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise NotFoundError(f"{root}: no such folder", hint="name a folder that holds slides")
        self.root = root.resolve()
        self._known: dict[str, FolderEntry] = {}

    def list(self) -> list[FolderEntry]:
        """What looks like a slide, in name order; nothing is opened."""
        entries = [FolderEntry(self._id(path), path.name, path) for path in sorted(self._files())]
        self._known = {entry.id: entry for entry in entries}
        return entries

    def open(self, id: str) -> Slide:
        """Open one of them.

        Raises:
            NotFoundError: no slide has this id.
            SlideError: the file cannot be read.
        """
        return self.address(id).open()

    def address(self, id: str, mpp: Mpp | None = None) -> SlideFile:
        """The file of an id; ``mpp`` (from the user) overrules what it says.

        Raises:
            NotFoundError: no slide has this id.
        """
        return SlideFile(self.find(id).path, mpp, id)

    def find(self, id: str) -> FolderEntry:
        """The entry of an id.

        Raises:
            NotFoundError: no slide has this id.
        """
        entry = self._known.get(id)
        if entry is not None and entry.path.is_file():
            return entry  # a tile must not cost a walk through the folder
        for entry in self.list():
            if entry.id == id:
                return entry
        raise NotFoundError(f"no slide {id!r} in the library", hint="list the slides again")

    def _files(self) -> Iterator[Path]:
        for path in self.root.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(self.root).parts)
            inside = path.resolve().is_relative_to(self.root)
            if path.suffix.lower() in SUFFIXES and path.is_file() and inside and not hidden:
                yield path

    def _id(self, path: Path) -> str:
        return _digest(path.relative_to(self.root).as_posix())


def open_slide(path: Path, *, id: str | None = None, mpp: Mpp | None = None) -> Slide:
    """Open a slide file; ``mpp`` (from the user) overrules what the file says.

    Raises:
        NotFoundError: there is no such file.
        SlideError: it is empty, damaged or no slide.
    """
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file", hint="check the path")
    if path.stat().st_size == 0:
        raise SlideError(f"{path.name}: the file is empty", hint="copy it again from the scanner")
    refuse_incomplete(path)
    id = id or _digest(str(path.resolve()))
    if path.suffix.lower() in _PICTURES or _is_untiled_tiff(path):
        return PlainImageSlide(id, path, mpp)
    return open_large_image(id, path, mpp)


def _is_untiled_tiff(path: Path) -> bool:
    """Strips cannot be read by region: such a file is a picture, not a pyramid."""
    import tifffile

    if path.suffix.lower() not in (".tif", ".tiff"):
        return False
    try:
        with tifffile.TiffFile(path) as tiff:
            return not tiff.pages.first.is_tiled
    except Exception:  # of a damaged header it raises whatever comes of it
        return False


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
