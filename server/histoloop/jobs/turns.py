"""Whose turn it is: how many jobs run at once, which overtake, and that nobody waits for one user.

Three lanes do not wait for each other: small regions that somebody looks at, whole slides, and
retrainings. In a lane the more urgent goes first; among equals whoever has the fewest at work,
then whoever was served longest ago, so that users take turns however many slides each has asked
for; then the oldest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from histoloop.jobs.job import RETRAIN, SEGMENT, Job, Priority

SMALL_PX = 4096**2
"""Base pixels of a region that is worth no queue: about 1 mm² at 40×, a few tiles."""

_URGENCY = {Priority.LOW: -10, Priority.NORMAL: 0, Priority.HIGH: 10}
_NEVER = datetime.min.replace(tzinfo=UTC)


class Lane(StrEnum):
    """Jobs that wait for each other."""

    SMALL = "small"
    WHOLE = "whole"
    RETRAIN = RETRAIN


def lane_of(job: Job) -> Lane:
    """Where a job waits."""
    if job.kind != SEGMENT:
        return Lane.RETRAIN
    roi = job.segmentation.roi
    return Lane.SMALL if roi and roi.area <= SMALL_PX else Lane.WHOLE


def urgency(job: Job) -> int:
    """What a cluster is told of a job and its tiles: the higher goes first.

    A small region overtakes slides unless they are more urgent.
    """
    return _URGENCY[job.priority] + (5 if lane_of(job) is Lane.SMALL else 0)


def next_up(
    waiting: Sequence[Job],
    at_work: Sequence[Job],
    served: Mapping[str, datetime],
    most: Mapping[Lane, int],
) -> list[Job]:
    """The jobs that begin now, in order.

    Args:
        served: when a job of a user last began; most: jobs at a time, by lane.
    """
    chosen = list[Job]()
    left = list(waiting)
    busy = Counter(map(lane_of, at_work))
    mine = Counter((lane_of(job), job.request.user) for job in at_work)

    def turn(job: Job) -> tuple[float, int, datetime, datetime]:
        user = job.request.user
        last = served.get(user, _NEVER)
        return (-_URGENCY[job.priority], mine[lane_of(job), user], last, job.created)

    while free := [job for job in left if busy[lane_of(job)] < most[lane_of(job)]]:
        first = min(free, key=turn)
        left.remove(first)
        chosen.append(first)
        busy[lane_of(first)] += 1
        mine[lane_of(first), first.request.user] += 1
    return chosen
