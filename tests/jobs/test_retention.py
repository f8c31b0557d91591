"""What is put away and what never is, whatever is killed in the midst of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from filelock import FileLock
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from tests.support.tiny_model import save_tiny_model

from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.runs import run_of
from histoloop.annotations.store import AnnotationSummary
from histoloop.config import Settings, settings
from histoloop.errors import GoneError
from histoloop.jobs.context import Progress, ThreadExecutor
from histoloop.jobs.housekeeping import Housekeeper
from histoloop.jobs.job import Failure, Job, JobState, Kept, RetrainRequest, SegmentRequest
from histoloop.jobs.kept_runs import keep, look, note_put_away
from histoloop.jobs.ledger import Ledger
from histoloop.jobs.lifecycle import run_job
from histoloop.jobs.outputs import PROMISE, REPORT, SHARDS
from histoloop.jobs.retention import GB, finish, prune, survey, used
from histoloop.jobs.room import WAITING, room
from histoloop.slides.folder import FolderSlideStore

REQUEST = SegmentRequest("s1", "slide.svs", "tumor@1", None, 0.5)
NOW, KB = timedelta(0), 1000

KILLED = """
import os, shutil, sys
from datetime import timedelta
from pathlib import Path
from histoloop.config import settings
from histoloop.jobs import retention
from histoloop.jobs.ledger import Ledger

home, stage = sys.argv[1:]
said = settings(home=Path(home))

def die(*_args, **_kwargs):
    os.kill(os.getpid(), 9)

def die_half_way(path, ignore_errors):
    next(one for one in Path(path).rglob("*") if one.is_file()).unlink()
    die()

if stage == "noted":
    retention._remove = lambda _runs, names: die() if names else None
elif stage == "renamed":
    retention.shutil.rmtree = die
else:
    retention.shutil.rmtree = die_half_way
retention.prune(said, Ledger(said.ledger_url), timedelta(0))
"""
"""A process that is killed while it puts the first run away."""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def said(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of a home with an empty ledger; all that is said here holds for both."""
    ledger = request.getfixturevalue("postgres_url") if request.param == "PostgreSQL" else None
    return settings(home=tmp_path / "home", ledger=ledger)


@pytest.fixture
def ledger(said: Settings) -> Iterator[Ledger]:
    with closing(Ledger(said.ledger_url)) as opened:
        yield opened


def made(said: Settings, ledger: Ledger, state: JobState = JobState.DONE, size: int = KB) -> Job:
    """A job in a state, with so many bytes in its folder."""
    job = ledger.create(REQUEST)
    if state is not JobState.QUEUED:
        job = ledger.move(job.id, JobState.RUNNING)
        write(said.runs / job.folder, size)
    return ledger.move(job.id, state) if state.ended else job


