"""How pictures are cut into tiles, and which pictures of a result are wanted beside its files."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from histoloop.errors import UsageError
from histoloop.models.card import ModelCard
from histoloop.tiling.grid import Tiling


@dataclass(frozen=True)
class TileOptions:
    """Tiles as a user wants them, pixels at the scale of the prediction; `None` as the card says.

    Attributes:
        whole: shrink the picture, or enlarge it, until its longer side is one tile.
        tile, halo, overlap: as in `Tiling`.
    """

    whole: bool = False
    tile: int | None = None
    halo: int | None = None
    overlap: int | None = None

    def __post_init__(self) -> None:
        if self.whole and (self.halo or self.overlap):
            raise UsageError(
                "a whole picture is one tile without neighbours: it has no halo and no overlap",
                hint="leave --whole out, or --halo and --overlap",
            )

    def applied(self, card: ModelCard) -> ModelCard:
        """The card of the same network that sees such tiles.

        Raises:
            UsageError: the tile is none that the network takes, or the sizes do not fit.
        """
        if self == TileOptions():
            return card
        found = Tiling(
            card.tile if self.tile is None else self.tile,
            0 if self.whole else card.halo if self.halo is None else self.halo,
            0 if self.whole else card.overlap if self.overlap is None else self.overlap,
        )
        _refuse_odd(card, found.tile)
        return card.model_copy(update=asdict(found))


@dataclass(frozen=True)
class PictureOptions:
    """Pictures of a result, each as large as the slide or the region of it.

    Attributes:
        grey: the probability of each class.
        binary: 255 where a class is, else 0.
        colour: classes in the colours of the card, on black.
        merged: the same laid over the slide.
        sharpen: raise the contrast of the probabilities before any of these is made.
    """

    grey: bool = False
    binary: bool = False
    colour: bool = False
    merged: bool = False
    sharpen: bool = False

    def __post_init__(self) -> None:
        if self.sharpen and not self.wanted:
            raise UsageError(
                "there is no picture to sharpen",
                hint="add --grey, --binarise, --colourise or --merged",
            )

    @property
    def wanted(self) -> bool:
        """Whether any picture is."""
        return self.grey or self.binary or self.colour or self.merged


def _refuse_odd(card: ModelCard, tile: int) -> None:
    """Refuse a tile that the network's strides do not divide, where they are known."""
    stride = card.stride
    if tile % stride:
        below = max(tile // stride, 1) * stride
        raise UsageError(
            f"{card.reference} takes no tile of {tile} px",
            hint=f"a multiple of {stride}, {below} say",
        )
