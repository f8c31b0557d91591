"""A queue before one visitor: what they may see of it, and what becomes of what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

from histoloop import __version__
from histoloop.annotations.dsa import Document
from histoloop.annotations.runs import REVIEWED, SOFTWARE, run_of
from histoloop.annotations.store import AnnotationSummary
from histoloop.errors import AccessError, NotFoundError
from histoloop.geometry import Box
from histoloop.jobs.kept_reviews import KeptQueue, Said
from histoloop.jobs.review_gains import Agreed, Gains, agreed, bare
from histoloop.service.visitor import Visitor


@dataclass(frozen=True)
class _Drawn:
    """What became of a region: ``changed`` by somebody since it was said."""

    id: str
    agreed: Agreed
    changed: bool


_COMPARED: dict[tuple[str, int, str, str, frozenset[str]], _Drawn] = {}
"""A version of an annotation is read and compared once: a queue is looked at with every word."""

_MOST_COMPARED = 4096


@dataclass(frozen=True)
class Reviewing:
    """A queue, and who looks at it.

    Attributes:
        roi_groups: what outlines regions, not tissue.
    """

    visitor: Visitor
    queue: KeptQueue
    roi_groups: frozenset[str]

    def document(self) -> dict[str, Any]:
        """Its regions, and what reviewing them has gained."""
        regions, gains = [], Gains()
        said = self.queue.said()
        for number in self._visible:
            drawn = self._drawn(number) if number in said else None
            regions.append(self._region(number, said.get(number), drawn))
            gains = self._more(gains, number, said.get(number), drawn)
        return {
            "regions": regions,
            "hidden": len(self.queue.regions) - len(regions),
            "gains": {
                "reviewed": gains.reviewed,
                "skipped": gains.skipped,
                "corrected": gains.corrected,
                "open": gains.open,
                "area_mm2": gains.area_mm2,
                "dice": gains.agreed.dice,
            },
        }

    def say(self, number: int, said: Said) -> dict[str, Any]:
        """Keep what somebody says, and the annotation that it becomes; the queue afterwards.

        The annotation comes first: one that is there unsaid is said the next time, and not
        written twice.

        Raises:
            AccessError: it is a skip, and somebody else's annotation would stay: nothing is kept.
        """
        drawn, slide = self._drawn(number), self.queue.region(number)["id"]
        store, run = self.visitor.annotations, self._run(number)
        if said.verdict == "skip":
            if drawn and not drawn.changed:
                store.delete_run(slide, run)
                drawn = self._left(number)
        elif drawn is None:
            (id,) = store.replace_run(slide, run, [self._document(number)])
            drawn = _Drawn(id, Agreed(), changed=False)
        self._summaries.pop(slide, None)
        before = self.queue.said().get(number)
        said = said.model_copy(update={"document": drawn.id if drawn else ""})
        if before is None or (before.verdict, before.document) != (said.verdict, said.document):
            self.queue.say(number, said)
        return self.document()

    def _left(self, number: int) -> _Drawn | None:
        """What is drawn after a run was deleted: what somebody has changed meanwhile, if anything.

        A DSA deletes only what the visitor has stored themselves.
        """
        self._summaries.pop(self.queue.region(number)["id"], None)
        drawn = self._drawn(number)
        if drawn and not drawn.changed:
            raise AccessError(
                f"region {number}: somebody else has accepted it, and their annotation stays",
                hint="correct it, or ask them to skip the region",
            )
        return drawn

    @cached_property
    def _visible(self) -> list[int]:
        return [number for number, _ in self._visible_regions()]

    def _visible_regions(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        known: dict[str, bool] = {}
        for number, region in enumerate(self.queue.regions, start=1):
            if region["id"] not in known:
                known[region["id"]] = self._shows(region["id"])
            if known[region["id"]]:
                yield number, region

    def _shows(self, slide: str) -> bool:
        try:
            self.visitor.revision(slide)
        except (AccessError, NotFoundError):
            return False
        return True

    def _region(self, number: int, said: Said | None, drawn: _Drawn | None) -> dict[str, Any]:
        region = self.queue.region(number)
        place = f"/api/review/{quote(self.queue.id)}/regions/{number}"
        return {
            "number": number,
            "slide": {"id": region["id"], "name": region["slide"]},
            "box": region["box"],
            "area_mm2": region.get("area_mm2"),
            "uncertainty": region["uncertainty"],
            "disagreement": region["disagreement"],
            "expected": region["expected"],
            "picture": f"{place}/picture",
            "said": said.model_dump() if said else None,
            "annotation": drawn.id if drawn else None,
            "changed": drawn.changed if drawn else False,
            "dice": drawn.agreed.dice if drawn else None,
        }

    def _more(self, gains: Gains, number: int, said: Said | None, drawn: _Drawn | None) -> Gains:
        if said is None:
            return gains
        if drawn is None or said.verdict == "skip":
            return replace(gains, skipped=gains.skipped + (said.verdict == "skip"))
        return replace(
            gains,
            reviewed=gains.reviewed + 1,
            corrected=gains.corrected + drawn.changed,
            open=gains.open + (said.verdict == "fix" and not drawn.changed),
            area_mm2=gains.area_mm2 + (self.queue.region(number).get("area_mm2") or 0.0),
            agreed=gains.agreed + drawn.agreed,
        )

    @cached_property
    def _summaries(self) -> dict[str, Mapping[str, AnnotationSummary]]:
        """By slide and run, once they were asked for."""
        return {}

    def _summary(self, number: int) -> AnnotationSummary | None:
        slide = self.queue.region(number)["id"]
        if slide not in self._summaries:
            listed = self.visitor.annotations.list(slide)
            self._summaries[slide] = {run_of(one.attributes) or "": one for one in listed}
        return self._summaries[slide].get(self._run(number))

    def _drawn(self, number: int) -> _Drawn | None:
        """The annotation of a region, as it is now."""
        summary = self._summary(number)
        if summary is None:
            return None
        key = (self.queue.id, number, summary.id, summary.version, self.roi_groups)
        found = _COMPARED.get(key) or self._compared(number, summary.id)
        if len(_COMPARED) >= _MOST_COMPARED:
            _COMPARED.clear()
        _COMPARED[key] = found
        return found

    def _compared(self, number: int, id: str) -> _Drawn:
        answer = self.queue.answer(number)
        now = bare(self.visitor.annotations.get(id)["elements"])
        found = agreed(answer, now, Box(*self.queue.region(number)["box"]), self.roi_groups)
        return _Drawn(id, found, changed=now != answer)

    def _document(self, number: int) -> Document:
        """The model's answer as an annotation of whoever stores it."""
        model = self.queue.content["model"]
        return {
            "name": f"review {number} ({model})",
            "description": f"What {model} takes the region for, as somebody has reviewed it.",
            "attributes": {
                "run": self._run(number),
                "reviewed_with": f"{SOFTWARE} {__version__}",
                "asked_by": model,
            },
            "elements": self.queue.answer(number),
        }

    def _run(self, number: int) -> str:
        return f"{REVIEWED}{self.queue.id}-{number:03d}"
