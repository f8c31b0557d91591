"""A run's result into a store: its documents and, in a DSA, its mask as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from histoloop.annotations.dsa import Document
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.raster import raster_document
from histoloop.annotations.store import AnnotationStore
from histoloop.errors import AccessError, DsaError, NotFoundError, SignInError


@dataclass(frozen=True)
class Pushed:
    """What a push has come to.

    Attributes:
        documents: ids of the run's documents in the store.
        notes: what is not there and why, for the user.
    """

    documents: Sequence[str]
    notes: tuple[str, ...] = ()


def push_run(
    store: AnnotationStore,
    slide: str,
    run: str,
    documents: Iterable[Document],
    mask: Path | None = None,
    *,
    supersede: bool = False,
) -> Pushed:
    """Put a run's documents in the place of those it pushed before; see `AnnotationStore`.

    Args:
        mask: TIFF of class codes, shown by a DSA's viewer from far away. The local store needs
            none: our viewer draws the run's own mask.

    Raises:
        HistoloopError: whatever `AnnotationStore.replace_run` raises.
    """
    if mask is None or not isinstance(store, DsaAnnotationStore):
        return Pushed(store.replace_run(slide, run, documents, supersede=supersede))
    with_raster = _WithRaster(store, slide, mask, documents)
    ids = store.replace_run(slide, run, with_raster, supersede=supersede)
    return Pushed(ids, tuple(with_raster.notes))


@dataclass
class _WithRaster:
    """Documents as they come and, once all classes have been seen, that of the mask."""

    store: DsaAnnotationStore
    slide: str
    mask: Path
    documents: Iterable[Document]
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Document]:
        layers: dict[int, Mapping[str, Any]] = {}
        for document in self.documents:
            attributes = document["attributes"]
            if "code" in attributes:
                layers.setdefault(attributes["code"], attributes)
            yield document
        if layers:
            yield from self._raster(list(layers.values()))

    def _raster(self, layers: list[Mapping[str, Any]]) -> Iterator[Document]:
        try:
            yield raster_document(self.store.connection, self.slide, self.mask, layers)
        except SignInError:
            raise
        except (AccessError, DsaError, NotFoundError) as error:
            self.notes.append(f"polygons only, no class raster for low zoom: {error.message}")
