"""Whether a slide's scale can be right, as far as anybody can tell without asking the scanner."""

from __future__ import annotations

from histoloop.geometry import MppSource
from histoloop.jobs.plan import Plan

_USUAL = (0.1, 1.1)
"""µm/px of scans, from 80x to 10x."""


def scale_warnings(plan: Plan) -> list[str]:
    """What the user should look at before the scale is believed."""
    base, name = plan.base_mpp, plan.slide.name
    if base.source is MppSource.USER:
        return []
    if base.source is MppSource.ASSUMED:
        return [f"{name} does not say its scale, {base.x:.3g} µm/px is assumed: is it right?"]
    low, high = _USUAL
    if low <= base.x <= high and low <= base.y <= high:
        return []
    return [f"{name} says {base.x:.3g} µm/px, scans have {low:g} to {high:g}: is it right?"]
