"""When new annotations have a model retrained by themselves: enough of them, and a pause."""

from __future__ import annotations

from datetime import datetime, timedelta

from histoloop.config import Settings
from histoloop.jobs.job import RETRAIN, RetrainRequest
from histoloop.jobs.ledger import Ledger


def due(settings: Settings, ledger: Ledger, now: datetime) -> RetrainRequest | None:
    """The retraining that is due, if one is.

    An annotation counts once, however often it was saved since the last retraining was asked for,
    by whomever. While people draw nothing is started: each click would start another.
    """
    if not settings.retrain_after or settings.retrain_gtcodes is None:
        return None
    before = next(iter(ledger.list(kind=RETRAIN, most=1)), None)
    if before and not before.state.ended:
        return None
    drawn, last = ledger.drawn_since(before.created if before else None)
    if last is None or drawn < settings.retrain_after:
        return None
    if now - last < timedelta(seconds=settings.retrain_quiet_s):
        return None
    return RetrainRequest(settings.retrain_model, why=f"{drawn} new annotations")
