"""What is true where several people have drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from histoloop.annotations.roi_mask import Area
from histoloop.errors import UsageError
from histoloop.training.snapshot import SnapshotAnnotation

Consensus = Callable[[Sequence[Area], Sequence[SnapshotAnnotation]], list[Area]]
"""Takes the areas that touch an ROI and the documents they come from; gives them reordered."""

VERSIONS = {"newest": 1}
"""Of each method: changes when its masks do."""


def consensus(method: str) -> Consensus:
    """A method by its name.

    Raises:
        UsageError: there is none of this name.
    """
    methods: dict[str, Consensus] = {"newest": newest}
    if method not in methods:
        raise UsageError(
            f"consensus {method!r} is not known", hint=f"known methods: {', '.join(methods)}"
        )
    return methods[method]


def newest(areas: Sequence[Area], documents: Sequence[SnapshotAnnotation]) -> list[Area]:
    """Who drew last in this ROI is on top, as in BCSS: a senior's correction is the newest.

    A person's documents are one drawing, in which the overlay order holds: they rank by the
    newest of them. What somebody has not drawn hides nothing of what others have.
    """
    last: dict[str, str] = {}
    for one in {area.document for area in areas}:
        drawn = documents[one]
        last[drawn.annotator] = max(last.get(drawn.annotator, ""), drawn.updated)
    rank = {
        annotator: index
        for index, annotator in enumerate(sorted(last, key=lambda who: (last[who], who)))
    }
    return [
        replace(area, order=(rank[documents[area.document].annotator], *area.order))
        for area in areas
    ]
