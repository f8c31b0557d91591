"""Jobs in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sql

from histoloop.errors import NotFoundError, StateError, SupersededError
from histoloop.geometry import Box
from histoloop.jobs.context import Progress
from histoloop.jobs.job import TRANSITIONS, Failure, Job, JobState, RetrainRequest, SegmentRequest
from histoloop.jobs.leases import Leases
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.lifecycle import LedgerListener, beating
from histoloop.jobs.pace import Pace
from histoloop.jobs.tables import JobRow

REQUEST = SegmentRequest("s1", "slide.svs", "tumor@1", Box(1, 2, 3, 4), 0.5)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty ledger; all that is said here holds for both."""
    if request.param == "PostgreSQL":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'home' / 'ledger.sqlite'}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(Ledger(url)) as opened:
        yield opened


def reach(ledger: Ledger, state: JobState) -> str:
    job = ledger.create(REQUEST)
    if state is not JobState.QUEUED:
        ledger.move(job.id, JobState.RUNNING)
    if state.ended:
        ledger.move(job.id, state)
    return job.id


@pytest.mark.parametrize(("before", "after"), list(product(JobState, JobState)))
def test_only_the_table_of_transitions_is_allowed(
    ledger: Ledger, before: JobState, after: JobState
) -> None:
    job = reach(ledger, before)
    if after in TRANSITIONS[before]:
        assert ledger.move(job, after).state is after
    else:
        with pytest.raises(StateError, match=before):
            ledger.move(job, after)
        assert ledger.get(job).state is before


def test_a_users_newest_jobs_are_counted_without_those_of_others(ledger: Ledger) -> None:
    mine = [ledger.create(replace(REQUEST, user="ada")).id for _ in range(2)]
    for _ in range(3):
        ledger.create(replace(REQUEST, user="ben"))
    assert {one.id for one in ledger.list(most=2, user="ada")} == set(mine)


def test_a_long_step_does_not_cost_a_job_its_lease(ledger: Ledger) -> None:
    job = ledger.create(REQUEST)
    ledger.move(job.id, JobState.RUNNING)
    with beating(ledger, job.id, every=timedelta(seconds=0.05), attempt=1):
        # Of a busy machine a beat may be late by a second.
        assert listened(ledger, Leases(2.0), seconds=3.0) == []
    leases, end = Leases(0.4), time.monotonic() + 60
    while not (lost := leases.lost(ledger.unfinished())):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert [one.id for one in lost] == [job.id]


