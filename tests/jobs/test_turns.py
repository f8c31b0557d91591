"""Whose turn it is: small regions do not wait, users take turns, the urgent go first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings
from histoloop.errors import StateError
from histoloop.geometry import Box
from histoloop.jobs.context import Progress
from histoloop.jobs.engine import Engine
from histoloop.jobs.job import Job, JobState, Priority, RetrainRequest, SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.turns import Lane, lane_of, next_up, urgency
from histoloop.slides.folder import FolderSlideStore

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = Box(0, 0, 2000, 2000)
MOST = {Lane.SMALL: 4, Lane.WHOLE: 1, Lane.RETRAIN: 1}


def job(name: str, user: str, roi: Box | None = None, priority: str = "normal") -> Job:
    """One that was asked for in the order of the names' numbers."""
    request = SegmentRequest("s", "slide", "m@1", roi, 0.5, user=user)
    created = BEGAN + timedelta(seconds=int(name[1:]))
    nothing = (None, None, None, Progress("queued"), None, False)
    known = ("segment", request, JobState.QUEUED, name, created)
    return Job(name, *known, *nothing, Priority(priority))


def order(jobs: Sequence[Job]) -> list[str]:
    """The names as they are served, one slide at a time."""
    waiting, served, names = list(jobs), dict[str, datetime](), []
    now = BEGAN
    while waiting:
        (first,) = next_up(waiting, (), served, MOST)
        waiting.remove(first)
        now += timedelta(minutes=1)
        served[first.request.user] = now
        names.append(first.id)
    return names


def test_users_take_turns_however_many_slides_each_has_asked_for() -> None:
    many = [job(f"a{number}", "ada") for number in range(1, 6)]
    assert order([*many, job("b7", "bob"), job("b8", "bob")]) == [
        *("a1", "b7", "a2", "b8", "a3", "a4", "a5"),
    ]


def test_the_urgent_go_first_and_the_unhurried_last() -> None:
    jobs = [job("a1", "ada", priority="low"), job("a2", "ada"), job("a3", "ada", priority="high")]
    assert order(jobs) == ["a3", "a2", "a1"]


def test_a_small_region_does_not_wait_for_slides() -> None:
    at_work, small = [job("a1", "ada")], job("a2", "ada", SMALL)
    assert next_up([job("a3", "ada"), small], at_work, {}, MOST) == [small]
    assert urgency(small) > urgency(at_work[0])
    assert urgency(replace(small, priority=Priority.LOW)) < urgency(at_work[0])
    assert lane_of(job("a4", "ada", Box(0, 0, 5000, 5000))) is Lane.WHOLE
    retraining = replace(small, kind="retrain", request=RetrainRequest("m"))
    assert lane_of(retraining) is Lane.RETRAIN


def test_whoever_has_the_fewest_at_work_is_next() -> None:
    at_work = [job("a1", "ada"), job("a2", "ada"), job("b3", "bob")]
    waiting = [job("a4", "ada"), job("b5", "bob"), job("b6", "bob")]
    most = MOST | {Lane.WHOLE: 6}
    assert [one.id for one in next_up(waiting, at_work, {}, most)] == ["b5", "a4", "b6"]


@pytest.fixture
def ready(tissue_slide: Path, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Starts an engine on a real cluster of two workers; one slide at a time."""
    slides, home = tmp_path / "slides", tmp_path / "home"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    said = settings(slides=slides, home=home, workers=2, jobs_at_once=1)
    engine = Engine(said, Ledger(said.ledger_url))
    yield lambda: engine
    engine.stop()


def test_on_a_cluster_that_order_holds(ready: Callable[..., Engine]) -> None:
    engine = ready()
    store, ledger = FolderSlideStore(engine.settings.slides), engine.ledger
    (slide,) = store.list()

    def ask(user: str, roi: Box | None = None, priority: Priority = Priority.NORMAL) -> str:
        asked = SegmentRequest(slide.id, slide.name, "tiny@1", roi, 0.5, user=user)
        return ledger.create(asked, priority=priority).id

    cohort = [ask("ada") for _ in range(3)]
    late = ask("bob")
    urgent = ask("eve", priority=Priority.HIGH)
    small = ask("eve", roi=Box(0, 0, 400, 400))
    first, second, third = cohort
    ledger.set_priority(third, Priority.HIGH)
    engine.start()
    most, end = 0, time.monotonic() + 240
    while ledger.unfinished():
        running = [one for one in ledger.unfinished() if one.state is JobState.RUNNING]
        most = max(most, sum(lane_of(one) is Lane.WHOLE for one in running))
        assert time.monotonic() < end
        time.sleep(0.02)
    begun = {one.id: one.started for one in ledger.list() if one.state is JobState.DONE}
    assert len(begun) == 6, [one.failure for one in ledger.list()]
    assert most == 1, "one slide at a time"
    whole = sorted(begun.keys() - {small}, key=lambda id: begun[id])
    assert whole[:2] == [third, urgent], "both urgent, one user each, the older first"
    assert whole[2:] == [late, first, second], "who has had nothing yet, then as they came"
    assert begun[small] < begun[whole[1]], "it waited for no slide"
    with pytest.raises(StateError, match="is done: it does not wait any more"):
        ledger.set_priority(late, Priority.LOW)
