"""Annotation documents in a Digital Slide Archive, over its own REST interface."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from histoloop.annotations.dsa import Document
from histoloop.annotations.dsa_editing import DsaEditing
from histoloop.annotations.dsa_records import BULK, JSON, Record
from histoloop.annotations.raster import ITEM, remove_raster, remove_unseen
from histoloop.annotations.runs import Names, is_prediction, run_of, superseded
from histoloop.annotations.sealing import Seal, SealedDocument, seal_document
from histoloop.errors import DsaAwayError, DsaError, NotFoundError

_POST_TRIES = 4
_FIRST_PAUSE_S = 1.0


class DsaAnnotationStore(DsaEditing):
    """An `AnnotationStore` on a DSA; a slide is the id of an item.

    Replacing means to create what is missing and then to delete what is left over: nothing
    ever vanishes from a viewer before its successor is there. What bears no seal was not pushed
    and is never replaced; what people drew only by who pushed it. Works on any DSA by means of
    large_image's own annotation resource, and faster where our plugin is.
    """

    def replace_run(
        self, slide: str, run: str, documents: Iterable[Document], *, supersede: bool = False
    ) -> Sequence[str]:
        path = self._path_to_create(slide)
        names = Names(run)
        there = self._whole(slide, run)
        wanted = []
        for document in documents:
            sealed = seal_document(names.of(document), document)
            wanted.append(sealed.seal)
            if sealed.seal not in there:
                self._create(path, slide, run, sealed)
        there = self._whole(slide, run)
        if missing := [seal.name for seal in wanted if seal not in there]:
            raise DsaError(
                f"{self._site.host}: has lost {len(missing)} of {len(wanted)} documents of run "
                f"{run} ({missing[0]} first)",
                hint="push again; the server's log may say more",
            )
        ids = [there[seal] for seal in wanted]
        self._delete_leftovers(slide, run, set(ids), names.models if supersede else set())
        return ids

    def delete_run(self, slide: str, run: str) -> None:
        self._may_write(slide)
        self._delete_leftovers(slide, run, set(), set())

    def _whole(self, slide: str, run: str) -> dict[Seal, str]:
        """Ids of the run's documents that hold what their seal says; of doubles, the oldest."""
        whole: dict[Seal, str] = {}
        for record in self._records(slide):
            seal = record.seal if self._is_ours(record, run) else None
            if seal and (not record.untouched or self._stored(record.id) == seal.elements):
                whole.setdefault(seal, record.id)
        return whole

    def _is_ours(self, record: Record, run: str) -> bool:
        """Whether a document is of this run: a model's by whoever pushed it, a layer by us."""
        if run_of(record.attributes) != run or record.seal is None:
            return False
        return is_prediction(record.attributes) or record.creator == self._user

    def _path_to_create(self, slide: str) -> str:
        """Where a document can be posted to: what stores it fastest for this user.

        Raises:
            AccessError: nowhere; the user may only look.
        """
        may_write = self._may_write(slide)
        if self._takes_bulk(slide):
            return BULK.format(slide)
        # Unlike the third, the second answers with a number instead of all that it was sent.
        return f"annotation/item/{slide}" if may_write else "annotation"

    def _create(self, path: str, slide: str, run: str, sealed: SealedDocument) -> None:
        """Post a document; when the answer is lost, look whether it has arrived."""
        for attempt in range(_POST_TRIES):
            try:
                self.connection.send(
                    "POST", path, {"itemId": slide}, data=sealed.body, headers=JSON
                )
                return
            except DsaAwayError:
                if attempt == _POST_TRIES - 1:
                    raise
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
                if sealed.seal in self._whole(slide, run):
                    return

    def _delete_leftovers(self, slide: str, run: str, keep: set[str], models: set[str]) -> None:
        shown: set[str] = set()
        runs = {run}
        for record in list(self._records(slide)):  # first: a deletion moves the pages after it
            left = self._is_ours(record, run) and record.id not in keep
            if record.untouched and (left or self._is_superseded(record, run, models)):
                self._delete(slide, record)
                runs.add(record.attributes["run"])
            else:
                shown.add(str(record.attributes.get(ITEM)))
        remove_unseen(self.connection, slide, self._user, runs, shown)

    def _is_superseded(self, record: Record, run: str, models: set[str]) -> bool:
        other = run_of(record.attributes)
        return (
            other is not None
            and superseded(record.attributes, run, models)
            and self._is_ours(record, other)
        )

    def _delete(self, slide: str, record: Record) -> None:
        with suppress(NotFoundError):  # somebody was faster
            self.connection.send("DELETE", f"annotation/{record.id}")
        remove_raster(self.connection, slide, record.attributes)