def listened(ledger: Ledger, leases: Leases, seconds: float) -> list[Job]:
    """The jobs that are lost after some time of listening."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)
        lost = leases.lost(ledger.unfinished())
    return lost


def test_a_job_survives_its_process(ledger: Ledger, url: str) -> None:
    job = ledger.create(REQUEST, focus=Box(5, 6, 7, 8))
    ledger.move(job.id, JobState.RUNNING)
    ledger.progress(job.id, Progress("predict", 3, 10, 1.5, 4.0))
    failure = Failure("predict", "slide.svs", "0/1", "torn", "copy it again")
    ledger.move(job.id, JobState.FAILED, failure)
    again = Ledger(url).get(job.id)
    assert again.request == REQUEST
    assert again.failure == failure
    assert again.progress.done == 3
    assert again.finished is not None


def test_a_failed_or_cancelled_job_is_asked_for_again_and_no_other(ledger: Ledger) -> None:
    failed = reach(ledger, JobState.RUNNING)
    ledger.request_cancel(failed)
    ledger.move(failed, JobState.FAILED, Failure("push", "slide.svs", None, "expired", "sign in"))
    before, again = ledger.get(failed), ledger.retry(failed)
    assert again.run == before.run, "what it has finished is in the run's folder"
    assert (again.state, again.failure, again.finished) == (JobState.QUEUED, None, None)
    assert not again.cancel_requested
    assert ledger.move(failed, JobState.RUNNING).state is JobState.RUNNING
    assert ledger.retry(reach(ledger, JobState.CANCELLED)).state is JobState.QUEUED
    for state in set(JobState) - {JobState.FAILED, JobState.CANCELLED}:
        with pytest.raises(StateError, match="only a failed or cancelled one"):
            ledger.retry(reach(ledger, state))


def test_jobs_of_earlier_versions_are_read(ledger: Ledger, url: str) -> None:
    job = ledger.create(REQUEST)
    with sql.create_engine(url).begin() as database:
        kept = dict(database.scalar(sql.select(JobRow.request)))
        for name in ("replace", "fingerprint", "user", "runtime", "precision", "slide_mpp"):
            del kept[name]
        database.execute(sql.update(JobRow).values(request=kept))
    assert ledger.get(job.id).request == REQUEST


def test_of_many_who_want_a_job_one_gets_it(ledger: Ledger, url: str) -> None:
    job = ledger.create(REQUEST).id

    def take(_: int) -> bool:
        with closing(Ledger(url)) as mine:
            try:
                mine.move(job, JobState.RUNNING)
            except StateError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1
    assert ledger.get(job).attempt == 1


def test_saved_annotations_are_counted_by_slide(ledger: Ledger) -> None:
    ledger.add_annotation_news("item", "first", "ada")
    ledger.add_annotation_news("other", "second", "ada")
    ledger.add_annotation_news("item", "first", "bob")
    news = ledger.annotation_news("item")
    assert [(one.annotation, one.user) for one in news] == [("first", "ada"), ("first", "bob")]
    assert news[0].at <= news[1].at


def test_cancelling(ledger: Ledger) -> None:
    waiting, running, done = (
        reach(ledger, state) for state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE)
    )
    assert ledger.request_cancel(waiting).state is JobState.CANCELLED
    assert ledger.request_cancel(running).state is JobState.RUNNING
    assert ledger.wishes(running) == (True, None)
    with pytest.raises(StateError, match="done"):
        ledger.request_cancel(done)


def test_the_first_place_is_told_of_at_once_and_others_with_the_next_note(ledger: Ledger) -> None:
    listener = LedgerListener(ledger, job := reach(ledger, JobState.RUNNING))
    places = [Box(column, 0, 1, 1) for column in range(2)]
    listener.progress(Progress("predict", 0, 9))
    for done, place in enumerate(places, start=1):
        listener.ready([place])
        listener.progress(Progress("predict", done, 9))
        assert ledger.news(job, 0)[0] == places[:1]
    listener.progress(Progress("trace", 9, 9))
    assert ledger.news(job, 0)[0] == places


def test_focus_and_news(ledger: Ledger) -> None:
    one, other = ledger.create(REQUEST).id, ledger.create(REQUEST).id
    ledger.set_focus(one, Box(1, 1, 2, 2))
    assert ledger.wishes(one) == (False, Box(1, 1, 2, 2))
    ledger.add_news(one, [Box(0, 0, 1, 1), Box(1, 0, 1, 1)])
    ledger.add_news(other, [Box(9, 9, 9, 9)])
    boxes, after = ledger.news(one, 0)
    assert boxes == [Box(0, 0, 1, 1), Box(1, 0, 1, 1)]
    assert ledger.news(one, after) == ([], after)
    ledger.add_news(one, [Box(2, 0, 1, 1)])
    assert ledger.news(one, after)[0] == [Box(2, 0, 1, 1)]


def test_a_job_that_is_heard_of_in_time_is_not_queued_again(ledger: Ledger) -> None:
    job = reach(ledger, JobState.RUNNING)
    before = ledger.unfinished()
    ledger.beat(job)
    assert ledger.requeue(before) == []
    assert [one.id for one in ledger.requeue(ledger.unfinished())] == [job]
    assert ledger.get(job).state is JobState.QUEUED
    assert ledger.requeue(before) == [], "it does not run"


def test_who_had_a_job_before_notes_nothing_more_of_it(ledger: Ledger) -> None:
    job = reach(ledger, JobState.RUNNING)
    ledger.requeue(ledger.unfinished())
    late: list[Callable[[], object]] = [
        lambda: ledger.beat(job, 1),
        lambda: ledger.progress(job, Progress("trace"), 1),
        lambda: ledger.add_news(job, [Box(0, 0, 1, 1)], 1),
        lambda: ledger.wishes(job, 1),
        lambda: ledger.move(job, JobState.FAILED, attempt=1),
        lambda: ledger.move(job, JobState.DONE, attempt=1),
    ]
    for state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE):
        if state is not JobState.QUEUED:
            ledger.move(job, state)
        before = ledger.get(job)
        for note in late:
            with pytest.raises(SupersededError, match="taken up again"):
                note()
        assert ledger.get(job) == before
        assert ledger.news(job, 0) == ([], 0)
    assert before.attempt == 2


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_set_costs_no_job_its_lease_and_gives_none_more(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Neither where the jobs run nor where they are looked after."""
    now, moment = [0.0], datetime(2026, 1, 1)
    job, leases = reach(ledger, JobState.RUNNING), Leases(60, clock=lambda: now[0])
    monkeypatch.setattr("histoloop.jobs.ledger._now", lambda: moment)
    for second in range(0, 300, 10):
        now[0] = second
        moment += timedelta(hours=hours if second == 150 else 0, seconds=10)
        ledger.beat(job, 1)
        assert leases.lost(ledger.unfinished()) == []
    silent = [now[0] + second for second in range(0, 90, 10)]
    lost = []
    for now[0] in silent:
        lost.append(len(leases.lost(ledger.unfinished())))
    assert lost == [0] * 6 + [1] * 3, "a minute after the last beat that was heard"


def test_who_was_asleep_has_not_listened(ledger: Ledger) -> None:
    now = [0.0]
    reach(ledger, JobState.RUNNING)
    leases = Leases(60, clock=lambda: now[0])
    for now[0] in (0.0, 10.0, 7200.0):  # all of the machine was: jobs go on now
        assert leases.lost(ledger.unfinished()) == []


def test_many_threads_may_write(ledger: Ledger) -> None:
    job = ledger.create(REQUEST).id
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: ledger.add_news(job, [Box(i, 0, 1, 1)]), range(40)))
    assert sorted(box.x for box in ledger.news(job, 0)[0]) == list(range(40))


def test_an_unknown_job_is_named(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="nope"):
        ledger.get("nope")


def test_pace_forgets_the_warm_up() -> None:
    now = [0.0]
    pace = Pace("predict", 100, clock=lambda: now[0])
    now[0] = 50.0
    pace.advance(1)
    for _ in range(30):
        now[0] += 1.0
        progress = pace.advance(2)
    assert progress.tiles_per_s == pytest.approx(2.0, abs=0.2)
    assert progress.eta_s == pytest.approx((100 - 61) / 2, rel=0.1)


def test_a_retraining_is_a_job_of_no_slide_and_makes_no_run(ledger: Ledger) -> None:
    asked = RetrainRequest("tumor", from_scratch=True, why="3 new annotations", user="ada")
    job = ledger.create(asked)
    ledger.create(REQUEST)
    assert ledger.get(job.id).request == asked
    assert [one.id for one in ledger.list(kind="retrain")] == [job.id]
    assert (job.document()["slide"], job.document()["why"]) == ("", "3 new annotations")
    assert "roi" not in job.document()
    with pytest.raises(NotFoundError):
        ledger.of_run(job.run)
    with pytest.raises(StateError, match="is no segmentation"):
        _ = job.segmentation
