"""What a slide is, whatever file or server it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import MissingScaleError, SlideError
from histoloop.geometry import Box, Mpp, Scale, Size

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Level:
    """One resolution of a slide's pyramid.

    Attributes:
        zoom: 0 is the coarsest level; each next one is twice as fine, the last is the base.
        size: level pixels.
        downsample: base pixels per level pixel, a power of two.
    """

    zoom: int
    size: Size
    downsample: int


class Slide(Protocol):
    """A whole-slide image as a power-of-two pyramid over one base frame.

    Attributes:
        id: the store's identifier, stable and safe in a URL.
        name: what people call it; never used to look a slide up.
        size: base pixels.
        mpp: micrometres per base pixel, `None` when neither file nor user said.
        tile: the size of the tiles that are cheapest to read, at every level.
        levels: coarsest first; ``levels[z].zoom == z``.
        format: the reader that opened it, for people.
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> Size: ...
    @property
    def mpp(self) -> Mpp | None: ...
    @property
    def tile(self) -> Size: ...
    @property
    def levels(self) -> tuple[Level, ...]: ...
    @property
    def format(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """Digest of the content: the same file under another name has the same one."""
        ...

    def read_level(self, zoom: int, box: Box) -> Pixels:
        """``(rows, cols, 3)`` RGB of a level box that lies inside the level.

        Raises:
            SlideError: the file cannot be decoded there.
        """
        ...

    def refuse_changed(self) -> None:
        """Make sure that what is read now is still what was opened.

        Raises:
            SlideError: another file stands in its place.
        """
        ...

    def associated(self) -> tuple[str, ...]:
        """Names of the pictures that come along: label, macro, thumbnail."""
        ...

    def associated_image(self, name: str) -> Pixels:
        """``(rows, cols, 3)`` RGB of one of them.

        Raises:
            NotFoundError: there is no such picture.
        """
        ...


class SlideAddress(Protocol):
    """Where a slide is: small, picklable and hashable, so that any process can open it.

    Attributes:
        name: what people call the slide.
    """

    @property
    def name(self) -> str: ...

    def __hash__(self) -> int: ...

    def open(self) -> Slide:
        """Open the slide.

        Raises:
            NotFoundError: it is not there.
            SlideError: it cannot be read.
        """
        ...


@dataclass(frozen=True)
class SlideEntry:
    """A slide in a list, whether or not it can be opened."""

    id: str
    name: str


class SlideStore(Protocol):
    """A place that holds slides: a folder of this machine, a folder of a DSA."""

    def list(self) -> Sequence[SlideEntry]:
        """What looks like a slide, in name order; nothing is opened."""
        ...

    def address(self, id: str, mpp: Mpp | None = None) -> SlideAddress:
        """Where the slide of an id is.

        Args:
            mpp: said by the user, overrules what the slide says.

        Raises:
            NotFoundError: no slide has this id.
        """
        ...

    def open(self, id: str) -> Slide:
        """Open the slide of an id.

        Raises:
            NotFoundError: no slide has this id.
            SlideError: it cannot be read.
        """
        ...


def changed(name: str) -> SlideError:
    """The one answer to a slide that became another one under our hands."""
    return SlideError(
        f"{name}: was replaced while it was being read", hint="start again: it is another slide now"
    )


def known_mpp(slide: Slide) -> Mpp:
    """The slide's scale, which must be known before anything is measured on it.

    Raises:
        MissingScaleError: it is not known; nothing is guessed.
    """
    if slide.mpp is None:
        raise MissingScaleError(
            f"{slide.name}: the file does not say its micrometres per pixel",
            hint="say it with --slide-mpp, e.g. --slide-mpp 0.25 for a 40x scan",
        )
    return slide.mpp


def dyadic_levels(size: Size, count: int) -> tuple[Level, ...]:
    """The levels of a pyramid that halves ``count - 1`` times, coarsest first."""
    levels = []
    for zoom in range(count):
        downsample = 2 ** (count - 1 - zoom)
        level = Scale(downsample, downsample).size(size)
        levels.append(Level(zoom, level, downsample))
    return tuple(levels)


def unreadable(name: str, reason: str) -> SlideError:
    """The one answer to a file that is no slide."""
    return SlideError(
        f"{name}: is not a slide that can be read ({reason})",
        hint="supported: SVS, NDPI, DICOM, tiled or plain TIFF, JPEG, PNG",
    )