def write(folder: Path, size: int = KB) -> None:
    for name in ("probability.zarr/0", "mask.tiff"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (size // 2))


def there(said: Settings) -> set[str]:
    return {one.name for one in said.runs.iterdir()}


def test_only_what_has_ended_and_nobody_keeps_is_put_away(said: Settings, ledger: Ledger) -> None:
    ended = [made(said, ledger, state) for state in JobState if state.ended]
    running, waiting = made(said, ledger, JobState.RUNNING), made(said, ledger, JobState.QUEUED)
    write(said.runs / waiting.folder)  # of an attempt before this one
    kept = made(said, ledger)
    keep(ledger, kept.id, Kept("ada", "2026-01-01T00:00:00+00:00"))
    learnt = ledger.create(RetrainRequest("tumor"))
    write(said.runs / learnt.run / "snapshot")
    ledger.move(ledger.move(learnt.id, JobState.RUNNING).id, JobState.DONE)
    assert prune(said, ledger) == [], "all of it is fresh"
    would = prune(said, ledger, NOW, dry=True)
    assert not any(ledger.get(job.id).gone for job in ended)
    gone = prune(said, ledger, NOW)
    assert [one.run for one in gone] == [one.run for one in would]
    assert {one.run for one in gone} == {job.run for job in ended}
    assert there(said) == {job.run for job in (running, waiting, kept, learnt)}
    for job in ended:
        said_of_it = ledger.get(job.id).gone
        assert said_of_it is not None
        assert (said_of_it.why, said_of_it.bytes) == ("not looked at for 0 hours", KB)
        assert said_of_it.delivered == (job.state is JobState.DONE)
        with pytest.raises(GoneError, match=r"tumor@1 on slide\.svs was put away on 20"):
            keep(ledger, job.id, Kept("", ""))
    stays = {one.run: one.stays for one in survey(said, ledger)}
    assert stays[running.run] == "its job is running"
    assert stays[kept.run] == "is kept"


def test_folders_of_no_job_go_when_asked_but_never_all_of_a_home_whose_ledger_is_another(
    said: Settings, ledger: Ledger
) -> None:
    write(said.runs / "0123456789ab")
    write(said.runs / "0123456789cd~2")
    write(said.runs / "0123456789ef" / "snapshot")
    write(said.runs / "my own things")
    assert prune(said, ledger, NOW) == [], "it may have been moved away"
    job = made(said, ledger, JobState.RUNNING)
    assert prune(said, ledger) == [], "they have just been written"
    assert prune(said, ledger, NOW) == [], "another ledger may know whose they are"
    gone = prune(said, ledger, NOW, orphans=True)
    assert {one.run for one in gone} == {"0123456789ab", "0123456789cd"}
    assert there(said) == {"0123456789ef", "my own things", job.run}


def test_one_that_is_in_the_way_holds_up_no_other(
    said: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = made(said, ledger), made(said, ledger)
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if path.name == stuck.folder:
            raise PermissionError(13, "not yours")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    for _ in range(2):
        prune(said, ledger, NOW)
    assert there(said) == {stuck.folder}
    assert ledger.get(other.id).gone


def test_attempts_that_others_have_won_go_by_themselves(said: Settings, ledger: Ledger) -> None:
    job = made(said, ledger, JobState.RUNNING)
    ledger.requeue(ledger.unfinished())
    job = ledger.move(job.id, JobState.RUNNING)
    write(said.runs / job.folder)
    finish(said, ledger)
    assert there(said) == {job.run, job.folder}, "the winner may be about to take it over"
    ledger.move(job.id, JobState.DONE)
    write(said.runs / f"{job.run}~3")  # newer than the ledger, which comes from a backup
    finish(said, ledger)
    assert there(said) == {f"{job.run}~2", f"{job.run}~3"}


def test_what_came_to_nothing_goes_first_then_what_was_looked_at_longest_ago(
    said: Settings, ledger: Ledger
) -> None:
    first, second, third = (made(said, ledger) for _ in range(3))
    failed = made(said, ledger, JobState.FAILED)
    look(ledger, first.run)
    assert [one.run for one in prune(said, ledger, NOW, 2 * KB)] == [failed.run, second.run]
    assert there(said) == {first.run, third.run}
    assert prune(said, ledger, NOW, 2 * KB) == []


@pytest.mark.parametrize("what", ["looks", "keeps", "has it run again"])
def test_whoever_is_faster_than_the_broom_has_the_run(
    said: Settings, ledger: Ledger, what: str
) -> None:
    before = made(said, ledger, JobState.FAILED)
    if what == "looks":
        look(ledger, before.run)
    elif what == "keeps":
        keep(ledger, before.id, Kept("ada", ""))
    else:
        ledger.retry(before.id)
    assert not note_put_away(ledger, before, KB, "old")
    assert ledger.get(before.id).gone is None


def test_a_run_that_goes_while_somebody_says_to_keep_it_is_said_to_be_gone(
    said: Settings, ledger: Ledger
) -> None:
    before = made(said, ledger)
    gone = list[bool]()

    def broom(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        """Comes in the last moment before the ledger is told to keep it."""
        if statement.startswith("UPDATE") and not gone:
            gone.append(False)
            gone[0] = note_put_away(ledger, before, KB, "old")

    sql.event.listen(sql.Engine, "before_cursor_execute", broom)
    try:
        with pytest.raises(GoneError, match="was put away"):
            keep(ledger, before.id, Kept("ada", ""))
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", broom)
    assert gone == [True]
    after = ledger.get(before.id)
    assert after.gone
    assert after.kept is None


def test_a_run_that_was_put_away_is_run_again_and_only_then_there(
    said: Settings, ledger: Ledger
) -> None:
    job = made(said, ledger)
    prune(said, ledger, NOW)
    queued = ledger.retry(job.id)
    assert (queued.state, queued.run, queued.gone) == (JobState.QUEUED, job.run, None)
    assert ledger.request_cancel(job.id).gone, "nothing was made anew"
    again = ledger.move(ledger.retry(job.id).id, JobState.RUNNING)
    assert again.folder != job.folder, "what is still being deleted is not written to"
    write(said.runs / again.folder)
    assert ledger.move(job.id, JobState.DONE).gone is None
    finish(said, ledger)
    assert there(said) == {again.folder}


@pytest.mark.parametrize("stage", ["noted", "renamed", "half deleted"])
def test_a_kill_in_its_midst_leaves_nothing_half_there(
    said: Settings, ledger: Ledger, stage: str
) -> None:
    jobs = [made(said, ledger) for _ in range(3)]
    environment = os.environ | ({"HISTOLOOP_LEDGER": said.ledger_url} if said.ledger else {})
    command = [sys.executable, "-c", KILLED, str(said.home), stage]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    gone = {job.run for job in jobs if ledger.get(job.id).gone}
    assert gone == {jobs[0].run}, "the service says so from now on"
    assert any("x" for path in said.runs.rglob("*") if path.is_file())
    Housekeeper(said, ledger).round()
    assert there(said) == {job.run for job in jobs[1:]}
    for job in jobs[1:]:
        assert sum(len(path.read_bytes()) for path in files(said.runs / job.folder)) == KB


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("said", ["SQLite"], indirect=True)
@property_settings(max_examples=25)
@given(
    runs=st.lists(
        st.tuples(st.sampled_from(list(JobState)), st.booleans(), st.integers(1, 5)), max_size=6
    ),
    most=st.integers(0, 20),
)
def test_no_more_is_put_away_than_has_to_be(
    said: Settings, runs: list[tuple[JobState, bool, int]], most: int
) -> None:
    shutil.rmtree(said.home, ignore_errors=True)
    with closing(Ledger(said.ledger_url)) as ledger:
        stay = set()
        for state, is_kept, size in runs:
            job = made(said, ledger, state, size * KB)
            if is_kept:
                keep(ledger, job.id, Kept("ada", ""))
            if (is_kept or not state.ended) and state is not JobState.QUEUED:
                stay.add(job.run)
        said.runs.mkdir(parents=True, exist_ok=True)
        gone = prune(said, ledger, NOW, most * KB)
        assert stay <= there(said)
        assert used(said) <= most * KB or there(said) == stay
        if gone:
            assert used(said) + gone[-1].bytes > most * KB, "the last one had to go, too"


@pytest.mark.parametrize("said", ["SQLite"], indirect=True)
@pytest.mark.parametrize(("limit", "goes"), [("runs_days", True), ("runs_gb", True), ("", False)])
def test_the_service_does_it_by_itself_where_settings_ask_for_it(
    said: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, limit: str, goes: bool
) -> None:
    job = made(said, ledger)
    monkeypatch.setattr("histoloop.jobs.housekeeping.FRESH", NOW)
    asks = said.model_copy(update={limit: 1e-9} if limit else {})
    keeper = Housekeeper(asks, ledger)
    keeper.round()
    assert bool(ledger.get(job.id).gone) is goes
    assert (keeper.put_away, keeper.taken) == ((1, 0) if goes else (0, KB))


@pytest.fixture
def segmenting(tissue_slide: Path, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a home with a slide and a model."""
    home, slides = tmp_path / "working", tmp_path / "slides"
    slides.mkdir()
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    return lambda **limits: settings(home=home, slides=slides, **limits)


def segmented(said: Settings, *, replace: bool = False) -> Job:
    (slide,) = FolderSlideStore(said.slides).list()
    with closing(Ledger(said.ledger_url)) as ledger:
        request = SegmentRequest(slide.id, slide.name, "tiny@1", None, 0.5, replace)
        job = ledger.create(request)
        run_job(said, job, ThreadExecutor(1))
        return ledger.get(job.id)


def test_a_run_that_would_not_fit_is_not_begun_and_costs_no_other_its_place(
    segmenting: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = segmenting(runs_gb=1e-5)
    with closing(Ledger(said.ledger_url)) as ledger:
        old = made(said, ledger)
        monkeypatch.setattr("histoloop.jobs.room.FRESH", NOW)
        failure = segmented(said).failure
        assert isinstance(failure, Failure)
        assert "GB while it runs, and of the 1e-05 GB that runs may take" in failure.cause
        assert "HISTOLOOP_RUNS_GB" in failure.hint
        assert ledger.get(old.id).gone is None
        usage = shutil.disk_usage(said.home)
        full = usage._replace(free=2**20)
        with monkeypatch.context() as context:
            context.setattr("histoloop.jobs.room.shutil.disk_usage", lambda _home: full)
            failure = segmented(segmenting()).failure
        assert isinstance(failure, Failure)
        assert "the home's disk has 0.0 GB to give" in failure.cause


def test_old_runs_make_room_for_a_new_one(
    segmenting: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("histoloop.jobs.room.FRESH", NOW)
    most = 1
    said = segmenting(runs_gb=most)
    with closing(Ledger(said.ledger_url)) as ledger:
        old = made(said, ledger)
        with (said.runs / old.folder / "mask.tiff").open("ab") as file:
            file.truncate(most * GB)  # takes no disk
        new = segmented(said)
        assert (new.state, new.failure) == (JobState.DONE, None)
        gone = ledger.get(old.id).gone
        assert gone is not None
        assert gone.why == "to make room for newer runs"


def test_several_runs_do_not_count_on_the_same_room(segmenting: Callable[..., Settings]) -> None:
    said = segmenting(runs_gb=0.05)
    with closing(Ledger(said.ledger_url)) as ledger:
        first = made(said, ledger, JobState.RUNNING)
        (said.runs / first.folder / PROMISE).write_text(str(50_000 * KB))
        assert room(said, ledger).granted == 0
        with ThreadPoolExecutor(1) as pool:
            begun = pool.submit(segmented, said)
            second = waiting(ledger, first, begun)
            ledger.move(first.id, JobState.DONE)
            assert begun.result().state is JobState.DONE
        assert not (said.runs / second.folder / PROMISE).exists()
        assert there(said) == {first.run, second.run}


def waiting(ledger: Ledger, first: Job, begun: Future[Job]) -> Job:
    """The job after the first, as soon as it waits for room."""
    end = time.monotonic() + 120
    while (second := ledger.list()[0]).id == first.id or second.progress.stage != WAITING:
        assert time.monotonic() < end, second
        assert not begun.done(), second
        time.sleep(0.02)
    return second


def test_a_run_gives_way_to_an_older_one_that_waits_for_room(
    segmenting: Callable[..., Settings],
) -> None:
    said = segmenting()
    with closing(Ledger(said.ledger_url)) as ledger, ThreadPoolExecutor(1) as pool:
        first = ledger.move(ledger.create(REQUEST).id, JobState.RUNNING)
        ledger.progress(first.id, Progress(WAITING))
        begun = pool.submit(segmented, said)
        waiting(ledger, first, begun)
        ledger.move(first.id, JobState.FAILED)
        assert begun.result().state is JobState.DONE


def test_who_makes_room_and_is_stopped_keeps_nobody_from_a_cancel(
    segmenting: Callable[..., Settings],
) -> None:
    said = segmenting()
    with closing(Ledger(said.ledger_url)) as ledger, ThreadPoolExecutor(1) as pool:
        first = made(said, ledger)
        with FileLock(said.home / "room.lock"):
            begun = pool.submit(segmented, said)
            ledger.request_cancel(waiting(ledger, first, begun).id)
            assert begun.result().state is JobState.CANCELLED


@pytest.mark.parametrize("said", ["SQLite"], indirect=True)
def test_a_run_that_was_killed_before_it_took_its_promise_back_needs_no_more_room(
    said: Settings, ledger: Ledger
) -> None:
    said = said.model_copy(update={"runs_gb": 1e-4})
    folder = said.runs / made(said, ledger, JobState.RUNNING).folder
    (folder / PROMISE).write_text(str(100 * KB))
    assert room(said, ledger).granted == 0
    (folder / REPORT).touch()
    assert room(said, ledger).granted == 100 * KB - used(said)


@pytest.mark.parametrize("said", ["SQLite"], indirect=True)
def test_shards_that_go_after_the_report_is_there_are_not_counted_for_ever(
    said: Settings, ledger: Ledger
) -> None:
    folder = said.runs / made(said, ledger).folder
    write(folder / SHARDS)
    (folder / REPORT).touch()
    assert used(said) == 2 * KB
    shutil.rmtree(folder / SHARDS)
    assert used(said) == KB


def test_a_run_that_would_not_fit_after_the_others_either_does_not_wait_for_them(
    segmenting: Callable[..., Settings],
) -> None:
    said = segmenting(runs_gb=1e-5)
    with closing(Ledger(said.ledger_url)) as ledger:
        first = made(said, ledger, JobState.RUNNING)
        (said.runs / first.folder / PROMISE).write_text(str(2 * KB))
        failure = segmented(said).failure
        assert isinstance(failure, Failure)
        assert "of the 1e-05 GB that runs may take 0.0 GB can be had" in failure.cause


def test_a_run_that_is_run_again_leaves_the_layers_of_newer_ones(
    segmenting: Callable[..., Settings],
) -> None:
    said = segmenting()
    old, new = (segmented(said, replace=True) for _ in range(2))

    def layers() -> dict[str | None, list[AnnotationSummary]]:
        found: dict[str | None, list[AnnotationSummary]] = {}
        for one in LocalAnnotationStore(said.annotations).list(old.request.slide):
            found.setdefault(run_of(one.attributes), []).append(one)
        return found

    before = layers()
    assert set(before) == {new.run}, "it has taken the older one's place"
    with closing(Ledger(said.ledger_url)) as ledger:
        keep(ledger, new.id, Kept("ada", ""))
        assert [one.run for one in prune(said, ledger, NOW)] == [old.run]
        run_job(said, ledger.retry(old.id), ThreadExecutor(1))
        assert ledger.get(old.id).state is JobState.DONE
    after = layers()
    assert set(after) == {old.run, new.run}
    assert after[new.run] == before[new.run]
