"""Which documents belong to which run, and what tells the documents of a run apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from histoloop.annotations.dsa import Document
from histoloop.errors import AnnotationError

SOFTWARE = "HistoLoop"
"""How ``software`` begins in the attributes of what our models predict."""

QUEUE = "review-"
"""How the runs begin that ask people for labels; see `asks`."""


REVIEWED = "reviewed-"
"""How the runs begin of what people say to a review queue; see `by_people`."""


def run_of(attributes: Mapping[str, Any]) -> str | None:
    """The run that wrote a document; `None` for what people drew."""
    run = attributes.get("run")
    return run if isinstance(run, str) else None


def asks(attributes: Mapping[str, Any]) -> bool:
    """Whether a document is of a review queue: its ROIs wait for what people draw in them."""
    return (run_of(attributes) or "").startswith(QUEUE)


def by_people(attributes: Mapping[str, Any]) -> bool:
    """Whether a document is a person's word: drawn by hand, or what they made of a queue's region.

    The latter has a run so that saying the same thing twice leaves it there once.
    """
    run = run_of(attributes)
    return run is None or run.startswith(REVIEWED)


def model_of(attributes: Mapping[str, Any]) -> str | None:
    """The name of the model, without its version, that a document comes from."""
    model = attributes.get("model")
    return model.partition("@")[0] if isinstance(model, str) else None


def is_prediction(attributes: Mapping[str, Any]) -> bool:
    """Whether a document is as a model of HistoLoop's made it.

    It is not when its ``annotator`` stands in it: it was pulled and pushed again by a person,
    who may have corrected it.
    """
    software = attributes.get("software")
    ours = isinstance(software, str) and software.startswith(SOFTWARE)
    return ours and model_of(attributes) is not None and "annotator" not in attributes


def superseded(attributes: Mapping[str, Any], run: str, models: set[str]) -> bool:
    """Whether a document is another run's of one of these models."""
    other = run_of(attributes)
    return other is not None and other != run and model_of(attributes) in models


class Names:
    """Names the documents of a run, one after the other; a run pushed again gets the same.

    Attributes:
        models: names of the models that the documents come from.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._seen: Counter[str] = Counter()
        self.models: set[str] = set()

    def of(self, document: Document) -> str:
        """From the document's class and block, or what stands for them.

        Raises:
            AnnotationError: it is another run's.
        """
        attributes = document.get("attributes", {})
        if run_of(attributes) != self._run:
            raise AnnotationError(
                f"document {document.get('name')!r} is of run {run_of(attributes)!r}, "
                f"not of {self._run!r}",
                hint="push the documents of one run at a time",
            )
        if model := model_of(attributes):
            self.models.add(model)
        name = orjson.dumps(
            [attributes.get("class"), attributes.get("block"), document.get("name")]
        ).decode()
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"
